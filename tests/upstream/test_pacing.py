"""Requests keep their distance, and upstream's wish for quiet holds for all of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import UpstreamBusyError
from mirror.upstream.pacing import LONGEST_QUIET, Pace, Timing
from tests.upstream.doubles import Clock

HOUR = timedelta(hours=1)


async def turn_times(pace: Pace, clock: Clock, number: int) -> list[float]:
    """Return when each of *number* tasks that ask at once has its turn."""
    times: list[float] = []

    async def one() -> None:
        await pace.turn()
        times.append(clock.seconds)

    await asyncio.gather(*(one() for _ in range(number)))
    return times


async def test_the_first_turn_comes_at_once_and_the_others_at_the_rate(clock: Clock) -> None:
    times = await turn_times(Pace(2, HOUR, clock.timing), clock, 4)

    assert times == [0.0, 0.5, 1.0, 1.5]


async def test_time_that_nobody_used_is_not_saved_up(clock: Clock) -> None:
    pace = Pace(2, HOUR, clock.timing)
    await pace.turn()
    clock.seconds = 100.0

    times = await turn_times(pace, clock, 3)

    assert times == [100.0, 100.5, 101.0]


async def test_without_a_rate_everybody_goes_at_once(clock: Clock) -> None:
    times = await turn_times(Pace(0, HOUR, clock.timing), clock, 3)

    assert times == [0.0, 0.0, 0.0]
    assert clock.slept == []


async def test_quiet_puts_off_those_who_wait_already_and_the_rate_holds_after_it(
    clock: Clock,
) -> None:
    pace = Pace(2, HOUR, clock.timing)
    waiting = asyncio.create_task(turn_times(pace, clock, 3))
    await asyncio.sleep(0)  # begins the three
    await asyncio.sleep(0)  # now the first has gone, and two are asleep
    pace.quiet(timedelta(seconds=60))

    assert await waiting == [0.0, 60.0, 60.5]


async def test_a_shorter_quiet_does_not_end_a_longer_one(clock: Clock) -> None:
    pace = Pace(0, HOUR, clock.timing)
    pace.quiet(timedelta(seconds=60))
    pace.quiet(timedelta(seconds=1))

    assert await turn_times(pace, clock, 1) == [60.0]


async def test_a_quiet_beyond_patience_is_said_at_once(clock: Clock) -> None:
    pace = Pace(0, HOUR, clock.timing)
    pace.quiet(timedelta(hours=2))

    with pytest.raises(UpstreamBusyError, match="quiet for another 7200 s") as caught:
        await pace.turn()

    assert caught.value.retry_after == timedelta(hours=2)


async def test_no_quiet_is_longer_than_a_day(clock: Clock) -> None:
    pace = Pace(0, LONGEST_QUIET, clock.timing)
    pace.quiet(timedelta(days=3650))

    assert await turn_times(pace, clock, 1) == [86400.0]


async def test_a_turn_that_was_given_up_does_not_hold_back_the_others(clock: Clock) -> None:
    pace = Pace(1, HOUR, clock.timing)
    await pace.turn()
    given_up = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    given_up.cancel()

    assert await turn_times(pace, clock, 1) == [2.0]


@given(
    rate=st.floats(0.1, 100),
    steps=st.lists(st.one_of(st.floats(0, 5), st.timedeltas(timedelta(0), HOUR)), max_size=20),
)
def test_two_turns_are_never_closer_than_the_rate_allows(
    rate: float, steps: list[float | timedelta]
) -> None:
    """Whatever time passes and whatever quiet is asked for in between."""
    times = asyncio.run(_play(rate, steps))
    gaps = [after - before for before, after in pairwise(times)]

    assert min(gaps, default=1 / rate) >= 1 / rate - 1e-6


async def _play(rate: float, steps: list[float | timedelta]) -> list[float]:
    clock = Clock()
    pace = Pace(rate, HOUR, clock.timing)
    times = []
    for step in steps:
        if isinstance(step, timedelta):
            pace.quiet(step)
        else:
            clock.seconds += step
        await pace.turn()
        times.append(clock.seconds)
    return times


async def test_the_real_clocks_run() -> None:
    timing = Timing.real()
    before = timing.monotonic()
    await timing.sleep(0.001)

    assert timing.monotonic() > before
    assert timing.now().tzinfo is UTC
    assert 0 <= timing.random() < 1
