"""What documents follow from: whatever can change one changes the grounds of its board."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.catalog.withdrawal import Known
from mirror.storage.database import Database
from mirror.storage.entries import START, Return, Withdrawal
from mirror.storage.index import Index
from mirror.storage.lines import write_lines
from tests.storage.samples import NOON, sighting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from mirror.storage.entries import Entry, Position

LATER = NOON + timedelta(days=1)
#: The board looked at lists ``a`` and ``m``, and ``m`` stood on the page of ``OTHER`` first.
LISTED = {"PICO": ["a", "m"], "OTHER": ["o"]}


class Followed:
    """An index, and the ledger that it follows."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._end: Position = START

    async def follow(self, *entries: Entry) -> None:
        """Append *entries*."""
        records, _ = write_lines(entries, self._end)
        self._end = records[-1].position
        assert await self.index.follow(records)

    async def grounds(self) -> dict[str, bytes]:
        """Return the grounds of both boards."""
        return await self.index.grounds_of(LISTED)


@pytest.fixture
async def followed(tmp_path: Path) -> AsyncIterator[Followed]:
    """Open an index that has a few files of two boards."""
    async with Database(tmp_path / "mpmirror.db") as database:
        found = Followed(Index(database))
        await found.follow(
            sighting("a", b"a", board="PICO"),
            sighting("b", b"b", board="PICO"),
            sighting("m", b"m", board="OTHER"),
            sighting("o", b"o", board="OTHER"),
            sighting("twin", b"b", board="ELSEWHERE"),
        )
        yield found


async def _new_file(one: Followed) -> None:
    await one.follow(sighting("c", b"c", board="PICO"))


async def _withdrawn(one: Followed) -> None:
    await one.follow(Withdrawal(LATER, "b", "PICO", NOON))


async def _listed_is_withdrawn(one: Followed) -> None:
    await one.follow(Withdrawal(LATER, "m", "OTHER", NOON))


async def _gone(one: Followed) -> None:
    await one.index.mark_missing([Digest.of(b"a")])


async def _listed_is_gone(one: Followed) -> None:
    await one.index.mark_missing([Digest.of(b"m")])


async def _twin_is_missed(one: Followed) -> None:
    await one.index.begin_missing([Known("twin", "ELSEWHERE")], NOON)


async def _twin_is_gone(one: Followed) -> None:
    await one.index.mark_missing([Digest.of(b"b")])


CHANGES = [
    _new_file,
    _withdrawn,
    _listed_is_withdrawn,
    _gone,
    _listed_is_gone,
    _twin_is_missed,
    _twin_is_gone,
]


@pytest.mark.parametrize("change", CHANGES)
async def test_what_can_change_a_document_changes_its_grounds(
    followed: Followed, change: Callable[[Followed], Awaitable[None]]
) -> None:
    """Also what another board's page listed first, and what becomes of the same bytes there."""
    before = await followed.grounds()
    await change(followed)

    assert (await followed.grounds())["PICO"] != before["PICO"]


async def test_what_concerns_another_board_leaves_the_grounds_as_they_were(
    followed: Followed,
) -> None:
    """And so does what is undone."""
    before = await followed.grounds()
    await followed.follow(
        sighting("p", b"p", board="OTHER"),
        Withdrawal(LATER, "b", "PICO", NOON),
        Return(LATER, "b"),
    )
    after = await followed.grounds()

    assert (after["PICO"], after["OTHER"] == before["OTHER"]) == (before["PICO"], False)
