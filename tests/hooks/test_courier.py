"""What waits is brought until it is taken: in order, after growing pauses, and across restarts."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.errors import HookError
from mirror.hooks.courier import LEAST_TRIES, Courier, Timing
from mirror.hooks.queue import HookQueue, Record
from mirror.storage.files import Files
from tests.hooks.samples import NOON, waiting
from tests.storage.disks import EIO, FailingDisk, LazyDisk

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.hooks.queue import Waiting

DAY = timedelta(days=1)
BUSY = HookError("it answered 503", status=503, rest=timedelta(hours=2))
AWAY = HookError("there is no connection")
BAD = HookError("it answered 400", status=400)
GONE = HookError("it answered 410", status=410)


@dataclass
class Lab:
    """A receiver that does as it is told, and a clock that goes on when a test says."""

    folder: Path
    disk: LazyDisk = field(default_factory=LazyDisk)
    seconds: float = 0.0
    answers: list[Exception | None] = field(default_factory=list)
    otherwise: HookError | None = None
    bad: set[str] = field(default_factory=set)
    got: list[str] = field(default_factory=list)
    tried: list[tuple[float, str]] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the time of day."""
        return NOON + timedelta(seconds=self.seconds)

    async def send(self, one: Waiting) -> None:
        """Take an event, or not."""
        self.tried.append((self.seconds, one.id))
        error = self.answers.pop(0) if self.answers else self.otherwise
        if one.id in self.bad:
            error = BAD
        if error is not None:
            raise error
        self.got.append(one.id)

    async def courier(self) -> Courier:
        """Return one of a daemon that has just begun."""
        timing = Timing(self.now, lambda: self.seconds, lambda: 1.0)
        queue = HookQueue(self.folder, "chat", Files(self.disk))
        one = Courier("chat", queue, self.send, 3 * DAY, timing)
        await one.open()
        return one

    async def bring(self, courier: Courier, *, most: int = 200) -> None:
        """Let the courier do all that it can, and the time go on between; at most so many steps."""
        for _ in range(most):
            pause = await courier.step()
            if pause is None:
                return
            self.seconds += pause


async def told(courier: Courier, *entries: Waiting) -> None:
    """Have these events wait."""
    await courier.keep(entries)
    await courier.admit(entries)


async def test_events_go_out_in_the_order_in_which_they_happened(tmp_path: Path) -> None:
    lab, events = Lab(tmp_path), [waiting(number) for number in range(1, 6)]
    courier = await lab.courier()
    await told(courier, *events)
    await lab.bring(courier)

    assert lab.got == [one.id for one in events]
    assert HookQueue(tmp_path, "chat", Files(LazyDisk())).load() == []
    assert courier.counts.taken == 5


async def test_pauses_grow_to_an_hour_and_the_first_success_ends_them(tmp_path: Path) -> None:
    lab = Lab(tmp_path, answers=[AWAY] * 8)
    courier = await lab.courier()
    await told(courier, waiting(1), waiting(2))
    await lab.bring(courier)
    times = [time for time, _ in lab.tried]

    assert [later - before for before, later in itertools.pairwise(times)] == [
        *(5, 20, 80, 320, 1280, 3600, 3600, 3600),
        0,
    ]
    assert len(lab.got) == 2


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_every_pause_is_at_least_half_of_its_bound_and_bounded(
    failures: int, chance: float
) -> None:
    """Chance spreads it, so that many mirrors do not come back together."""
    pause = Timing(chance=lambda: chance).pause(failures)

    assert min(2.5 * 4 ** min(failures - 1, 10), 1800) <= pause <= 3600


async def test_a_receiver_is_left_alone_as_long_as_it_asks(tmp_path: Path) -> None:
    lab = Lab(tmp_path, answers=[BUSY])
    courier = await lab.courier()
    await told(courier, waiting(1), waiting(2))
    await lab.bring(courier)

    assert [time for time, _ in lab.tried] == [0, 7200, 7200]


async def test_an_event_that_its_receiver_does_not_like_holds_up_no_other(tmp_path: Path) -> None:
    lab, events = Lab(tmp_path), [waiting(number) for number in range(1, 4)]
    lab.bad = {events[0].id}
    courier = await lab.courier()
    await told(courier, *events)
    await lab.bring(courier, most=8)

    assert lab.got == [events[1].id, events[2].id]
    assert [one.id for one in courier.waiting] == [events[0].id]


async def test_what_waits_survives_a_restart_with_its_id(tmp_path: Path) -> None:
    """And how often it was tried; nobody waits an hour after a restart."""
    lab = Lab(tmp_path, otherwise=AWAY)
    courier = await lab.courier()
    await told(courier, waiting(1), waiting(2))
    await lab.bring(courier, most=20)
    lab.otherwise, begun = None, lab.seconds
    again = await lab.courier()
    [first, second] = again.waiting
    await lab.bring(again)

    assert first.attempts + second.attempts >= 9
    assert lab.got == [waiting(1).id, waiting(2).id] or lab.got == [waiting(2).id, waiting(1).id]
    assert lab.seconds - begun <= 60


async def test_what_is_kept_and_not_admitted_is_not_sent(tmp_path: Path) -> None:
    """Not before the picture of the node says that it is told."""
    lab = Lab(tmp_path)
    courier = await lab.courier()
    await courier.keep([waiting(1)])
    await lab.bring(courier)

    assert lab.got == []
    assert [one.id for one in (await lab.courier()).waiting] == [waiting(1).id]


async def test_an_event_that_is_told_again_is_not_sent_twice(tmp_path: Path) -> None:
    """A look that was broken off makes the same event, a second later, once more."""
    lab = Lab(tmp_path)
    courier = await lab.courier()
    await courier.keep([waiting(1)])
    again = await lab.courier()
    await told(again, waiting(1, NOON + timedelta(seconds=1)))
    await lab.bring(again)

    assert lab.got == [waiting(1).id]


async def test_an_old_event_is_given_up_and_the_next_success_forgives_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path, otherwise=AWAY)
    courier = await lab.courier()
    await told(courier, waiting(1))
    await lab.bring(courier)
    gone = courier.record
    remembered = (await lab.courier()).record
    lab.otherwise = None
    await told(courier, waiting(2, lab.now()))
    await lab.bring(courier)

    assert lab.seconds >= (3 * DAY).total_seconds()
    assert (gone.given_up, gone.said, remembered) == (1, "there is no connection", gone)
    assert courier.record == Record(taken=lab.now())
    assert courier.counts.given_up == 1


async def test_a_clock_that_jumps_gives_nothing_up(tmp_path: Path) -> None:
    """Only what was tried often is old, whatever the clock says."""
    lab = Lab(tmp_path, otherwise=AWAY)
    courier = await lab.courier()
    await told(courier, waiting(1, NOON - 400 * DAY))
    await lab.bring(courier, most=2 * (LEAST_TRIES - 1))

    assert len(lab.tried) == LEAST_TRIES - 1
    assert courier.record.given_up == 0


async def test_an_event_that_is_wanted_never_again_is_given_up_at_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path, answers=[GONE])
    courier = await lab.courier()
    await told(courier, waiting(1))
    await lab.bring(courier)

    assert len(lab.tried) == 1
    assert (courier.record.given_up, courier.waiting) == (1, ())


async def test_so_many_wait_and_for_more_the_oldest_are_given_up(tmp_path: Path) -> None:
    lab = Lab(tmp_path, otherwise=AWAY)
    courier = await lab.courier()
    courier.most = 20
    await told(courier, *(waiting(number) for number in range(20)))
    await told(courier, waiting(20), waiting(21))
    on_disk = HookQueue(tmp_path, "chat", Files(LazyDisk())).load()

    assert [one.id for one in courier.waiting] == [one.id for one in on_disk]
    assert len(on_disk) == 20
    assert on_disk[0].id == waiting(2).id
    assert courier.record.said == "too many wait"


async def test_a_disk_that_refuses_sends_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    """Whichever operation fails, each event is taken once by a daemon that lives on."""
    for n in range(1, 30, 3):
        disk = FailingDisk()
        lab = Lab(tmp_path / str(n), disk, answers=[AWAY])
        lab.folder.mkdir()
        courier = await lab.courier()
        await told(courier, waiting(1), waiting(2))
        with disk.broken(n, EIO):
            await lab.bring(courier)
        await lab.bring(courier)

        assert sorted(lab.got) == sorted([waiting(1).id, waiting(2).id])


async def test_a_killed_daemon_may_send_once_more_under_the_same_id(tmp_path: Path) -> None:
    """Taken, and killed before that was written down."""
    lab = Lab(tmp_path)
    courier = await lab.courier()
    await told(courier, waiting(1))
    await lab.send(courier.waiting[0])
    again = await lab.courier()
    await lab.bring(again)

    assert lab.got == [waiting(1).id, waiting(1).id]


async def test_an_error_that_nobody_foresaw_is_a_failure_like_others(tmp_path: Path) -> None:
    """Else one event would silence a hook for ever."""
    lab = Lab(tmp_path, answers=[RuntimeError("odd")])
    courier = await lab.courier()
    await told(courier, waiting(1), waiting(2))
    await lab.bring(courier)

    assert sorted(lab.got) == sorted([waiting(1).id, waiting(2).id])
    assert (courier.counts.failed, courier.said) == (1, "")


async def test_a_courier_wakes_up_for_what_is_new(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    courier = await lab.courier()
    running = asyncio.create_task(courier.run())
    try:
        await asyncio.sleep(0)
        await told(courier, waiting(1))
        async with asyncio.timeout(10):
            while not lab.got:  # noqa: ASYNC110 - it happens in a task
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.wait({running})

    assert lab.got == [waiting(1).id]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"id": 1}', b"\xff"])
async def test_a_file_that_is_no_event_keeps_nothing_else_up(tmp_path: Path, text: bytes) -> None:
    lab = Lab(tmp_path)
    courier = await lab.courier()
    await told(courier, waiting(1))
    other = tmp_path / "hooks" / "to-chat" / waiting(2).file
    other.write_bytes(text)
    (other.parent / "record.json").write_bytes(text)
    await lab.bring(await lab.courier())

    assert lab.got == [waiting(1).id]


@settings(max_examples=10, deadline=None)
@given(st.data())
async def test_whatever_happens_nothing_is_lost_and_nothing_comes_twice_that_was_answered(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Failures of any kind, and restarts anywhere between two tries."""
    lab = Lab(tmp_path_factory.mktemp("hooks"))
    courier, sent = await lab.courier(), []
    for number in range(data.draw(st.integers(1, 12))):
        match data.draw(st.sampled_from(["tell", "tell", "fail", "busy", "restart", "go"])):
            case "tell":
                sent.append(waiting(number, lab.now()))
                await told(courier, sent[-1])
            case "fail":
                lab.answers = [AWAY, BAD]
            case "busy":
                lab.answers = [BUSY]
            case "restart":
                courier = await lab.courier()
            case _:
                await lab.bring(courier, most=3)
    await lab.bring(courier)

    assert sorted(lab.got) == sorted(one.id for one in sent)


def test_the_text_of_a_waiting_event_is_what_is_sent() -> None:
    assert replace(waiting(1), attempts=3).body == waiting(1).body
