"""How long a file will take is known from those that came."""

from __future__ import annotations

import pytest

from mirror.upstream.speed import Speed


def test_nothing_is_said_before_anything_was_measured() -> None:
    speed = Speed()
    speed.note(1000, 0.001)
    speed.note(1_000_000, 0.0)

    assert speed.seconds_for(1_000_000) is None


def test_a_file_takes_as_long_as_its_size_says() -> None:
    speed = Speed()
    speed.note(1_000_000, 2.0)

    assert speed.seconds_for(3_000_000) == pytest.approx(6.0)


def test_a_line_that_became_a_hundred_times_slower_is_known_after_three_files() -> None:
    """So whoever asks for the fourth is told at once that it takes longer than they wait."""
    speed = Speed()
    for seconds in [*[0.08] * 20, 8.0, 8.0, 8.0]:
        speed.note(2_000_000, seconds)

    assert speed.seconds_for(2_000_000) == pytest.approx(8.0)


def test_one_file_that_stalled_says_nothing_of_the_next() -> None:
    speed = Speed()
    for seconds in (1.0, 1.0, 100.0, 1.0):
        speed.note(1_000_000, seconds)

    assert speed.seconds_for(1_000_000) == pytest.approx(1.0)
