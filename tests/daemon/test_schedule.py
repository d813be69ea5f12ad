"""When runs begin: at once or when they are due, sooner after upstream was away."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mirror.daemon.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

SIX_HOURS = timedelta(hours=6)


def right_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def scheduled(last_complete: datetime | None) -> Iterator[tuple[Schedule, asyncio.Event]]:
    """Start a schedule of six hours; the event tells that a run began."""
    begun = asyncio.Event()

    async def run() -> int:
        begun.set()
        return 0

    schedule = Schedule(run, every=SIX_HOURS, jitter=timedelta(0), clock=right_now)
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
