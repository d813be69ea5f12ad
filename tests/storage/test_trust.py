"""Which blobs were checked since they were touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.storage.trust import Stamp, Trust

A, B, C = (Digest.of(name) for name in (b"a", b"b", b"c"))
STAMP = Stamp(inode=1, size=2, modified=3, changed=4)

NUMBERS = st.integers(0, 2**62)
STAMPS = st.builds(Stamp, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


def test_nothing_is_trusted_that_was_not_remembered() -> None:
    """A new table covers nothing."""
    assert not Trust().covers(A, STAMP)


def test_what_was_remembered_is_trusted() -> None:
    """The same digest with the same stamp is covered, another digest is not."""
    trust = Trust()
    trust.remember(A, STAMP)

    assert (trust.covers(A, STAMP), trust.covers(B, STAMP)) == (True, False)


@given(STAMPS, STAMPS)
def test_a_file_is_trusted_only_while_nothing_of_its_stamp_differs(one: Stamp, two: Stamp) -> None:
    """Covered means equal, in all four numbers."""
    trust = Trust()
    trust.remember(A, one)

    assert trust.covers(A, two) == (one == two)


def test_what_was_forgotten_is_not_trusted() -> None:
    """Forgetting ends the trust; forgetting again is no error."""
    trust = Trust()
    trust.remember(A, STAMP)
    trust.forget(A)
    trust.forget(A)

    assert not trust.covers(A, STAMP)


def test_the_table_is_bounded_and_the_oldest_makes_room() -> None:
    """With room for two, the third drives the first out."""
    trust = Trust(limit=2)
    for digest in (A, B, C):
        trust.remember(digest, STAMP)

    assert [trust.covers(digest, STAMP) for digest in (A, B, C)] == [False, True, True]


def test_remembering_again_makes_an_entry_young() -> None:
    """What is remembered again is not the oldest any more."""
    trust = Trust(limit=2)
    for digest in (A, B, A, C):
        trust.remember(digest, STAMP)

    assert [trust.covers(digest, STAMP) for digest in (A, B, C)] == [True, False, True]


def test_a_file_touched_a_moment_ago_is_not_settled() -> None:
    """Within the grain of the kernel's clock a second change would leave the same stamp."""
    changed = 1_000_000_000

    assert [
        Stamp(1, 1, 0, changed).settled(changed + wait) for wait in (0, 100_000_000, 100_000_001)
    ] == [False, False, True]


def test_a_stamp_of_the_future_is_not_settled() -> None:
    """With a clock that was set back nothing is trusted, and so everything is hashed."""
    assert not Stamp(1, 1, 0, 2_000_000_000).settled(1_000_000_000)
