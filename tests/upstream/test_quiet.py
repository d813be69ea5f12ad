"""Quiet hours are times of day, and may pass midnight."""

from __future__ import annotations

import time as system
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import ConfigurationError
from mirror.upstream.quiet import QuietHours

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = QuietHours(time(8), time(17))
NIGHT = QuietHours(time(22), time(6, 30))
MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in a zone whose clocks change."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        system.tzset()
        yield
    system.tzset()


def at(day: int, hour: int, minute: int = 0, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour, minute).astimezone()


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (DAY, (7, 7, 59), None),
        (DAY, (7, 8), (7, 17)),
        (DAY, (7, 16, 59), (7, 17)),
        (DAY, (7, 17), None),
        (NIGHT, (7, 21, 59), None),
        (NIGHT, (7, 22), (8, 6, 30)),
        (NIGHT, (8, 0), (8, 6, 30)),
        (NIGHT, (8, 6, 30), None),
    ],
)
def test_they_last_until_their_end(
    hours: QuietHours, now: tuple[int, ...], until: tuple[int, ...] | None
) -> None:
    """Days and times of April."""
    assert hours.until(at(*now)) == (at(*until) if until else None)


def test_a_night_in_which_the_clocks_change_is_an_hour_shorter() -> None:
    evening = at(28, 22, month=3)
    until = NIGHT.until(evening)

    assert until is not None
    assert until - evening == timedelta(hours=7, minutes=30)


@given(st.builds(QuietHours, MINUTES, MINUTES).filter(lambda hours: hours.begin != hours.end))
def test_what_is_written_is_read_back(hours: QuietHours) -> None:
    assert QuietHours.parse(str(hours)) == hours


@given(st.text())
@pytest.mark.parametrize("odd", ["8:00-17:00", "24:00-01:00", "08:00-08:00", "08:00 17:00", ""])
def test_any_other_text_is_refused(odd: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"08:00|all day"):
        QuietHours.parse(odd)
    with pytest.raises(ConfigurationError, match="08:00"):
        QuietHours.parse(text)
