"""A host that fails too often in a row is left alone, and tried again one request at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import (
    AddressRefusedError,
    BreakerOpenError,
    DiskFullError,
    TooLargeError,
    UpstreamBusyError,
    UpstreamMissingError,
    UpstreamUnavailableError,
)
from mirror.upstream.breaker import Breaker, BreakerState, BreakerTerms
from tests.upstream.doubles import START, Clock

if TYPE_CHECKING:
    from mirror.errors import MirrorError

TERMS = BreakerTerms(
    failures=3, first=timedelta(seconds=10), most=timedelta(seconds=35), trial=timedelta(seconds=2)
)
AWAY = UpstreamUnavailableError("no connection")


def made(clock: Clock) -> Breaker:
    return Breaker("https://a.test", TERMS, clock.timing)


def ends(breaker: Breaker, error: MirrorError | None = None) -> None:
    """Make one try that ends with *error*, or well."""
    with breaker.trying() as one:
        one.demand()
        if error is not None:
            raise error


def fails(breaker: Breaker, error: MirrorError = AWAY, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(type(error)):
            ends(breaker, error)


def wait_said(breaker: Breaker) -> float:
    """Return the seconds that a refused try is told to wait."""
    with pytest.raises(BreakerOpenError) as told:
        ends(breaker)
    return told.value.retry_after.total_seconds()


def test_it_opens_after_so_many_failures_in_a_row(clock: Clock) -> None:
    breaker = made(clock)
    fails(breaker, times=2)
    before = breaker.state
    fails(breaker)

    assert (before, breaker.state) == (BreakerState.CLOSED, BreakerState.OPEN)
    assert wait_said(breaker) == 10
    assert breaker.next_trial == START + timedelta(seconds=10)


def test_an_answer_in_between_begins_the_count_anew(clock: Clock) -> None:
    breaker = made(clock)
    fails(breaker, times=2)
    ends(breaker)
    fails(breaker, times=2)

    assert breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("answer", [UpstreamMissingError("404"), TooLargeError("refused")])
def test_an_answer_that_is_of_no_use_is_an_answer(clock: Clock, answer: MirrorError) -> None:
    breaker = made(clock)
    fails(breaker, times=2)
    fails(breaker, answer)
    fails(breaker, times=2)

    assert breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize(
    "error",
    [
        UpstreamBusyError("later", retry_after=timedelta(1)),
        AddressRefusedError("not there"),
        DiskFullError("ours"),
    ],
)
def test_what_is_not_the_hosts_fault_counts_neither_way(clock: Clock, error: MirrorError) -> None:
    breaker = made(clock)
    fails(breaker, error, times=5)
    closed = breaker.state
    fails(breaker, times=2)
    fails(breaker, error)
    fails(breaker)

    assert (closed, breaker.state) == (BreakerState.CLOSED, BreakerState.OPEN)


def test_while_it_is_half_open_one_is_tried_and_the_others_wait(clock: Clock) -> None:
    breaker = made(clock)
    fails(breaker, times=3)
    clock.seconds += 10
    state = breaker.state
    with breaker.trying() as trial:
        trial.demand()
        waited = wait_said(breaker)

    assert (state, waited) == (BreakerState.HALF_OPEN, 2)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.failures == 0


def test_a_trial_that_fails_opens_it_for_twice_as_long_up_to_a_cap(clock: Clock) -> None:
    breaker = made(clock)
    fails(breaker, times=3)
    waits = [wait_said(breaker)]
    for _ in range(3):
        clock.seconds += waits[-1]
        fails(breaker)
        waits.append(wait_said(breaker))
    clock.seconds += waits[-1]
    ends(breaker)
    fails(breaker, times=3)

    assert waits == [10, 20, 35, 35]
    assert wait_said(breaker) == 10


def test_a_trial_that_was_given_up_decides_nothing(clock: Clock) -> None:
    breaker = made(clock)
    fails(breaker, times=3)
    clock.seconds += 10
    fails(breaker, DiskFullError("ours"))
    state = breaker.state
    ends(breaker)

    assert (state, breaker.state) == (BreakerState.HALF_OPEN, BreakerState.CLOSED)


def test_an_answer_to_who_asked_before_it_opened_does_not_close_it(clock: Clock) -> None:
    breaker = made(clock)
    with breaker.trying() as early:
        early.demand()
        fails(breaker, times=3)

    assert breaker.state is BreakerState.OPEN


def test_a_try_that_was_refused_is_no_failure(clock: Clock) -> None:
    breaker = made(clock)
    fails(breaker, times=3)
    fails(breaker, BreakerOpenError("x", retry_after=timedelta(0)), times=5)

    assert breaker.failures == 3


def test_it_says_what_happened_last_and_when(clock: Clock) -> None:
    breaker = made(clock)
    ends(breaker)
    clock.seconds += 5
    fails(breaker, times=3)

    assert breaker.last_success == START
    assert breaker.since == START + timedelta(seconds=5)
    assert breaker.last_failure is not None
    assert breaker.last_failure.reason == "no connection"
    with pytest.raises(BreakerOpenError, match=r"a\.test failed 3 times in a row .* no connection"):
        ends(breaker)


@given(st.lists(st.sampled_from(["fails", "answers", "time"]), max_size=60))
def test_no_request_goes_out_while_it_is_open(steps: list[str]) -> None:
    """Whatever happens: what is let out is let out closed, or as the one trial."""
    clock = Clock()
    breaker = made(clock)
    for step in steps:
        if step == "time":
            clock.seconds += 7
            continue
        state = breaker.state
        try:
            ends(breaker, AWAY if step == "fails" else None)
            out = True
        except BreakerOpenError:
            out = False
        except UpstreamUnavailableError:
            out = True

        assert out == (state is not BreakerState.OPEN)
