"""Many names, compactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mirror.sync.names import Names

WORDS = st.text("ab-.", max_size=4)


@given(st.lists(WORDS), WORDS)
def test_they_are_a_set(names: list[str], word: str) -> None:
    """What was given is in them, once, and nothing else is."""
    assert (len(Names(names)), word in Names(names)) == (len(set(names)), word in set(names))


@given(st.lists(WORDS), st.lists(WORDS), WORDS)
def test_two_sets_are_one(names: list[str], others: list[str], word: str) -> None:
    assert (word in (Names(names) | others)) == (word in {*names, *others})


def test_what_is_no_name_is_not_among_them() -> None:
    assert None not in Names(["None"])


@given(st.lists(WORDS))
def test_they_come_in_order(names: list[str]) -> None:
    assert list(Names(names)) == sorted(set(names))
