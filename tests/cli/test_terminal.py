"""Foreign text reaches a terminal as something to look at, never as something to obey."""

from __future__ import annotations

import io
import itertools
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.cli.terminal import Steps, complain, keep_writing, plain, say, say_json, say_table

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "\x1b[2J\x1b]0;owned\x07 red\r\nline \x9b31m \u202egnp.exe \u2028 \x00 [bold]x[/bold]"


@given(st.text())
def test_what_is_written_has_one_line_and_no_control(text: str) -> None:
    """Whatever the text, its plain form is printable, and printable text stays as it is."""
    written = plain(text)

    assert written.isprintable()
    assert written == text or not text.isprintable()


def test_an_escape_sequence_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the terminal's language nor that of the markup is spoken."""
    say(HOSTILE)
    complain(HOSTILE)
    written = capsys.readouterr()

    assert written.out == (
        "\\x1b[2J\\x1b]0;owned\\x07 red\\r\\nline \\x9b31m \\u202egnp.exe \\u2028 \\x00"
        " [bold]x[/bold]\n"
    )
    assert written.err == written.out


def test_a_long_line_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    """What is read by a script keeps its lines."""
    say("word " * 100)

    assert capsys.readouterr().out == "word " * 100 + "\n"


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """So that no terminal and no encoding has a say in it."""
    say_json({"name": "\x1b\u202eä"})

    assert capsys.readouterr().out == '{\n  "name": "\\u001b\\u202e\\u00e4"\n}\n'


def test_a_table_has_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Each column is as wide as its widest cell, wide letters counted as such."""
    say_table(("key", "value"), [("a", "1"), ("日本語", "2"), ("long name", "\x1b")])

    assert capsys.readouterr().out.splitlines() == [
        "key        value",
        "a          1",
        "日本語     2",
        "long name  \\x1b",
    ]


def test_a_letter_that_the_encoding_lacks_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that speaks only ASCII gets an escape."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)

    keep_writing()
    say("ä")
    out.flush()
    out.seek(0)

    assert out.read() == "\\xe4\n"


@pytest.fixture
def seconds() -> Iterator[float]:
    """Give a clock that moves by one second at each look."""
    return iter(map(float, itertools.count()))


def test_without_a_terminal_progress_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], seconds: Iterator[float]
) -> None:
    """Every ten seconds, and when a step is done; on standard error."""
    with Steps(clock=lambda: next(seconds)) as steps:
        for done in range(1, 24):
            steps.show("fetch", done, 24, "\x1b")
        for _ in range(3):
            steps.show("fetch", 24, 24)
    written = capsys.readouterr()

    assert written.out == ""
    assert written.err.splitlines() == [
        "fetch: 1 of 24, \\x1b",
        "fetch: 11 of 24, \\x1b",
        "fetch: 21 of 24, \\x1b",
        "fetch: 24 of 24",
    ]


def test_on_a_terminal_progress_is_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it writes nothing to standard output."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Steps() as steps:
        steps.show("fetch", 1, 2)
        steps.show("fetch", 2, 2, "[bold]\x1b]0;x")
    written = capsys.readouterr()

    assert written.out == ""
    assert "2 of 2" in written.err
    assert "[bold]\\x1b]0;x" in written.err
