"""No run of the schedule begins in quiet hours, or while the budget is spent."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from mirror.daemon.resting import Rest, Resting
from mirror.errors import QuietHoursError
from mirror.upstream.budget import Budget
from mirror.upstream.quiet import QuietHours

# In the zone of the machine, whichever that is.
MORNING = datetime(2026, 4, 7, 6).astimezone()
SPENT = "upstream.bytes_per_hour is spent"
QUIET = "upstream.quiet_hours = 08:00-17:00"


class Clock:
    """A time of day that tests set."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        """Return it in UTC."""
        return self.now.astimezone(UTC)


def made(clock: Clock, *, quiet: bool = True, most: int | None = 100) -> tuple[Resting, Budget]:
    budget = Budget(most, clock=clock)
    hours = QuietHours(time(8), time(17)) if quiet else None
    return Resting(hours, budget, clock=clock), budget


def hour(number: int) -> datetime:
    """Return the full hour of that morning's day."""
    return MORNING.replace(hour=number)


def test_without_quiet_hours_and_budget_there_is_no_rest() -> None:
    resting, _ = made(Clock(), quiet=False, most=None)

    assert (resting.at(hour(9)), resting.objection()) == (None, None)


def test_what_is_planned_within_quiet_hours_waits_for_their_end() -> None:
    resting, _ = made(Clock())

    assert resting.at(hour(7)) is None
    assert resting.at(hour(9)) == Rest(hour(17), QUIET)
    assert resting.at(hour(17)) is None


def test_a_spent_budget_puts_off_to_its_next_hour() -> None:
    clock = Clock()
    resting, budget = made(clock)
    budget.spend(100)

    assert resting.at(MORNING) == Rest(hour(7), SPENT)
    assert resting.at(hour(7)) is None


def test_a_budget_that_comes_back_in_quiet_hours_waits_for_their_end_too() -> None:
    clock = Clock()
    resting, budget = made(clock)
    clock.now = hour(7) + timedelta(minutes=30)
    budget.spend(100)

    assert resting.at(clock.now) == Rest(hour(17), QUIET)


def test_a_run_under_way_is_told_to_go_on_when_quiet_hours_are_over() -> None:
    clock = Clock()
    resting, _ = made(clock)
    before = resting.objection()
    clock.now = hour(9)
    objection = resting.objection()

    assert before is None
    assert isinstance(objection, QuietHoursError)
    assert objection.retry_after == timedelta(hours=8)
    with pytest.raises(QuietHoursError, match="08:00-17:00"):
        raise objection
