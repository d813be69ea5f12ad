"""A sieve holds back no name that was added, and lets most strangers fall through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mirror.storage.sieve import Sieve


@given(st.sets(st.text()), st.sets(st.text()))
def test_what_was_added_is_in_it(first: set[str], later: set[str]) -> None:
    """Whenever it was added."""
    sieve = Sieve(first)
    sieve.add(later)

    assert all(name in sieve for name in first | later)


def test_an_empty_sieve_holds_nothing() -> None:
    assert "" not in Sieve()
    assert "a" not in Sieve()


def test_of_strangers_few_are_taken_for_known() -> None:
    """Fewer than one in twenty, when there are as many names as upstream ever had."""
    sieve = Sieve(f"BOARD_{number}.uf2" for number in range(20_000))
    taken = sum(f"BOARD_{number}.bin" in sieve for number in range(20_000))

    assert taken < 1_000
