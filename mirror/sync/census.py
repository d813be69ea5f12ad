"""What a sync run saw and could not get, kept for whoever asks how the mirror is.

Written at the end of each run that read a catalog, so that a status needs no crawl and reads
no board document.  What is held is not in it: that is counted when somebody asks, so that
what was fetched, healed or adopted since is counted too.  The index may lose it: then the
next run writes it again.
"""

from __future__ import annotations

import asyncio
import zlib
from base64 import b64decode, b64encode
from binascii import Error
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.sync.outcome import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mirror.catalog.model import CatalogBoard
    from mirror.storage.index import Index

#: So many of the names that are wanted and not held are kept with the reason.
MOST_REASONS: Final = 100

_MARK: Final = "census"


@dataclass(frozen=True, slots=True)
class CensusBoard:
    """A board: its port, how many files upstream lists, and which names are on demand.

    ``offered`` are names, one a line: there are twenty thousand, and a list of them takes three
    times as much.  A board that upstream shows no longer has ``listed`` 0 and its last port.
    """

    board: str
    port: str | None
    listed: int = 0
    offered: str = ""


@dataclass(frozen=True, slots=True)
class Census:
    """All boards by id, and why the first of the names that were wanted did not come."""

    boards: tuple[CensusBoard, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def ports(self) -> dict[str, str | None]:
        """The port of each board."""
        return {board.board: board.port for board in self.boards}

    def offered(self) -> dict[str, str]:
        """Return the board of each name that is on demand."""
        return {name: board.board for board in self.boards for name in board.offered.splitlines()}


_CENSUS = Shape(Census)


def listed_in(boards: Iterable[CatalogBoard]) -> tuple[CensusBoard, ...]:
    """Return what a census needs to know of *boards* as their pages show them."""
    return tuple(
        CensusBoard(board.facts.board, board.facts.port, len(board.listings)) for board in boards
    )


async def write_census(
    index: Index,
    boards: Iterable[CensusBoard],
    offered: Mapping[str, str],
    troubles: Iterable[Trouble] | None,
) -> None:
    """Remember what a run saw; nothing is written when it is what the last one saw.

    *boards* are as `listed_in` gives them.  *offered* has the names on demand, one a line, of
    the boards that were rendered; of the others it is as it was.  *troubles* are those of
    names that are wanted and not held; None when nobody knows yet, and what is known stays.
    """
    before = await find_census(index) or Census()
    found = sorted(_boards(boards, offered, before), key=lambda board: board.board)
    first = _first(troubles) if troubles is not None else before.troubles
    census = Census(tuple(found), first)
    if census != before:
        await index.set_mark(_MARK, await asyncio.to_thread(_packed, census))


async def find_census(index: Index) -> Census | None:
    """Return what the last run saw; None before the first."""
    mark = await index.find_mark(_MARK)
    if mark is None:
        return None
    try:
        return await asyncio.to_thread(_unpacked, mark)
    except (ValidationError, zlib.error, Error):
        # Another version wrote it.
        return None


def _boards(
    boards: Iterable[CensusBoard], offered: Mapping[str, str], before: Census
) -> Iterator[CensusBoard]:
    known = {board.board: board for board in before.boards}
    for seen in boards:
        last = known.pop(seen.board, CensusBoard(seen.board, None))
        names = offered.get(seen.board, last.offered)
        yield CensusBoard(seen.board, seen.port or last.port, seen.listed, names)
    for last in known.values():
        yield CensusBoard(last.board, last.port, 0, offered.get(last.board, last.offered))


def _first(troubles: Iterable[Trouble]) -> tuple[Trouble, ...]:
    return tuple(nsmallest(MOST_REASONS, troubles, key=lambda trouble: trouble.subject))


def _packed(census: Census) -> str:
    # Names of one board differ in little: a tenth is left of them, and of what is written.
    return b64encode(zlib.compress(_CENSUS.dump_json(census))).decode()


def _unpacked(mark: str) -> Census:
    return _CENSUS.validate_json(zlib.decompress(b64decode(mark)))
