"""What the index knows of second looks: siblings that differ, and who was looked at when.

When a file was looked at last may be lost: then it is looked at again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from mirror.catalog.values import Digest
from mirror.errors import DigestMismatchError
from mirror.frozen import dataclass
from mirror.storage.database import portions
from mirror.storage.pending_rows import sighting_in
from mirror.storage.tables import ARTIFACTS, CHANGES, DISAGREEMENTS, LOOKED, PENDING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from mirror.storage.database import Database
    from mirror.storage.entries import Sighting


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The alarm: two files of one build carry different programs."""

    name: str
    sibling: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A held artifact that was not looked at for a while.

    ``checksummed`` is whether its kind carries a checksum over its content.
    """

    name: str
    digest: Digest
    checksummed: bool


class Looks:
    """The part of the index about second looks; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def disagreements(self, limit: int = 100) -> list[Disagreement]:
        """Return the newest alarms about siblings, newest first."""
        columns = DISAGREEMENTS.c
        query = select(DISAGREEMENTS).order_by(columns.time.desc(), columns.name).limit(limit)
        return [
            Disagreement(row["name"], row["sibling"], row["time"])
            for row in await self._database.rows(query)
        ]

    async def due(self, before: datetime) -> list[Due]:
        """Return what is held and was neither seen first nor looked at since *before*.

        The longest not looked at comes first.
        """
        last = func.coalesce(LOOKED.c.time, ARTIFACTS.c.first_seen)
        # A verdict says nothing of a checksum that is none, and foreign quotes are escaped in it.
        checksummed = ARTIFACTS.c.verdict.contains('"checksummed":')
        query = (
            select(ARTIFACTS.c.name, ARTIFACTS.c.digest, checksummed.label("checksummed"))
            .select_from(ARTIFACTS.outerjoin(LOOKED, LOOKED.c.name == ARTIFACTS.c.name))
            .where(ARTIFACTS.c.held, last < before)
            .order_by(last, ARTIFACTS.c.name)
        )
        return [
            Due(row["name"], Digest(row["digest"]), bool(row["checksummed"]))
            for row in await self._database.rows(query)
        ]

    async def looked_at(self, names: Iterable[str], now: datetime) -> None:
        """Remember that *names* were looked at, in one transaction."""
        wanted = list(names)

        def work(connection: Connection) -> None:
            for some in portions(wanted):
                connection.execute(delete(LOOKED).where(LOOKED.c.name.in_(some)))
                rows = [{"name": name, "time": now} for name in some]
                connection.execute(insert(LOOKED), rows)

        if wanted:
            await self._database.run(work)

    async def pending(self) -> dict[str, Sighting]:
        """Return all that awaits a second look, by name."""
        rows = await self._database.rows(select(PENDING))
        return {row["name"]: sighting_in(dict(row)) for row in rows}

    async def pending_of(self, names: Iterable[str]) -> dict[str, Sighting]:
        """Return those of *names* that await a second look."""
        wanted = list(names)

        def work(connection: Connection) -> dict[str, Sighting]:
            queries = (select(PENDING).where(PENDING.c.name.in_(some)) for some in portions(wanted))
            rows = (row for query in queries for row in connection.execute(query).mappings())
            return {row["name"]: sighting_in(dict(row)) for row in rows}

        return await self._database.run(work)

    async def doubted_names(self) -> frozenset[str]:
        """Return the names that await a second look, or that gave several bytes."""
        waiting, differing = select(PENDING.c.name), select(CHANGES.c.name)
        rows = await self._database.rows(waiting.union(differing).subquery().select())
        return frozenset(row["name"] for row in rows)

    async def awaits_look(self, name: str) -> bool:
        """Whether *name* awaits a second look.

        Raises `DigestMismatchError` when two looks at it gave different bytes, and none were
        accepted since.
        """
        accepted = select(ARTIFACTS.c.name).where(ARTIFACTS.c.name == name)
        differed = select(CHANGES.c.name).where(CHANGES.c.name == name, ~accepted.exists())
        waiting = select(PENDING.c.name).where(PENDING.c.name == name)

        def work(connection: Connection) -> bool:
            if connection.execute(waiting).first() is not None:
                return True
            if connection.execute(differed).first() is not None:
                raise DigestMismatchError(
                    f"{name}: two looks at it gave different bytes: neither is taken until "
                    "somebody has judged them"
                )
            return False

        return await self._database.run(work)

    async def has_changed_to(self, name: str, later: Digest) -> bool:
        """Whether the alarm that *name* has the bytes *later* now was raised already."""
        same = (CHANGES.c.name == name) & (CHANGES.c.later == later.hex)
        return bool(await self._database.rows(select(CHANGES.c.name).where(same)))
