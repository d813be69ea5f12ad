"""What the index knows of files that upstream lists no longer, and of the same bytes elsewhere.

A row for each file that is missed: withdrawals come from the ledger and are there again when
the database is made anew; what is only missed so far may be lost, and is then counted anew.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from mirror.catalog.origins import UNLISTED
from mirror.catalog.values import Digest
from mirror.catalog.withdrawal import Absence, Known
from mirror.storage.database import portions
from mirror.storage.tables import ABSENCES, ARTIFACTS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from mirror.storage.database import Database

_FROM_UPSTREAM = ARTIFACTS.c.url.not_in(UNLISTED)
_WITHDRAWN = select(ABSENCES.c.name, ABSENCES.c.since).where(ABSENCES.c.withdrawn.is_not(None))
# Made once: it is asked for with every board, and making it takes longer than the answer.
_ONE, _OTHER = ARTIFACTS.alias(), ARTIFACTS.alias()
_MISSED = select(ABSENCES.c.name)
_OTHERS = (
    select(_ONE.c.board, _ONE.c.name, _OTHER.c.name)
    .where(_ONE.c.held, _OTHER.c.held, _ONE.c.digest == _OTHER.c.digest)
    .where(_ONE.c.name != _OTHER.c.name)
    .where(_ONE.c.name.in_(_MISSED) | _OTHER.c.name.in_(_MISSED))
    .order_by(_ONE.c.name, _OTHER.c.name)
)


class Absences:
    """The part of the index about absent files; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def to_judge(self, listed: Container[str], extra: Mapping[str, str]) -> list[Known]:
        """Return the files for which a crawl that saw *listed* can mean something.

        Those are of all that was ever accepted from upstream, and of *extra* (boards by name):
        what is listed and missed, and what is not listed and not withdrawn.
        """

        def work(connection: Connection) -> list[Known]:
            # Row by row: of many thousands few are left.
            found = [known for known in _known(connection) if _matters(known, listed)]
            seen = _names_known(connection, list(extra))
            return found + [Known(name, board) for name, board in extra.items() if name not in seen]

        return await self._database.run(work)

    async def begin_missing(self, missed: Iterable[Known], since: datetime) -> None:
        """Remember that each of *missed* was missed for the first time."""
        begun = list(missed)
        rows = [{"name": one.name, "board": one.board, "since": since} for one in begun]

        def work(connection: Connection) -> None:
            _forget(connection, [one.name for one in begun])
            if rows:
                connection.execute(insert(ABSENCES), rows)

        await self._database.run(work)

    async def end_missing(self, names: Iterable[str]) -> None:
        """Remember that *names*, which were never withdrawn, are missed no longer."""
        ended = list(names)
        await self._database.run(lambda connection: _forget(connection, ended))

    async def withdrawn_of(self, names: Iterable[str]) -> dict[str, datetime]:
        """Return since when each of *names* is missed that is withdrawn."""
        wanted = list(names)
        return await self._database.run(lambda connection: withdrawn_of(connection, wanted))

    async def withdrawn_and_held(self) -> int:
        """Count what is withdrawn and held."""
        query = (
            select(func.count().label("number"))
            .select_from(ABSENCES.join(ARTIFACTS, ABSENCES.c.name == ARTIFACTS.c.name))
            .where(ABSENCES.c.withdrawn.is_not(None), ARTIFACTS.c.held)
        )
        [row] = await self._database.rows(query)
        return int(row["number"])

    async def other_names(self, board: str) -> dict[str, tuple[str, ...]]:
        """Return the other names of what is held of *board*, in order, by name.

        Two names are of one artifact when both have the same bytes and one of them is missed:
        what upstream lists under two names at once are two.
        """
        found = await self._database.run(lambda connection: other_names(connection, [board]))
        return found.get(board, {})

    async def absent_boards(self) -> dict[str, dict[str, Digest]]:
        """Return the boards of which every file from upstream is missed: digests by name."""

        def work(connection: Connection) -> dict[str, dict[str, Digest]]:
            return {board: _digests(connection, board) for board in _absent(connection)}

        return await self._database.run(work)

    async def boards_sharing(self, board: str) -> dict[str, dict[str, Digest]]:
        """Return the other boards that have bytes of *board*: their digests by name."""

        def work(connection: Connection) -> dict[str, dict[str, Digest]]:
            one, other = ARTIFACTS.alias(), ARTIFACTS.alias()
            query = (
                select(other.c.board)
                .distinct()
                .where(one.c.board == board, other.c.board != board)
                .where(one.c.digest == other.c.digest, other.c.url.not_in(UNLISTED))
            )
            sharing = connection.execute(query).scalars().all()
            return {found: _digests(connection, found) for found in sharing}

        return await self._database.run(work)


def withdrawn_of(connection: Connection, names: Sequence[str]) -> dict[str, datetime]:
    """Return what `Absences.withdrawn_of` does, on *connection*."""
    queries = (_WITHDRAWN.where(ABSENCES.c.name.in_(some)) for some in portions(names))
    return {name: since for query in queries for name, since in connection.execute(query)}


def other_names(
    connection: Connection, boards: Sequence[str]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what `Absences.other_names` does for those of *boards* that have any."""
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for some in portions(boards):
        for board, name, other in connection.execute(_OTHERS.where(_ONE.c.board.in_(some))):
            found[board][name] = (*found[board].get(name, ()), other)
    return found


def _known(connection: Connection) -> Iterator[Known]:
    of_artifacts = (
        select(ARTIFACTS.c.name, ARTIFACTS.c.board, ABSENCES.c.since, ABSENCES.c.withdrawn)
        .select_from(ARTIFACTS.outerjoin(ABSENCES, ABSENCES.c.name == ARTIFACTS.c.name))
        .where(_FROM_UPSTREAM)
    )
    never_held = select(ABSENCES).where(ABSENCES.c.name.not_in(select(ARTIFACTS.c.name)))
    for query in (of_artifacts, never_held):
        for name, board, since, withdrawn in connection.execute(query):
            yield Known(name, board, Absence(since, withdrawn) if since else None)


def _matters(known: Known, listed: Container[str]) -> bool:
    absence = known.absence
    if known.name in listed:
        return absence is not None
    return absence is None or absence.withdrawn is None


def _names_known(connection: Connection, names: Sequence[str]) -> set[str]:
    columns = (ARTIFACTS.c.name, ABSENCES.c.name)
    return {
        name
        for column in columns
        for some in portions(names)
        for name in connection.execute(select(column).where(column.in_(some))).scalars()
    }


def _absent(connection: Connection) -> Sequence[str]:
    both = ARTIFACTS.outerjoin(ABSENCES, ABSENCES.c.name == ARTIFACTS.c.name)
    query = (
        select(ARTIFACTS.c.board)
        .select_from(both)
        .where(_FROM_UPSTREAM)
        .group_by(ARTIFACTS.c.board)
        .having(func.count() == func.count(ABSENCES.c.name))
        .order_by(ARTIFACTS.c.board)
    )
    return connection.execute(query).scalars().all()


def _digests(connection: Connection, board: str) -> dict[str, Digest]:
    columns = ARTIFACTS.c
    query = select(columns.name, columns.digest).where(columns.board == board, _FROM_UPSTREAM)
    return {name: Digest(digest) for name, digest in connection.execute(query)}


def _forget(connection: Connection, names: Sequence[str]) -> None:
    for some in portions(names):
        connection.execute(delete(ABSENCES).where(ABSENCES.c.name.in_(some)))
