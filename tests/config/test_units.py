"""Durations, sizes and shares mean what they say, and nothing is guessed."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.config.units import (
    describe_size,
    format_duration,
    format_share,
    format_size,
    parse_duration,
    parse_share,
    parse_size,
)
from mirror.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("6h", timedelta(hours=6)),
        ("1h30m", timedelta(minutes=90)),
        ("3d", timedelta(days=3)),
        ("90s", timedelta(seconds=90)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    """Days, hours, minutes and seconds, largest first."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "6", "h", "6 h", "-6h", "30m1h", "6H", "٦h", "1.5h", "6h\n"])
def test_anything_else_is_no_duration(text: str) -> None:
    """A number without a unit is refused, like the digits of other scripts."""
    with pytest.raises(ConfigurationError, match="expected a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("2GiB", 2_147_483_648),
        ("1.5 MB", 1_500_000),
        ("512mib", 536_870_912),
        ("0B", 0),
    ],
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    """GB counts in thousands, GiB in powers of two, in any case of letters."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "2", "GB", "2 XB", "-2GB", "1.2345GB", "2GB ", "1e3B"])
def test_anything_else_is_no_size(text: str) -> None:
    """Neither a number alone, nor a unit that nobody knows."""
    with pytest.raises(ConfigurationError, match="expected a size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "10", "%", "101%", "-1%", "0.1", "10%%"])
def test_a_share_is_a_percentage(text: str) -> None:
    """A share is from 0% to 100%, and 10 alone could be either of two."""
    with pytest.raises(ConfigurationError, match="expected a share"):
        parse_share(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_duration_reads_back(seconds: int) -> None:
    """What is written as a duration is read as the same."""
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration


@given(st.integers(min_value=0, max_value=10**14))
def test_a_size_reads_back(size: int) -> None:
    """What is written as a size is read as the same, to the byte."""
    assert parse_size(format_size(size)) == size


@given(st.integers(min_value=0, max_value=10_000))
def test_a_share_reads_back(hundredths: int) -> None:
    """What is written as a share is read as the same."""
    share = hundredths / 10_000

    assert parse_share(format_share(share)) == pytest.approx(share)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes a reader fail in another way."""
    for parse in (parse_duration, parse_size, parse_share):
        with contextlib.suppress(ConfigurationError):
            parse(text)


def test_a_person_is_told_a_round_size() -> None:
    """Two digits say enough to decide."""
    sizes = [describe_size(size) for size in (0, 999, 1_440_000_000, 220_400_000)]

    assert sizes == ["0 B", "999 B", "1.4 GB", "220 MB"]
