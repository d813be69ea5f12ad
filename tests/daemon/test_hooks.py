"""What happens to a node reaches its hooks, once, through restarts and broken looks."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import structlog

from mirror.config import load_settings
from mirror.daemon.hooks import Hooks
from mirror.daemon.status import remember_outcome, status_of
from mirror.daemon.status_document import Moment
from mirror.errors import StorageError
from mirror.hooks.events import schema
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.judgements import What
from mirror.sync.outcome import Ending, Outcome
from mirror.transfer.inbox import Inbox
from tests.hooks.receiving import SECRET, Receiver, example, receiving
from tests.replica import Misbehaviour, Replica
from tests.sync.node import MORNING, TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.daemon.status_document import Status

PICO = "RPI_PICO-20260406-v1.28.0.uf2"


@dataclass
class Told:
    """A node, whoever is told, and what looks at the one for the other."""

    folder: Path
    node: TestNode
    receiver: Receiver
    events: str = "*"

    @property
    def inbox(self) -> Path:
        """Where bundles are put."""
        return self.folder / "inbox"

    def refuse(self, name: str, why: str) -> None:
        """Put a bundle into the inbox, and refuse it."""
        inbox = Inbox(self.inbox)
        (self.inbox / name).write_bytes(b"x")
        inbox.look()
        [arrival] = inbox.look()
        inbox.put_away(arrival, why, Files(Disk()))

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[Hooks]:
        """Run the part of a daemon that tells, until the block ends."""
        secret = self.folder / "secret"
        secret.write_text(SECRET)
        hook = {"url": self.receiver.url, "events": self.events, "secret_file": str(secret)}
        environ = {"MPMIRROR_HOOKS": json.dumps({"chat": hook} if self.events else {})}
        paths = {"MPMIRROR_DATA_DIR": "data", "MPMIRROR_TRANSFER__INBOX": str(self.inbox)}
        settings = load_settings({**environ, **paths}, self.folder)
        hooks = Hooks(settings, self.node.store, structlog.get_logger(), self.status)
        await hooks.open()
        try:
            yield hooks
        finally:
            await hooks.close()

    async def status(self) -> Status:
        """Look at the node."""
        moment = Moment(now=MORNING)
        return await status_of(self.node.store, self.folder, self.node.url, moment, offline=False)

    async def run(self) -> None:
        """Sync once, as the daemon does."""
        await remember_outcome(self.node.store, await self.node.sync(), self.node.now)
        self.node.sleep(hours=6)

    async def got(self, *kinds: str) -> list[dict[str, Any]]:
        """Wait until these kinds came since the last time, in this order, and return them."""
        async with asyncio.timeout(60):
            while len(self.receiver.got) < len(kinds):  # noqa: ASYNC110 - it happens in tasks
                await asyncio.sleep(0.01)
        read = example()
        bodies = []
        for headers, body in self.receiver.got:
            second = float(headers["webhook-timestamp"])
            bodies.append(read(headers, body, SECRET, set(), now=second))
            jsonschema.validate(bodies[-1], schema())
        self.receiver.got.clear()
        events = [body or {} for body in bodies]
        assert [event["type"] for event in events] == list(kinds)
        return events


@asynccontextmanager
async def told(folder: Path, replica: Replica, events: str = "*") -> AsyncIterator[Told]:
    """Have a node of *replica*, and somebody who is told."""
    async with (
        replica.running() as url,
        node_at(folder / "data", url) as node,
        receiving() as receiver,
    ):
        yield Told(folder, node, receiver, events)


def site() -> Replica:
    """Return an upstream with one release of one board."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    return replica


async def test_a_new_release_is_told_with_its_boards(tmp_path: Path) -> None:
    """And nothing of the past is, to who was just set up."""
    replica = site()
    async with told(tmp_path, replica) as one:
        await one.run()
        async with one.telling() as hooks:
            await hooks.look()
            replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
            await one.run()
            hooks.stir()
            publication, release, _ = await one.got("publication", "new_release", "sync_ended")

    assert release["data"] == {
        "version": "v1.28.0",
        "maturity": "release",
        "sequence": 2,
        "boards_with_it": 1,
        "boards": ["RPI_PICO"],
    }
    assert publication["data"]["previous"] == 1
    assert release["mirror"]["node"] == one.node.store.node.node_id


async def test_a_bundle_that_is_refused_in_the_inbox_is_told_once(tmp_path: Path) -> None:
    """Also when the folder was away meanwhile; and nothing of what was refused before."""
    async with told(tmp_path, site(), "bundle_refused") as one:
        one.inbox.mkdir()
        one.refuse("old.mpb", "it is cut short")
        async with one.telling() as hooks:
            await hooks.look()
            one.refuse("lab.mpb", "signed by key X, which is not trusted here")
            await hooks.look()
            [refused] = await one.got("bundle_refused")
            one.inbox.rename(tmp_path / "away")
            await hooks.look()
            (tmp_path / "away").rename(one.inbox)
            await hooks.look()
            one.refuse("lab.mpb", "it is cut short")
            await hooks.look()
            [again] = await one.got("bundle_refused")

    assert refused["data"] == {
        "why": "signed by key X, which is not trusted here",
        "count": 1,
        "files": ["lab.mpb"],
    }
    assert again["data"]["files"] == ["lab.mpb.2"]


@pytest.mark.programs
async def test_what_happened_without_a_daemon_is_told_by_the_next(tmp_path: Path) -> None:
    """By a command, or before the daemon was killed: once."""
    replica = site()
    async with told(tmp_path, replica, "new_release") as one:
        await one.run()
        async with one.telling() as hooks:
            await hooks.look()
        replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
        await one.run()
        async with one.telling():
            await one.got("new_release")
        async with one.telling() as hooks:
            await hooks.look()

        assert one.receiver.got == []


@pytest.mark.programs
async def test_a_hook_that_was_away_for_a_while_begins_anew(tmp_path: Path) -> None:
    """A daemon without hooks forgets what was told: nobody wants the news of a year."""
    replica = site()
    async with told(tmp_path, replica) as one:
        await one.run()
        async with one.telling() as hooks:
            await hooks.look()
        one.events = ""
        async with one.telling():
            pass
        replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
        await one.run()
        one.events = "*"
        async with one.telling() as hooks:
            await hooks.look()

        assert one.receiver.got == []


async def test_an_alarm_is_told_when_it_opens_and_when_somebody_judged_it(tmp_path: Path) -> None:
    """An alarm that is open already is told to who was just set up."""
    replica = site()
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.misbehave(PICO, Misbehaviour.ZEROS, None)
    async with told(tmp_path, replica, "alarm,alarm_ended") as one:
        await one.run()
        async with one.telling() as hooks:
            [opened] = await one.got("alarm")
            [alarm] = opened["data"]["alarms"]
            judge = Judge(store=one.node.store, upstream=one.node.url, clock=lambda: one.node.now)
            request = Request(What.ACKNOWLEDGE, alarm["id"], "we know", "anna")
            await judge.acknowledge(request, PICO)
            hooks.stir()
            [ended] = await one.got("alarm_ended")

    assert (opened["data"]["alarm"], alarm["name"]) == ("refused", PICO)
    assert ended["data"]["alarms"][0]["acknowledged"] == "we know"


@pytest.mark.programs
async def test_a_run_that_fails_is_told_each_time_and_counted(tmp_path: Path) -> None:
    async with told(tmp_path, site(), "sync_failed") as one:
        await one.run()
        async with one.telling() as hooks:
            await hooks.look()
            counts = []
            for _ in range(2):
                outcome = Outcome(Ending.FAILED, "no answer", 3, cause="upstream-away")
                await remember_outcome(one.node.store, outcome, one.node.now)
                one.node.sleep(minutes=5)
                hooks.stir()
                [event] = await one.got("sync_failed")
                counts.append(event["data"]["failures"])

    assert counts == [1, 2]


@pytest.mark.programs
async def test_what_its_receiver_does_not_take_waits_and_is_said(tmp_path: Path) -> None:
    """It goes out after a restart, under the id that it had."""
    replica = site()
    async with told(tmp_path, replica, "new_release") as one:
        await one.run()
        async with one.telling() as hooks:
            await hooks.look()
            one.receiver.answers = [(500, {})]
            replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
            await one.run()
            hooks.stir()
            await one.got("new_release")
            async with asyncio.timeout(60):
                while not (status := hooks.status()[0]).failing:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)
            [waits] = hooks._told[0].courier.waiting  # noqa: SLF001 - its id is nowhere else
        async with one.telling():
            async with asyncio.timeout(60):
                while not one.receiver.got:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)

    assert (status.waiting, status.failing, status.failed) == (1, "it answered 500", 1)
    assert one.receiver.ids == [waits.id]


async def test_a_look_that_was_broken_off_tells_nothing_twice(tmp_path: Path) -> None:
    """Killed between the queue and the picture: the next look finds the same news again."""
    replica = site()
    async with told(tmp_path, replica, "new_release") as one:
        await one.run()
        async with one.telling() as hooks:
            await hooks.look()
        picture = one.folder / "data" / "hooks" / "seen.json"
        before = picture.read_bytes()
        one.receiver.answers = [(500, {})]
        replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
        await one.run()
        async with one.telling():
            await one.got("new_release")
        assert picture.read_bytes() != before
        picture.write_bytes(before)
        async with one.telling() as hooks:
            await hooks.look()
            async with asyncio.timeout(60):
                while hooks.status()[0].waiting:  # noqa: ASYNC110 - it happens in tasks
                    await asyncio.sleep(0.01)

        assert len(one.receiver.got) == 1


async def test_a_disk_that_refuses_is_told_again_later(tmp_path: Path) -> None:
    """No event goes out that is not written down, and none is lost."""
    replica = site()
    async with told(tmp_path, replica, "new_release") as one:
        await one.run()
        async with one.telling() as hooks:
            await hooks.look()
            folder = one.folder / "data" / "hooks" / "to-chat"
            aside = folder.with_name("aside")
            folder.rename(aside)
            replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
            await one.run()
            with pytest.raises(StorageError):
                await hooks.look()
            nothing = list(one.receiver.got)
            aside.rename(folder)
            hooks.stir()
            await one.got("new_release")

    assert nothing == []
