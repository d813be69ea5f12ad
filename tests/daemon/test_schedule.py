"""When runs begin: at once or when they are due, sooner after upstream was away."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mirror.daemon.resting import Rest
from mirror.daemon.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

SIX_HOURS = timedelta(hours=6)


def right_now() -> datetime:
    return datetime.now(UTC)


class Rests:
    """A rest until ``until``, while that is a time to come."""

    def __init__(self, until: datetime | None = None) -> None:
        self.until = until

    def __call__(self, moment: datetime) -> Rest | None:
        """Say whether there is a rest at *moment*."""
        return Rest(self.until, "it rests") if self.until and moment < self.until else None


@contextmanager
def scheduled(
    last_complete: datetime | None, rests: Rests | None = None
) -> Iterator[tuple[Schedule, asyncio.Event]]:
    """Start a schedule of six hours; the event tells that a run began."""
    begun = asyncio.Event()

    async def run() -> int:
        begun.set()
        return 0

    schedule = Schedule(
        run, every=SIX_HOURS, jitter=timedelta(0), clock=right_now, rest=rests or Rests()
    )
    schedule.start(last_complete)
    try:
        yield schedule, begun
    finally:
        schedule.stop()


async def test_the_first_start_begins_a_run_at_once() -> None:
    with scheduled(None) as (_, begun):
        async with asyncio.timeout(5):
            await begun.wait()

    assert begun.is_set()


async def test_a_restart_within_the_interval_waits_for_the_rest_of_it() -> None:
    crawled = right_now() - timedelta(hours=2)
    with scheduled(crawled) as (schedule, begun):
        await asyncio.sleep(0.05)

        assert not begun.is_set()
        assert schedule.next_run == crawled + SIX_HOURS


async def test_a_restart_after_the_interval_begins_a_run_at_once() -> None:
    with scheduled(right_now() - timedelta(hours=7)) as (_, begun):
        async with asyncio.timeout(5):
            await begun.wait()

    assert begun.is_set()


async def test_a_crawl_in_the_future_delays_no_longer_than_the_interval() -> None:
    """A clock that was put back by years must not silence the mirror for years."""
    with scheduled(right_now() + timedelta(days=900)) as (schedule, _):
        assert schedule.next_run is not None
        assert schedule.next_run <= right_now() + SIX_HOURS


async def test_after_a_run_without_upstream_the_next_comes_sooner_and_then_later() -> None:
    with scheduled(right_now()) as (schedule, _):
        schedule.heed(3)
        first = schedule.next_run
        assert first is not None
        soon = first - right_now()

        assert timedelta(minutes=4) < soon <= timedelta(minutes=5)


async def test_a_run_that_reached_upstream_changes_no_plan() -> None:
    with scheduled(right_now()) as (schedule, _):
        planned = schedule.next_run
        schedule.heed(4)

        assert schedule.next_run == planned


async def test_a_schedule_that_was_stopped_has_no_next_run() -> None:
    with scheduled(right_now()) as (schedule, _):
        pass

    assert schedule.next_run is None


async def test_a_rest_puts_the_run_off_to_its_end_and_says_why() -> None:
    """Planned for now, it begins when the rest is over, and not at the next interval."""
    end = right_now() + timedelta(seconds=2)
    with scheduled(None, Rests(end)) as (schedule, begun):
        told, rest = schedule.next_run, schedule.next_rest
        await asyncio.sleep(0.2)
        begun_in_rest, why = begun.is_set(), schedule.next_rest
        async with asyncio.timeout(5):
            await begun.wait()

    assert (told, begun_in_rest) == (end, False)
    assert rest == why == Rest(end, "it rests")
    assert right_now() >= end


async def test_a_rest_that_is_over_by_then_changes_no_plan() -> None:
    crawled = right_now()
    with scheduled(crawled, Rests(crawled + timedelta(hours=1))) as (schedule, _):
        assert (schedule.next_run, schedule.next_rest) == (crawled + SIX_HOURS, None)


async def test_a_run_that_had_to_stop_is_continued_when_the_rest_is_over() -> None:
    end = right_now() + timedelta(minutes=40)
    with scheduled(right_now(), Rests(end)) as (schedule, _):
        schedule.continue_after_rest()

        assert (schedule.next_run, schedule.next_rest) == (end, Rest(end, "it rests"))


async def test_a_rest_that_lasts_beyond_the_interval_puts_off_what_was_planned() -> None:
    end = right_now() + timedelta(hours=7)
    with scheduled(right_now(), Rests(end)) as (schedule, _):
        schedule.continue_after_rest()

        assert (schedule.next_run, schedule.next_rest) == (end, Rest(end, "it rests"))


async def test_a_stop_in_the_middle_of_a_run_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Every update of the software is one; an operator is not told of faults for it."""
    begun, never, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run() -> int:
        begun.set()
        try:
            await never.wait()
        finally:
            left.set()
        return 0

    schedule = Schedule(run, every=SIX_HOURS, jitter=timedelta(0), clock=right_now)
    schedule.start(None)
    async with asyncio.timeout(60):
        await begun.wait()
        schedule.stop()
        await left.wait()
    await asyncio.sleep(0)

    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
