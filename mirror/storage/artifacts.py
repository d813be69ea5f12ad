"""What the index knows from the ledger: artifacts, refusals, alarms.

Everything here follows from the ledger's lines in their order, and comes back the same
when the database is made anew.  The first digest of a name stays: a later sighting with
another digest changes nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.storage import following
from mirror.storage.brief import read_verdict
from mirror.storage.database import AT_ONCE, portions
from mirror.storage.entries import Change, Refusal, Sighting
from mirror.storage.following import REASONS
from mirror.storage.sieve import Sieve
from mirror.storage.tables import ARTIFACTS, CHANGES, REFUSALS
from mirror.storage.words import whole_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from typing import Any

    from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table

    from mirror.storage.database import Database
    from mirror.storage.entries import Position, Recorded


_HELD = select(ARTIFACTS).where(ARTIFACTS.c.held)


@dataclass(frozen=True, slots=True)
class Holding:
    """An artifact whose blob is held; ``size`` is in bytes."""

    name: str
    board: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Totals:
    """How many artifacts are held, and the bytes of all of them together."""

    artifacts: int
    size: int


class Artifacts:
    """The part of the index that follows the ledger; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_sighting(self, name: str) -> Sighting | None:
        """Return what was first accepted under *name*, held or not; None for an unknown name."""
        return (await self.sightings_of([name])).get(name)

    async def find_held(self, name: str) -> Sighting | None:
        """Return what is held under *name*; None when nothing is."""
        query = select(ARTIFACTS).where(ARTIFACTS.c.name == name, ARTIFACTS.c.held)
        rows = await self._database.rows(query)
        return _sighting(rows[0]) if rows else None

    async def sightings_of(self, names: Iterable[str]) -> dict[str, Sighting]:
        """Return what was first accepted under each of *names*; unknown names are left out."""
        rows = await self._named(ARTIFACTS, names)
        return {row["name"]: _sighting(row) for row in rows}

    async def known_names(self) -> Sieve:
        """Return every name under which something was ever accepted, held or not."""

        def work(connection: Connection) -> Sieve:
            return Sieve(connection.execute(select(ARTIFACTS.c.name)).scalars())

        return await self._database.run(work)

    async def first_digests(self, names: Iterable[str]) -> dict[str, Digest]:
        """Return the first digest of each of *names*, held or not; unknown names are left out."""
        return await self._digests(names, select(ARTIFACTS.c.name, ARTIFACTS.c.digest))

    async def held_digests(self, names: Iterable[str]) -> dict[str, Digest]:
        """Return the digest of each of *names* that is held; the others are left out."""
        query = select(ARTIFACTS.c.name, ARTIFACTS.c.digest).where(ARTIFACTS.c.held)
        return await self._digests(names, query)

    async def sightings_of_board(self, board: str) -> list[Sighting]:
        """Return all artifacts of *board* that are held, by name."""
        return await self._database.run(lambda some: sightings_of_boards(some, [board]))

    async def sightings_with(self, digest: Digest) -> list[Sighting]:
        """Return all artifacts that have the bytes *digest*, held or not, by name."""
        query = select(ARTIFACTS).where(ARTIFACTS.c.digest == digest.hex).order_by(ARTIFACTS.c.name)
        return [_sighting(row) for row in await self._database.rows(query)]

    async def held(self) -> AsyncIterator[Holding]:
        """Yield every artifact that is held, by name, without holding all in memory."""
        after = ""
        while batch := await self._holdings(after):
            for holding in batch:
                yield holding
            after = batch[-1].name

    async def digests_not_held(self) -> list[Digest]:
        """Return the digests of all artifacts whose blob is not held, as far as is known."""
        query = select(ARTIFACTS.c.digest).where(ARTIFACTS.c.held.is_(False)).distinct()
        return [Digest(row["digest"]) for row in await self._database.rows(query)]

    async def held_among(self, digests: Iterable[Digest]) -> set[Digest]:
        """Return those of *digests* that an artifact which is held has."""
        wanted = [digest.hex for digest in digests]
        query = select(ARTIFACTS.c.digest).where(ARTIFACTS.c.held)

        def work(connection: Connection) -> set[Digest]:
            return {
                Digest(digest)
                for some in portions(wanted)
                for (digest,) in connection.execute(query.where(ARTIFACTS.c.digest.in_(some)))
            }

        return await self._database.run(work)

    async def totals(self) -> Totals:
        """Count what is held."""
        size = func.coalesce(func.sum(ARTIFACTS.c.size), 0)
        query = select(func.count().label("artifacts"), size.label("size")).where(ARTIFACTS.c.held)
        [row] = await self._database.rows(query)
        return Totals(artifacts=row["artifacts"], size=row["size"])

    async def held_bytes(self) -> int:
        """Return the bytes of all blobs that artifacts have, each counted once."""
        blobs = select(ARTIFACTS.c.digest, func.max(ARTIFACTS.c.size).label("size"))
        each = blobs.where(ARTIFACTS.c.held).group_by(ARTIFACTS.c.digest).subquery()
        query = select(func.coalesce(func.sum(each.c.size), 0).label("size"))
        [row] = await self._database.rows(query)
        return int(row["size"])

    async def refusals_of(self, names: Iterable[str]) -> dict[str, Refusal]:
        """Return the last refusal of each of *names*; one accepted since then has none."""
        rows = await self._named(REFUSALS, names)
        return {row["name"]: _refusal(row) for row in rows}

    async def changes(self, limit: int = 100) -> list[Change]:
        """Return the newest alarms about changed bytes, newest first."""
        query = select(CHANGES).order_by(CHANGES.c.time.desc(), CHANGES.c.name).limit(limit)
        return [_change(row) for row in await self._database.rows(query)]

    async def mark_held(self, digests: Iterable[Digest]) -> None:
        """Remember that the blobs *digests* are held."""
        await self._set_held(list(digests), held=True)

    async def mark_missing(self, digests: Iterable[Digest]) -> None:
        """Remember that the blobs *digests* are not held: the next sync fetches them again."""
        await self._set_held(list(digests), held=False)

    async def position(self) -> Position:
        """Return the place in the ledger up to which this index has followed it."""
        return await self._database.run(following.position)

    async def follow(self, records: Sequence[Recorded]) -> bool:
        """Follow *records*; do nothing and return False unless they stand behind `position`."""
        return await self._database.run(lambda connection: following.follow(connection, records))

    async def _holdings(self, after: str) -> list[Holding]:
        columns = ARTIFACTS.c
        query = (
            select(columns.name, columns.board, columns.digest, columns.size)
            .where(columns.held, columns.name > after)
            .order_by(columns.name)
            .limit(AT_ONCE)
        )
        rows = await self._database.rows(query)
        return [
            Holding(row["name"], row["board"], Digest(row["digest"]), row["size"]) for row in rows
        ]

    async def _digests(self, names: Iterable[str], query: Select[Any]) -> dict[str, Digest]:
        def work(connection: Connection) -> dict[str, Digest]:
            queries = (query.where(ARTIFACTS.c.name.in_(some)) for some in portions(wanted))
            return {
                name: Digest(digest) for one in queries for name, digest in connection.execute(one)
            }

        wanted = list(names)
        return await self._database.run(work)

    async def _named(self, table: Table, names: Iterable[str]) -> list[RowMapping]:
        wanted = list(names)

        def work(connection: Connection) -> list[RowMapping]:
            queries = (select(table).where(table.c.name.in_(some)) for some in portions(wanted))
            return [row for query in queries for row in connection.execute(query).mappings()]

        return await self._database.run(work)

    async def _set_held(self, digests: list[Digest], *, held: bool) -> None:
        def work(connection: Connection) -> None:
            for some in portions([digest.hex for digest in digests]):
                query = update(ARTIFACTS).where(ARTIFACTS.c.digest.in_(some)).values(held=held)
                connection.execute(query)

        await self._database.run(work)


def sightings_of_boards(connection: Connection, boards: Sequence[str]) -> list[Sighting]:
    """Return what `Artifacts.sightings_of_board` does for each of *boards*, by name."""
    return _held_where(connection, ARTIFACTS.c.board, boards)


def sightings_named(connection: Connection, names: Sequence[str]) -> list[Sighting]:
    """Return what is held of *names*."""
    return _held_where(connection, ARTIFACTS.c.name, names)


def _held_where(
    connection: Connection, column: ColumnElement[str], values: Sequence[str]
) -> list[Sighting]:
    query = _HELD.order_by(ARTIFACTS.c.name)
    queries = (query.where(column.in_(some)) for some in portions(values))
    return [_sighting(row) for query in queries for row in connection.execute(query).mappings()]


def _sighting(row: RowMapping) -> Sighting:
    return Sighting(
        time=row["first_seen"],
        name=row["name"],
        url=whole_url(row["url"], row["name"]),
        board=row["board"],
        digest=Digest(row["digest"]),
        size=row["size"],
        md5=row["md5"] or None,
        verdict=read_verdict(row["verdict"], row["name"]),
        etag=row["etag"],
        last_modified=row["last_modified"],
        content_type=row["content_type"],
    )


def _refusal(row: RowMapping) -> Refusal:
    return Refusal(
        time=row["time"],
        name=row["name"],
        url=row["url"],
        reasons=REASONS.validate_json(row["reasons"]),
        digest=Digest(row["digest"]) if row["digest"] else None,
        size=row["size"],
        retry_at=row["retry_at"],
    )


def _change(row: RowMapping) -> Change:
    return Change(
        time=row["time"],
        name=row["name"],
        url=row["url"],
        first=Digest(row["first"]),
        later=Digest(row["later"]),
    )
