"""What the far side holds, on paper: read back as it was written, and no slip passes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import ConfigurationError
from mirror.transfer.have import Have, parse_have, prefixes_of

DIGESTS = st.binary(min_size=32, max_size=32).map(lambda data: Digest(data.hex()))
HAVES = st.builds(
    Have,
    lineage=st.binary(min_size=16, max_size=16).map(bytes.hex),
    channel=st.sampled_from(["current", "lab-stable"]),
    sequence=st.integers(min_value=1, max_value=10**17),
    content=DIGESTS,
    ledger=st.integers(min_value=0, max_value=10**17),
    prefixes=st.lists(DIGESTS, max_size=20).map(prefixes_of),
)


@given(HAVES)
def test_what_is_printed_is_read_back(have: Have) -> None:
    assert parse_have(have.text) == have
    assert len(have.line) < 200


@given(HAVES, st.integers(min_value=0), st.characters(codec="ascii", categories=["L", "N"]))
def test_no_slip_in_the_line_passes(have: Have, place: int, letter: str) -> None:
    """One other letter anywhere is noticed."""
    line = have.line
    at = place % len(line)
    if line[at] != letter:
        with pytest.raises(ConfigurationError):
            parse_have(line[:at] + letter + line[at + 1 :])


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        parse_have(text)


@given(st.lists(DIGESTS, min_size=1, max_size=20))
def test_what_is_held_is_not_sent(digests: list[Digest]) -> None:
    """The compact set knows all that it was made of."""
    have = Have(
        lineage="0" * 32,
        channel="current",
        sequence=1,
        content=digests[0],
        ledger=0,
        prefixes=prefixes_of(digests),
    )

    assert all(have.holds(digest) for digest in digests)
    assert not have.holds(Digest.of(b"something else"))
