"""The time left of a phase follows from the pace that was measured in it."""

from __future__ import annotations

from dataclasses import dataclass

from mirror.daemon.pace import Pace
from mirror.sync.outcome import Phase, Progress


@dataclass
class _Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_nothing_is_said_before_anything_was_measured() -> None:
    clock = _Clock()
    pace = Pace(clock)
    before = pace.seconds_left()
    pace.note(Progress(Phase.FETCH, 5, 100))

    assert (before, pace.seconds_left()) == (None, None)


def test_what_is_left_takes_as_long_as_what_was_done() -> None:
    """What had been done before the first look counts for nothing: it may have been held."""
    clock = _Clock()
    pace = Pace(clock)
    pace.note(Progress(Phase.FETCH, 50, 100))
    clock.seconds = 20.0
    pace.note(Progress(Phase.FETCH, 60, 100))

    assert pace.seconds_left() == 80


def test_the_time_goes_down_between_two_steps_and_never_below_nothing() -> None:
    clock = _Clock()
    pace = Pace(clock)
    pace.note(Progress(Phase.FETCH, 0, 2))
    clock.seconds = 10.0
    pace.note(Progress(Phase.FETCH, 1, 2))
    clock.seconds = 14.0
    sooner = pace.seconds_left()
    clock.seconds = 60.0

    assert (sooner, pace.seconds_left()) == (6, 0)


def test_another_phase_is_measured_anew() -> None:
    clock = _Clock()
    pace = Pace(clock)
    pace.note(Progress(Phase.CRAWL, 0, 10))
    clock.seconds = 5.0
    pace.note(Progress(Phase.CRAWL, 10, 10))
    pace.note(Progress(Phase.FETCH, 10, 1000))

    assert pace.seconds_left() is None
