"""Only what proves that bytes belong together counts as a continuation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.upstream.ranges import ContentRange, parse_content_range, strong_etag


def test_a_content_range_is_read() -> None:
    assert parse_content_range("bytes 5-9/10") == ContentRange(5, 9, 10)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "bytes 5-9/*",
        "bytes */10",
        "bytes 9-5/10",
        "bytes 5-10/10",
        "bytes=5-9/10",
        "lines 5-9/10",
        "bytes 5-9/10 ",
        "bytes \u0665-9/10",
        "bytes -5-9/10",
        "bytes 5-9/1000000000000000000000",
    ],
)
def test_anything_else_is_none(text: str | None) -> None:
    assert parse_content_range(text) is None


@given(st.integers(0, 10**17), st.integers(0, 10**17), st.integers(1, 10**17))
def test_what_is_written_is_read(start: int, more: int, rest: int) -> None:
    """Every range in its order comes back as it was."""
    span = ContentRange(start, start + more, start + more + rest)

    assert parse_content_range(str(span)) == span


@given(st.text(max_size=30))
def test_any_text_is_read_or_none(text: str) -> None:
    """And what is read is in order."""
    span = parse_content_range(text)

    assert span is None or span.start <= span.end < span.total


@pytest.mark.parametrize("text", ['"529d22da-b4"', '""', '"it\'s!"'])
def test_a_strong_etag_is_one(text: str) -> None:
    assert strong_etag(text) == text


@pytest.mark.parametrize(
    "text", [None, "", 'W/"1"', 'w/"1"', "529d22da-b4", '"a"b"', '"a b"', '"é"']
)
def test_a_weak_or_odd_etag_is_none(text: str | None) -> None:
    assert strong_etag(text) is None
