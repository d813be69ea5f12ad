"""The digest of what goes on the chip does not depend on how a format cuts it."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mirror.formats.payload import digest_of_one, payload_digest
from mirror.formats.verdict import Region

RUN = bytes(range(200))


def run(start: int, data: bytes) -> tuple[Region, bytes]:
    """Return *data* at an address."""
    return Region(start, start + len(data)), data


@given(st.lists(st.integers(1, len(RUN) - 1), max_size=6))
def test_where_a_run_is_cut_makes_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(RUN)]
    pieces = [run(0x8000 + start, RUN[start:end]) for start, end in itertools.pairwise(edges)]

    assert payload_digest(pieces) == digest_of_one(RUN)


@given(st.integers(0, 1 << 32), st.integers(0, 1 << 32))
def test_where_it_all_begins_makes_no_difference(one: int, other: int) -> None:
    """A raw file does not know; who knows compares that too."""
    assert payload_digest([run(one, RUN)]) == payload_digest([run(other, RUN)])


def test_a_gap_a_byte_and_an_order_make_a_difference() -> None:
    digests = {
        payload_digest([run(0, b"ab"), run(4, b"cd")]),
        payload_digest([run(0, b"ab"), run(5, b"cd")]),
        payload_digest([run(0, b"abcd")]),
        payload_digest([run(0, b"ab"), run(4, b"ce")]),
        payload_digest([run(0, b"cd"), run(4, b"ab")]),
    }

    assert len(digests) == 5
