"""What is recalled is served by nobody, under no name and at no time, and is taken in no more."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.plan import Policy
from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, ConfigurationError
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request
from mirror.storage.entries import Decision, Refusal
from mirror.storage.judgements import What
from mirror.storage.store import forget_index
from mirror.sync.remembered_board import remembered_board
from mirror.upkeep.check import check
from tests.cache.node import OFFERED, caching, two_releases
from tests.judgement.scene import NEW, OLD, OTHER, WHY, court
from tests.proofs.walking import digest_at
from tests.sync.node import node_at
from tests.upkeep.damaging import flip, healer_of, path_of

if TYPE_CHECKING:
    from pathlib import Path


def paths(name: str, digest: Digest) -> list[str]:
    """Return every path at which these bytes could be asked for."""
    return [
        f"/v1/files/{name}",
        f"/resources/firmware/{name}",
        f"/resources/firmware/{name}.sha256",
        f"/v1/blobs/{digest}",
        f"/v1/publications/1/files/{name}",
    ]


async def test_before_the_command_returns_nobody_is_served(tmp_path: Path) -> None:
    """Whoever serves has not looked at the pointer since, and answers 410 all the same."""
    async with court(tmp_path) as scene:
        digest = await scene.digest(NEW)
        before = await scene.statuses(*paths(NEW, digest))
        await scene.recall(NEW)
        after = await scene.statuses(*paths(NEW, digest))

        assert (before, after) == ({200}, {410})
        assert await scene.statuses(f"/v1/files/{OLD}", f"/v1/files/{OTHER}") == {200}


async def test_the_feed_says_what_is_recalled_since_when_and_why(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        digest = await scene.recall(NEW)
        assert await scene.statuses(f"/v1/blobs/{digest}") == {410}
        feed = json.loads((await scene.client.get("/v1/feed.json")).body)
        sums = (await scene.client.get("/resources/firmware/SHA256SUMS")).body.decode()

        assert feed["recalled"] == [
            {"digest": str(digest), "names": [NEW], "since": "2026-04-07T06:00:00Z", "why": WHY}
        ]
        assert NEW not in json.dumps(feed["boards"])
        assert NEW not in sums
        assert OLD in sums
        assert set(await scene.node.files()) == {OLD, OTHER}


async def test_its_bytes_are_kept_for_a_look(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        digest = await scene.recall(NEW)
        [note] = await scene.node.store.quarantine.notes()
        with scene.node.store.quarantine.open(digest) as file:
            kept = Digest.of(file.read())

        assert not await scene.node.store.blobs.has(digest)
        assert (note.digest, kept, note.name) == (digest, digest, NEW)
        assert [(one.rule, one.text) for one in note.reasons] == [("recalled", WHY)]


async def test_who_is_being_sent_the_bytes_is_cut_off(tmp_path: Path) -> None:
    """A recall is of the file that is open, not only of its name."""
    async with court(tmp_path) as scene:
        with await scene.node.store.blobs.open(await scene.digest(NEW)) as blob:
            stamp = _stamp(blob.file.fileno())
            await scene.recall(NEW)

            assert _stamp(blob.file.fileno()) != stamp


def _stamp(descriptor: int) -> int:
    return os.fstat(descriptor).st_mtime_ns


async def test_the_next_sync_asks_for_it_no_more_and_is_complete(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        digest = await scene.recall(NEW)
        scene.replica.requests.clear()
        outcome = await scene.node.sync()

        assert (outcome.exit_status, outcome.wanted, outcome.held) == (0, 2, 2)
        assert scene.replica.count(NEW) == 0
        assert [one.subject for one in outcome.dealt_with] == [NEW]
        assert str(digest) in outcome.dealt_with[0].text
        assert await scene.statuses(f"/v1/files/{NEW}", f"/v1/blobs/{digest}") == {410}


async def test_the_same_bytes_under_another_name_are_refused_by_name(tmp_path: Path) -> None:
    """Recalled before it was ever seen: fetched once, not taken, and no lasting trouble."""
    async with court(tmp_path, Policy(releases=1)) as scene:
        digest = Digest(digest_at(scene.replica, OLD))
        ruling = await scene.decide(What.RECALL, str(digest))
        outcomes = [await scene.node.sync(), await scene.node.sync()]
        entries = [one.entry async for one in scene.node.store.ledger.entries()]
        refused = [one for one in entries if isinstance(one, Refusal)]

        assert ruling.text.endswith("its bytes are not held")
        assert [outcome.exit_status for outcome in outcomes] == [0, 0]
        assert [(one.name, one.digest) for one in refused] == [(OLD, digest)]
        assert scene.replica.count(OLD) == 1


async def test_nothing_heals_it(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        digest = await scene.recall(NEW)
        healer = healer_of(scene.node)
        scene.replica.requests.clear()

        assert await healer.examine(digest) is None
        await healer.heal(digest)
        assert scene.replica.requests == []
        assert not await scene.node.store.blobs.has(digest)


async def test_a_check_finds_nothing_missing(tmp_path: Path) -> None:
    """Older publications name it, and nobody shall hold it."""
    async with court(tmp_path) as scene:
        await scene.recall(NEW)
        report = await check(scene.node.store, lambda _done, _total: None)

        assert report.damages == ()


async def test_without_its_database_a_recall_stands(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        digest = await scene.recall(NEW)
        before = await scene.node.store.index.recalls()
        url = scene.node.url
    await forget_index(tmp_path / "data")
    async with node_at(tmp_path / "data", url) as node:
        after = await node.store.index.recalls()
        held = await node.store.index.find_held(NEW)

    assert after == before
    assert [(one.digest, one.names) for one in after] == [(digest, (NEW,))]
    assert held is None


async def test_without_its_database_a_lifted_recall_is_held(tmp_path: Path) -> None:
    """Nobody has to fetch it again, which an enclave could not; a later recall stands."""
    async with court(tmp_path) as scene:
        lifted = await scene.recall(NEW)
        again = await scene.recall(OLD)
        for digest in (lifted, again):
            await scene.decide(What.RECALL_UNDO, str(digest))
        await scene.decide(What.RECALL, str(again))
        before = await scene.node.files()
        url = scene.node.url
    await forget_index(tmp_path / "data")
    async with node_at(tmp_path / "data", url) as node:
        held = await node.store.index.held_digests([NEW, OLD, OTHER])

    assert held == {name: artifact.digest for name, artifact in before.items()}
    assert set(held) == {NEW, OTHER}


async def test_what_a_crash_broke_off_is_ended(tmp_path: Path) -> None:
    """The ledger has the recall, and nothing else of it happened."""
    async with court(tmp_path) as scene:
        digest = await scene.digest(NEW)
        decision = Decision(scene.node.now, What.RECALL, str(digest), WHY, "operator")
        await scene.node.store.ledger.append([decision])
        await scene.judge.settle()

        assert (await scene.content()).recalled == (digest,)
        assert await scene.statuses(f"/v1/files/{NEW}", f"/v1/blobs/{digest}") == {410}


async def test_a_recall_that_is_lifted_is_served_again(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        before = (await scene.content()).boards
        digest = await scene.recall(NEW)
        assert await scene.statuses(f"/v1/blobs/{digest}") == {410}
        ruling = await scene.decide(What.RECALL_UNDO, str(digest))
        files = await scene.node.files()
        outcome = await scene.node.sync()
        content = await scene.content()

        assert ruling.text.endswith("it is held again")
        assert set(files) == {NEW, OLD, OTHER}
        assert (outcome.fetched, content.recalled, content.boards) == (0, (), before)
        assert await scene.node.store.quarantine.notes() == []


async def test_damaged_bytes_keep_no_recall_from_being_lifted(tmp_path: Path) -> None:
    """They are held again by nobody; the next sync run fetches the right ones."""
    async with court(tmp_path) as scene:
        digest = await scene.digest(NEW)
        flip(path_of(tmp_path / "data", digest))
        await scene.recall(NEW)
        await scene.decide(What.RECALL_UNDO, str(digest))
        recalled = (await scene.content()).recalled
        held = await scene.node.store.blobs.has(digest)
        outcome = await scene.node.sync()

        assert (recalled, held) == ((), False)
        assert (outcome.exit_status, outcome.fetched) == (0, 1)
        assert (await scene.node.files())[NEW].digest == digest


async def test_recalling_twice_decides_once(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        digest = await scene.recall(NEW)
        ruling = await scene.decide(What.RECALL, str(digest))
        entries = [one.entry async for one in scene.node.store.ledger.entries()]

        assert ruling.text == f"{digest} is recalled already"
        assert sum(isinstance(entry, Decision) for entry in entries) == 1


async def test_a_document_of_the_mirror_can_not_be_recalled(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        content = await scene.content()
        first = content.boards["RPI_PICO"]
        with pytest.raises(ConfigurationError, match="document of this mirror"):
            await scene.decide(What.RECALL, str(first))
        await scene.decide(What.HIDE, NEW)
        with pytest.raises(ConfigurationError, match="document of this mirror"):
            await scene.decide(What.RECALL, str(first))

        assert await scene.node.store.blobs.has(first)


async def test_what_is_not_recalled_can_not_be_lifted(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        with pytest.raises(ArtifactNotFoundError, match="is not recalled"):
            await scene.decide(What.RECALL_UNDO, str(await scene.digest(NEW)))


async def test_a_recalled_file_on_demand_is_gone_under_its_name_and_fetched_no_more(
    tmp_path: Path,
) -> None:
    """No document ever named its digest; whoever fetched it remembers what it was."""
    async with caching(tmp_path, two_releases()) as mirror:
        fetched = await mirror.client.get(f"/v1/files/{OFFERED}")
        store = mirror.node.store
        judge = Judge(store=store, upstream=mirror.node.url, clock=lambda: mirror.node.now)
        digest = (await mirror.fetch(OFFERED)).digest
        await judge.apply(Request(What.RECALL, str(digest), WHY, "operator"))
        at_once = await mirror.client.get(f"/v1/files/{OFFERED}")
        await mirror.shelf.refresh()
        later = await mirror.client.get(f"/resources/firmware/{OFFERED}")

        assert [one.status for one in (fetched, at_once, later)] == [200, 410, 410]
        assert at_once.body + later.body == b""
        assert mirror.replica.count(OFFERED) == 1


async def test_a_file_on_demand_that_turns_out_to_be_recalled_is_gone(tmp_path: Path) -> None:
    async with caching(tmp_path, two_releases()) as mirror:
        digest = digest_at(mirror.replica, OFFERED)
        judge = Judge(
            store=mirror.node.store, upstream=mirror.node.url, clock=lambda: mirror.node.now
        )
        await judge.apply(Request(What.RECALL, f"sha256:{digest}", WHY, "operator"))
        got = await mirror.client.get(f"/v1/files/{OFFERED}")

        assert (got.status, got.body) == (410, b"")
        assert await mirror.node.store.index.find_held(OFFERED) is None


async def test_a_recalled_artifact_is_explained_as_such(tmp_path: Path) -> None:
    """It is not called missing: no sync fetches it."""
    async with court(tmp_path) as scene:
        await scene.recall(NEW)
        found = await remembered_board(scene.node.store.index, scene.node.url, "RPI_PICO")

        assert found.recalled == (NEW,)
        assert found.held == (OLD,)
