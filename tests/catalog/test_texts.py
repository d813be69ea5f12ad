"""Foreign text is shown, never obeyed, and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.texts import lines, one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nice / Board's “best”", "Nice / Board's “best”"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x00b\x07", "a\\x00b\\x07"),
        ("a\x9bb", "a\\x9bb"),
        ("right\u202eleft", "right\\u202eleft"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("lone\ud800", "lone\\ud800"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("<script>", "<script>"),
    ],
)
def test_what_does_not_print_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_white_space_is_folded() -> None:
    assert one_line(" a\n\t b\u00a0c\r\n", 20) == "a b c"


def test_code_keeps_its_lines() -> None:
    assert lines("\n  one  \r\n\ttwo\x1b\n\n", 40) == "  one\n        two\\x1b"


@given(st.text(), st.integers(1, 20))
def test_one_line_prints_and_is_bounded(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert line.isprintable()
    assert len(line) <= limit


@given(st.text(), st.integers(1, 20))
def test_lines_print_and_are_bounded(text: str, limit: int) -> None:
    found = lines(text, limit)

    assert found.replace("\n", "").isprintable()
    assert len(found) <= limit


@given(st.text())
def test_plain_text_is_not_changed_twice(text: str) -> None:
    once = one_line(text, 1000)

    assert one_line(once, 1000) == once
