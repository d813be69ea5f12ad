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


def test_newer_files_count_and_older_are_not_forgotten_at_once() -> None:
    speed = Speed()
    speed.note(1_000_000, 1.0)
    speed.note(1_000_000, 10.0)
    seconds = speed.seconds_for(1_000_000)

    assert seconds is not None
    assert 1.0 < seconds < 10.0
