"""When the time of day is believed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.storage.store import Store
from mirror.sync.clock import Uptime, believed_time, read_uptime
from tests.storage.samples import NO_LIMIT, NOON, decision, noon

if TYPE_CHECKING:
    from pathlib import Path

HOUR = timedelta(hours=1)


def up(seconds: float, boot: str = "one") -> Uptime:
    """Return how long a machine has been up."""
    return Uptime(boot, seconds)


async def test_a_clock_that_goes_on_as_the_machine_does_is_believed(tmp_path: Path) -> None:
    """Corrections of a few minutes are what time servers do."""
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        first = await believed_time(store, NOON, up(0))
        second = await believed_time(store, NOON + HOUR, up(3300))

        assert (first, second) == (NOON, NOON + HOUR)


async def test_a_clock_that_was_set_is_doubtful_once(tmp_path: Path) -> None:
    """Forward and back; what comes after is measured anew."""
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await believed_time(store, NOON, up(0))
        forward = await believed_time(store, NOON + 9 * HOUR, up(3600))
        after = await believed_time(store, NOON + 10 * HOUR, up(7200))
        back = await believed_time(store, NOON + 5 * HOUR, up(10800))

        assert (forward, after, back) == (None, NOON + 10 * HOUR, None)


async def test_another_start_of_the_machine_is_not_compared(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await believed_time(store, NOON, up(90_000))
        later = await believed_time(store, NOON + 99 * HOUR, up(10, "two"))

        assert later == NOON + 99 * HOUR


async def test_a_clock_before_the_ledgers_newest_time_is_doubtful(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await store.ledger.append([decision("a")])

        assert await believed_time(store, NOON - HOUR, None) is None
        assert await believed_time(store, NOON, None) == NOON


async def test_what_another_version_remembered_is_nothing(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await store.index.set_mark("clock", "{}")

        assert await believed_time(store, NOON, up(0)) == NOON


def test_this_machine_goes_on() -> None:
    """On a machine that does not tell, nothing is known."""
    first, second = read_uptime(), read_uptime()

    assert first is None or (second is not None and first.boot == second.boot)
    assert first is None or (second is not None and first.seconds <= second.seconds)
