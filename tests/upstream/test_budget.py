"""So many bytes an hour, over all requests and over a restart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import BudgetSpentError
from mirror.upstream.budget import HOUR, Budget
from tests.upstream.doubles import START, Clock


def made(clock: Clock, most: int | None = 100) -> Budget:
    return Budget(most, clock=clock.timing.now)


def test_without_a_limit_there_is_always_something_left(clock: Clock) -> None:
    budget = made(clock, None)
    budget.spend(10**12)
    budget.demand()

    assert (budget.left, budget.spent_until) == (None, None)


def test_an_hour_begins_with_its_first_byte_and_ends_the_waiting(clock: Clock) -> None:
    budget = made(clock)
    clock.seconds = 500
    budget.spend(60)
    left = budget.left
    clock.seconds = 600
    budget.spend(60)
    with pytest.raises(
        BudgetSpentError, match=r"the 100 bytes of this hour .* from 13:08:20"
    ) as told:
        budget.demand()
    clock.seconds = 500 + HOUR.total_seconds()
    budget.demand()

    assert left == 40
    assert told.value.retry_after == HOUR - timedelta(seconds=100)
    assert budget.left == 100


def test_a_restart_gives_no_new_budget(clock: Clock) -> None:
    before, after = made(clock), made(clock)
    before.spend(70)
    after.restore(before.to_text())

    assert (after.left, after.spent_until) == (30, None)


def test_a_clock_that_was_put_back_does_not_stop_it_for_ever(clock: Clock) -> None:
    budget = made(clock)
    clock.seconds = 10 * HOUR.total_seconds()
    budget.spend(100)
    spent = budget.spent_until
    clock.seconds = 0

    assert spent == START + 11 * HOUR
    assert budget.spent_until is None


def test_a_clock_that_was_put_back_a_little_gives_no_new_budget(clock: Clock) -> None:
    budget = made(clock)
    clock.seconds = 600
    budget.spend(100)
    clock.seconds = 590

    assert (budget.left, budget.spent_until) == (0, START + HOUR + timedelta(minutes=10))


@given(st.text())
def test_any_text_is_read_or_forgotten(text: str) -> None:
    budget = made(Clock())
    budget.restore(text)

    assert budget.left == 100
