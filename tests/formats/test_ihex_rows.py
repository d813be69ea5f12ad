"""Rows of Intel HEX: never another answer than the records one by one give."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mirror.errors import MalformedImageError
from mirror.formats.ihex import Memory, flatten, records
from mirror.formats.ihex_rows import FEWEST_ROWS, MOST_ROWS, find_rows
from tests.formats.images import HEX_END, record
from tests.formats.images import records as lines_of

if TYPE_CHECKING:
    from mirror.formats.verdict import Region

DATA = bytes(range(256)) * 300
FILE = b"".join([*lines_of(0x08001230, DATA), *lines_of(0x08020000, DATA[:1000]), HEX_END])
FIRST = FILE.index(b"\n") + 1


def _one_by_one(data: bytes) -> list[tuple[Region, bytes]] | None:
    memory = Memory()
    try:
        for one in records(data):
            memory.take(one)
        return memory.content() or None
    except MalformedImageError:
        return None


def _at_once(data: bytes) -> list[tuple[Region, bytes]] | None:
    try:
        return flatten(data)
    except MalformedImageError:
        return None


def _why(data: bytes) -> str:
    with pytest.raises(MalformedImageError) as caught:
        flatten(data)
    return str(caught.value)


def test_nearly_all_of_an_image_is_read_at_once() -> None:
    """As many records as lie in a row, up to the end of 64 KiB."""
    rows = find_rows(FILE, FIRST)
    assert rows is not None

    assert (rows.count, rows.address, rows.data) == (3805, 0x1230, DATA[: 3805 * 16])
    assert rows.size == 3805 * 45


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [1, 2, 16, 32, 64])
def test_rows_of_any_usual_length_are_found(width: int, end: str) -> None:
    lines = [record(0, place * width, DATA[:width], end) for place in range(FEWEST_ROWS)]
    rows = find_rows(b"".join(lines), 0)
    assert rows is not None

    assert (rows.count, rows.data) == (FEWEST_ROWS, DATA[:width] * FEWEST_ROWS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n" * 400,
        b":\n" * 400,
        b":00\r\n" * 400,
        record(0, 0, b"\1" * 16) * 400,
        record(0, 0, b"") * 400,
        record(4, 0, b"\1\2") * 400,
        FILE[FIRST : FIRST + 45 * (FEWEST_ROWS - 1)],
        FILE[FIRST:].replace(b"\r\n", b"\r\r\n"),
        FILE[FIRST:].replace(b":10", b":11"),
        FILE[FIRST:].replace(b":10", b";10"),
        FILE[FIRST:].replace(b"FF", b"GG"),
    ],
)
def test_what_is_not_rows_is_not_found(data: bytes) -> None:
    """It is left to the reader of single records, who says what it is."""
    assert find_rows(data, 0) is None


@pytest.mark.parametrize("line", [2, 20, 2000])
def test_a_wrong_line_among_rows_is_named_by_its_number(line: int) -> None:
    lines = FILE.splitlines(keepends=True)
    lines[line - 1] = lines[line - 1][:-4] + b"00\r\n"

    assert _why(b"".join(lines)) == f"the sum of line {line} is wrong"


@example(place=FIRST + 7, octet=ord("1"))
@example(place=FIRST + 45 * 30, octet=ord("\n"))
@example(place=FIRST + 45 * 30 + 3, octet=ord(":"))
@example(place=FIRST + 45 * 30 + 10, octet=ord("a"))
@given(place=st.integers(0, len(FILE) - 1), octet=st.integers(0, 255))
def test_any_changed_byte_gives_what_single_records_give(place: int, octet: int) -> None:
    """The same regions and bytes, or a refusal by both."""
    changed = FILE[:place] + bytes([octet]) + FILE[place + 1 :]

    assert _at_once(changed) == _one_by_one(changed)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 0, 0, 2, 4]),
            st.integers(0, 0xFFFF),
            st.integers(1, 20),
            st.integers(1, 60),
        ),
        max_size=6,
    )
)
def test_any_runs_give_what_single_records_give(runs: list[tuple[int, int, int, int]]) -> None:
    """Gaps, overlaps, bases and addresses that pass 64 KiB among them."""
    lines = [
        record(kind, (at + place * width) & 0xFFFF, DATA[: 2 if kind else width])
        for kind, at, width, count in runs
        for place in range(1 if kind else count)
    ]
    data = b"".join([*lines, HEX_END])

    assert _at_once(data) == _one_by_one(data)


def test_records_that_only_look_like_rows_take_little_longer() -> None:
    """Whoever makes a file of them gains nothing by it."""
    alike = [record(0, place * 32 & 0xFFFF, DATA[:16]) for place in range(MOST_ROWS)]
    file = b"".join([*alike * 8, HEX_END])
    began = time.process_time()
    _at_once(file)
    together = time.process_time() - began
    began = time.process_time()
    _one_by_one(file)
    single = time.process_time() - began

    assert together < 4 * single + 0.2
