"""From where on the ledger is wanted."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.daemon.since import since, spell
from mirror.errors import BadQueryError
from mirror.storage.entries import Decision, Position, Recorded

ZERO = Digest("0" * 64)
DECISION = Decision(datetime(2026, 4, 6, 12, tzinfo=UTC), "hide", "a", "why", "who")
LINE = Recorded(Position(7, ZERO), ZERO, DECISION)


def test_a_line_says_of_what_kind_its_entry_is() -> None:
    told = json.loads(spell(LINE))

    assert (told["kind"], told["entry"]["what"], told["position"]["number"]) == (
        "decision",
        "hide",
        7,
    )


@pytest.mark.parametrize(
    "text",
    [
        None,
        "7",
        "0",
        "2026-04-06",
        "20260406",
        "2026-04-06T12:00:00Z",
        "2026-04-06T14:00:00 02:00",
    ],
)
def test_a_line_is_wanted_from_its_date_its_time_and_its_number_on(text: str | None) -> None:
    assert since(text)(LINE)


@pytest.mark.parametrize("text", ["8", "2026-04-07", "2026-04-06T12:00:01"])
def test_a_line_before_that_is_not_wanted(text: str) -> None:
    assert not since(text)(LINE)


@pytest.mark.parametrize("text", ["", "today", "-1", "2026-13-01", "2026-04-06T25:00:00Z"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadQueryError, match="since is a date"):
        since(text)


@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        wanted = since(text)
    except BadQueryError:
        return

    assert wanted(LINE) in {True, False}
