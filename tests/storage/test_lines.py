"""The lines of the ledger."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, StorageError
from mirror.storage.entries import START, Entry, Position, Recorded
from mirror.storage.lines import LINE_BYTES, chained, find_line, write_lines
from tests.storage.samples import DIGESTS, ENTRIES, decision, refusal

PLACES = st.just(START) | st.builds(Position, st.integers(1, 1 << 40), DIGESTS)


@given(st.lists(ENTRIES, min_size=1, max_size=5), PLACES)
def test_what_is_written_is_read(entries: list[Entry], after: Position) -> None:
    """Every entry comes back equal, in its place, behind the line before."""
    recorded, lines = write_lines(entries, after)
    read: list[Recorded] = []
    for text in lines:
        line = find_line(text[:-1])
        assert line is not None
        read.append(chained(line, text[:-1], read[-1].position if read else after))

    assert (read, [record.entry for record in read]) == (recorded, entries)


@given(ENTRIES)
def test_a_line_has_no_line_end_inside(entry: Entry) -> None:
    """Whatever upstream says, one entry is one line."""
    _, [line] = write_lines([entry], START)

    assert line.index(b"\n") == len(line) - 1


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_line_or_not(text: bytes) -> None:
    """Nothing makes the reader fail in another way."""
    assert find_line(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "previous": st.just(str(START.digest)) | JSON,
            "n": st.just(1) | JSON,
            "of": st.just([1, 1]) | JSON,
            "sighting": JSON,
            "refusal": JSON,
            "change": JSON,
            "decision": JSON,
        },
    )
)
def test_any_object_is_a_line_or_not(document: object) -> None:
    """Wrong types, wrong places, no entry: none of them is a line."""
    assert find_line(json.dumps(document).encode()) is None


def test_a_line_with_two_entries_is_none() -> None:
    """One line records one thing."""
    _, [one] = write_lines([decision("a")], START)
    _, [two] = write_lines([refusal("a")], START)
    both = json.loads(one) | json.loads(two)

    assert find_line(json.dumps(both).encode()) is None


def test_a_line_outside_its_own_append_is_none() -> None:
    """A line says which lines its append has, and is one of them."""
    _, [text] = write_lines([decision("a")], START)

    assert find_line(text.replace(b'"of":[1,1]', b'"of":[2,3]')) is None


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_line_behind_another_one_is_damage(number: int) -> None:
    """Number and hash of the line before must both be right."""
    _, [text] = write_lines([decision("a")], START)
    line = find_line(text)
    assert line is not None
    with pytest.raises(DamagedError, match="line 1 of the ledger does not follow"):
        chained(line, text, Position(number, Digest.of(b"another")))
    with pytest.raises(DamagedError, match="line 1 of the ledger does not follow"):
        chained(line, text, Position(number + 1, START.digest))


def test_the_lines_of_one_append_say_so() -> None:
    """Only the last of them ends the append."""
    _, lines = write_lines([decision("a"), decision("b"), decision("c")], START)
    read = [find_line(text) for text in lines]

    assert [line is not None and (line.of, line.ends_append) for line in read] == [
        ((1, 3), False),
        ((1, 3), False),
        ((1, 3), True),
    ]


def test_an_entry_that_no_reader_would_take_is_not_written() -> None:
    """Lines are bounded."""
    with pytest.raises(StorageError, match="too large for the ledger"):
        write_lines([decision("x" * LINE_BYTES)], START)
