"""What a board document follows from, as far as the index knows it, in a few bytes.

Whoever rendered a board can see by it that rendering again would give the same.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Text, select, type_coerce

from mirror.frozen import dataclass
from mirror.storage.absences import other_names, withdrawn_of
from mirror.storage.artifacts import sightings_named, sightings_of_boards
from mirror.storage.database import portions
from mirror.storage.entries import Sighting
from mirror.storage.tables import ABSENCES, ARTIFACTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from sqlalchemy import ColumnElement, Connection, Select

    from mirror.storage.database import Database

# As they are stored: nothing is made of them but a digest.
_COLUMNS: Sequence[ColumnElement[Any]] = (
    ARTIFACTS.c.board,
    ARTIFACTS.c.name,
    ARTIFACTS.c.url,
    ARTIFACTS.c.digest,
    ARTIFACTS.c.size,
    ARTIFACTS.c.md5,
    ARTIFACTS.c.verdict,
    type_coerce(ARTIFACTS.c.first_seen, Text),
    type_coerce(ABSENCES.c.since, Text),
    type_coerce(ABSENCES.c.withdrawn, Text),
)
_ROWS = (
    select(*_COLUMNS)
    .select_from(ARTIFACTS.outerjoin(ABSENCES, ABSENCES.c.name == ARTIFACTS.c.name))
    .where(ARTIFACTS.c.held)
)
_ONE, _OTHER = ARTIFACTS.alias(), ARTIFACTS.alias()
_MISSED = select(ABSENCES.c.name)
_SHARED = (
    select(
        _ONE.c.board,
        _ONE.c.name,
        _OTHER.c.name,
        _ONE.c.name.in_(_MISSED),
        _OTHER.c.name.in_(_MISSED),
    )
    .where(_ONE.c.held, _OTHER.c.held, _ONE.c.digest == _OTHER.c.digest)
    .where(_ONE.c.name != _OTHER.c.name)
    .order_by(_ONE.c.name, _OTHER.c.name)
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the index says of the files of one board.

    ``sightings`` are of what is held of it: first seen on its page, or listed there now.
    ``withdrawn`` says since when, and ``names`` which other ones the same bytes have, by name.
    """

    sightings: list[Sighting]
    withdrawn: dict[str, datetime]
    names: dict[str, tuple[str, ...]]


class Grounds:
    """The part of the index that says what documents follow from; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def said_of(self, boards: Mapping[str, Collection[str]]) -> dict[str, Said]:
        """Return what a document of each of *boards*, given as in `grounds_of`, says of files."""
        return await self._database.run(lambda connection: _said(connection, boards))

    async def grounds_of(self, boards: Mapping[str, Collection[str]]) -> dict[str, bytes]:
        """Return a digest for each of *boards*, given by the names that its page lists.

        It is another one when anything is another that the index says of what is held of the
        board and of those names, of their withdrawal, and of the same bytes elsewhere.
        """
        return await self._database.run(lambda connection: _grounds(connection, boards))


def _said(connection: Connection, boards: Mapping[str, Collection[str]]) -> dict[str, Said]:
    sightings: dict[str, list[Sighting]] = {board: [] for board in boards}
    own: dict[str, set[str]] = defaultdict(set)
    for sighting in sightings_of_boards(connection, list(boards)):
        sightings[sighting.board].append(sighting)
        own[sighting.board].add(sighting.name)
    listing = _listed_elsewhere(boards, own)
    for sighting in sightings_named(connection, list(listing)):
        for board in listing[sighting.name]:
            sightings[board].append(sighting)
    said = [one.name for found in sightings.values() for one in found]
    withdrawn = withdrawn_of(connection, list(dict.fromkeys(said)))
    names = other_names(connection, list(boards))
    return {
        board: Said(
            sightings=found,
            withdrawn={one.name: withdrawn[one.name] for one in found if one.name in withdrawn},
            names=names.get(board, {}),
        )
        for board, found in sightings.items()
    }


def _listed_elsewhere(
    boards: Mapping[str, Collection[str]], own: Mapping[str, Collection[str]]
) -> dict[str, list[str]]:
    """Return by name which pages list a file that is not held as their own."""
    listing: dict[str, list[str]] = defaultdict(list)
    for board, names in boards.items():
        for name in names:
            if name not in own.get(board, ()):
                listing[name].append(board)
    return listing


def _grounds(connection: Connection, boards: Mapping[str, Collection[str]]) -> dict[str, bytes]:
    sums = {board: hashlib.blake2b() for board in boards}
    own: dict[str, set[str]] = defaultdict(set)
    for row in _found(
        connection, _ROWS.order_by(ARTIFACTS.c.name), ARTIFACTS.c.board, list(boards)
    ):
        sums[row[0]].update(repr(row).encode())
        own[row[0]].add(row[1])
    for board, row in _elsewhere(connection, boards, own):
        sums[board].update(repr(row).encode())
    for row in _shared(connection, list(boards)):
        sums[row[0]].update(repr(row).encode())
    return {board: found.digest() for board, found in sums.items()}


def _elsewhere(
    connection: Connection, boards: Mapping[str, Collection[str]], own: Mapping[str, set[str]]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield what is held of the names that a page lists and that another page listed first."""
    listing = _listed_elsewhere(boards, own)
    for row in _found(
        connection, _ROWS.order_by(ARTIFACTS.c.name), ARTIFACTS.c.name, list(listing)
    ):
        for board in listing[row[1]]:
            yield board, row


def _shared(connection: Connection, boards: list[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the other names of the same bytes, and whether one of both is missed."""
    return _found(connection, _SHARED, _ONE.c.board, boards)


def _found(
    connection: Connection, query: Select[Any], column: ColumnElement[str], values: list[str]
) -> Iterator[tuple[Any, ...]]:
    for some in portions(values):
        yield from map(tuple, connection.execute(query.where(column.in_(some))))
