"""Answers are made once, and only so many are kept."""

from __future__ import annotations

import asyncio

import pytest

from mirror.errors import BusyError
from mirror.web.documents import Document, Stationery
from mirror.web.heads import Heads
from mirror.web.recent import Recent


class Maker:
    """Makes documents of *size* bytes, and counts them; the first *failures* fail."""

    def __init__(self, size: int = 10, failures: int = 0) -> None:
        self.made = 0
        self._size = size
        self._failures = failures
        self._stationery = Stationery(Heads("n"))

    async def __call__(self) -> Document:
        """Make one, or fail."""
        self.made += 1
        await asyncio.sleep(0)
        if self.made <= self._failures:
            raise BusyError("not now")
        return Document.of(self._stationery, b"x" * self._size)


async def test_many_who_ask_at_once_share_one_answer() -> None:
    recent, make = Recent[str](most=2, most_bytes=100), Maker()

    await asyncio.gather(*(recent.get("a", make) for _ in range(20)))

    assert make.made == 1


async def test_the_answer_that_nobody_asked_for_longest_makes_room() -> None:
    recent, make = Recent[str](most=2, most_bytes=100), Maker()
    for key in ("a", "b", "a", "c", "a"):
        await recent.get(key, make)
    before = make.made
    await recent.get("b", make)

    assert (before, make.made) == (3, 4)


async def test_together_they_keep_to_their_size() -> None:
    recent, make = Recent[str](most=9, most_bytes=100), Maker(size=60)
    for key in ("a", "b", "b", "a"):
        await recent.get(key, make)

    assert make.made == 3


async def test_what_is_larger_than_all_room_is_answered_and_not_kept() -> None:
    recent, make = Recent[str](most=9, most_bytes=100), Maker(size=101)
    document = await recent.get("a", make)
    await recent.get("a", make)

    assert (len(document.body), make.made) == (101, 2)


async def test_a_failure_is_not_kept() -> None:
    """Those who waited for the failed one try for themselves."""
    recent, make = Recent[str](most=9, most_bytes=100), Maker(failures=1)
    outcomes = await asyncio.gather(
        *(recent.get("a", make) for _ in range(3)), return_exceptions=True
    )

    assert [isinstance(outcome, BusyError) for outcome in outcomes] == [True, False, False]


async def test_a_failure_leaves_nothing_behind() -> None:
    recent, make = Recent[str](most=9, most_bytes=100), Maker(failures=1)
    with pytest.raises(BusyError):
        await recent.get("a", make)

    await recent.get("a", make)

    assert make.made == 2
