"""What stands in the head of every answer, and what never can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import MalformedValueError
from mirror.web.heads import Caching, Heads

HEADS = Heads("node-1")


def test_a_head_is_written_as_http_wants_it() -> None:
    head = HEADS.head(206, Caching.ASK, [("ETag", '"ab"')])
    lines = head.decode().split("\r\n")

    assert [lines[0], *lines[-3:]] == [
        "HTTP/1.1 206 Partial Content",
        "Cache-Control: public, no-cache, no-transform",
        'ETag: "ab"',
        "",
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"\r\nX-Mpmirror-Node: node-1\r\n",
        b"\r\nX-Content-Type-Options: nosniff\r\n",
        b"\r\nContent-Security-Policy: sandbox\r\n",
        b"\r\nAccess-Control-Allow-Origin: *\r\n",
    ],
)
def test_every_head_says_who_answers_and_that_nothing_may_run(line: bytes) -> None:
    assert line in HEADS.empty(404)


@pytest.mark.parametrize(
    "field",
    [
        ("ETag", "a\r\nSet-Cookie: x"),
        ("ETag", "a\nb"),
        ("ETag", "a\0b"),
        ("ETag", "\x1b[2J"),
        ("ETag", "é"),
        ("ETag", " a"),
        ("ETag", ""),
        ("ETag", "a" * 3000),
        ("E Tag", "a"),
        ("ETag:", "a"),
        ("", "a"),
    ],
)
def test_a_field_that_could_begin_another_is_refused(field: tuple[str, str]) -> None:
    with pytest.raises(MalformedValueError, match="not a header field"):
        HEADS.empty(200, [field])


@given(st.text(max_size=80))
def test_no_text_makes_a_second_line(text: str) -> None:
    """Whatever stands in a field, the head has one line for it, or is refused."""
    before = HEADS.empty(200).count(b"\n")
    try:
        head = HEADS.empty(200, [("X-Text", text)])
    except MalformedValueError:
        return

    assert before + 1 == head.count(b"\n")
