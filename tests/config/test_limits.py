"""When, and how much, upstream may be asked: read as it is written, or refused in words."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.config import Given, Settings, load_settings, spell
from mirror.config.limits import LEAST_BYTES
from mirror.errors import ConfigurationError
from mirror.upstream.quiet import QuietHours

FOLDER = Path("/nowhere")
MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def load(**upstream: object) -> Settings:
    """Load these settings of ``[upstream]``, and no file."""
    flags = {f"upstream.{key}": Given(value, "test") for key, value in upstream.items()}
    return load_settings({}, FOLDER, flags=flags)


def test_without_a_word_there_is_no_limit() -> None:
    settings = load()
    upstream = settings.upstream

    assert (upstream.bytes_per_hour, upstream.quiet_hours) == (None, None)
    assert spell(settings)["upstream.quiet_hours"] == "none"


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 500_000_000), ("1GiB", 1 << 30), ("10MB", 10**7), ("none", None)]
)
def test_a_budget_is_a_size_or_none(text: str, size: int | None) -> None:
    assert load(bytes_per_hour=text).upstream.bytes_per_hour == size


@pytest.mark.parametrize("odd", [500, True, "500", "9MB", "0B", "a lot", ["1GB"]])
def test_a_budget_that_is_none_is_refused(odd: object) -> None:
    with pytest.raises(ConfigurationError, match=r"test: expected (a size|at least 10MB)"):
        load(bytes_per_hour=odd)


def test_quiet_hours_are_two_times_of_day() -> None:
    hours = load(quiet_hours="22:00-06:30").upstream.quiet_hours

    assert hours == QuietHours(time(22), time(6, 30))
    assert load(quiet_hours="none").upstream.quiet_hours is None


@pytest.mark.parametrize("odd", [8, "8-17", "08:00-25:00", ["08:00-17:00"], {"begin": "08:00"}])
def test_other_hours_are_refused(odd: object) -> None:
    with pytest.raises(ConfigurationError, match='test: expected hours such as "08:00-17:00"'):
        load(quiet_hours=odd)


@given(
    st.integers(LEAST_BYTES, 10**14),
    st.builds(QuietHours, MINUTES, MINUTES).filter(lambda hours: hours.begin != hours.end),
)
def test_what_is_spelled_is_read_back(size: int, hours: QuietHours) -> None:
    spelled = spell(load(bytes_per_hour=f"{size}B", quiet_hours=str(hours)))
    again = load(
        bytes_per_hour=spelled["upstream.bytes_per_hour"],
        quiet_hours=spelled["upstream.quiet_hours"],
    ).upstream

    assert (again.bytes_per_hour, again.quiet_hours) == (size, hours)


def test_fallbacks_are_sites_in_order() -> None:
    fallbacks = load(fallbacks=["https://b.test/", "http://10.0.0.5:8080"]).upstream.fallbacks

    assert fallbacks == ("https://b.test", "http://10.0.0.5:8080")


@pytest.mark.parametrize("odd", [["b.test"], [7], "https://b.test/path", ["https://b.test?x=1"]])
def test_a_fallback_that_is_no_site_is_refused(odd: object) -> None:
    with pytest.raises(ConfigurationError, match="test: expected"):
        load(fallbacks=odd)


@pytest.mark.parametrize(
    "fallbacks", [["https://micropython.org"], ["https://b.test", "https://b.test/"]]
)
def test_no_site_stands_there_twice(fallbacks: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"twice, or is upstream\.url"):
        load(fallbacks=fallbacks)
