"""What is asked again, how often and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import (
    MirrorError,
    RefusedError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamMissingError,
    UpstreamUnavailableError,
)
from mirror.upstream.politeness import Politeness
from mirror.upstream.retry import LONGEST_WAIT, Retries, parse_retry_after
from tests.upstream.doubles import START, Clock


class Flaky:
    """Something that fails so often with *error*, and then succeeds."""

    def __init__(self, error: Exception, times: int) -> None:
        self.calls = 0
        self._error = error
        self._times = times

    async def __call__(self) -> int:
        """Fail, or return how often it was called."""
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return self.calls


async def test_what_time_can_mend_is_tried_again(clock: Clock) -> None:
    flaky = Flaky(UpstreamUnavailableError("away"), 3)

    calls = await Retries(Politeness(), clock.timing).run(flaky)

    assert calls == 4


async def test_the_last_failure_comes_out_as_it_is(clock: Clock) -> None:
    error = UpstreamUnavailableError("away")
    flaky = Flaky(error, 99)

    with pytest.raises(UpstreamUnavailableError) as caught:
        await Retries(Politeness(attempts=3), clock.timing).run(flaky)

    assert caught.value is error
    assert flaky.calls == 3


async def test_the_pauses_double_up_to_their_cap(clock: Clock) -> None:
    politeness = Politeness(attempts=6, backoff_seconds=8, backoff_cap_seconds=60)
    await Retries(politeness, clock.timing).run(Flaky(UpstreamUnavailableError("away"), 5))

    assert clock.slept == [4, 8, 16, 30, 30]


async def test_chance_spreads_the_pauses_and_never_shortens_them_below_half(clock: Clock) -> None:
    clock.chance = 1.0
    await Retries(Politeness(), clock.timing).run(Flaky(UpstreamUnavailableError("away"), 3))

    assert clock.slept == [1, 2, 4]


async def test_a_bearable_wait_is_left_to_the_pace(clock: Clock) -> None:
    busy = UpstreamBusyError("wait", retry_after=timedelta(hours=1))

    calls = await Retries(Politeness(), clock.timing).run(Flaky(busy, 1))

    assert calls == 2
    assert clock.slept == [0]


@pytest.mark.parametrize(
    "error",
    [
        UpstreamBusyError("wait", retry_after=timedelta(hours=1, seconds=1)),
        UpstreamMissingError("404"),
        UpstreamError("403"),
        RefusedError("html"),
        MirrorError("disk"),
        ValueError("a mistake of ours"),
    ],
)
async def test_what_time_can_not_mend_is_final(clock: Clock, error: Exception) -> None:
    flaky = Flaky(error, 99)

    with pytest.raises(type(error)):
        await Retries(Politeness(), clock.timing).run(flaky)

    assert flaky.calls == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("Mon, 24 Aug 2026 12:00:30 GMT", 30),
        ("Monday, 24-Aug-26 12:00:30 GMT", 30),
        ("Mon Aug 24 12:00:30 2026", 30),
        ("Mon, 24 Aug 2026 12:00:30 -0000", 30),
        ("Mon, 24 Aug 2026 14:00:30 +0200", 30),
        ("Tue, 03 Dec 2013 00:16:26 GMT", 0),
        ("9" * 30, LONGEST_WAIT.total_seconds()),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT.total_seconds()),
    ],
)
def test_both_forms_of_retry_after_are_read(text: str, seconds: float) -> None:
    assert parse_retry_after(text, START) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "١٢٠", "9" * 31, "Mon, 99 Aug 2026 GMT"])
def test_what_is_neither_is_nothing(text: str) -> None:
    assert parse_retry_after(text, START) is None


@given(st.text(max_size=40))
def test_any_text_is_a_wait_or_nothing(text: str) -> None:
    """No header makes the reader fail, and no wait is negative or without end."""
    wait = parse_retry_after(text, START)

    assert wait is None or timedelta(0) <= wait <= LONGEST_WAIT


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - the strategy adds the zone
    st.integers(-12, 12),
)
def test_a_date_is_the_time_until_then(moment: datetime, hours: int) -> None:
    """Measured from now, in whatever zone now is given."""
    then = moment.replace(tzinfo=UTC, microsecond=0)
    now = START.astimezone(timezone(timedelta(hours=hours)))
    expected = min(max(then - START, timedelta(0)), LONGEST_WAIT)

    assert parse_retry_after(then.strftime("%a, %d %b %Y %H:%M:%S GMT"), now) == expected
