"""When each file on demand was last asked for; all of it may be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from mirror.catalog.values import Digest
from mirror.storage.database import portions
from mirror.storage.tables import ACCESSES, ARTIFACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from mirror.storage.database import Database


class Accesses:
    """The part of the index that remembers accesses; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember_accesses(self, times: Mapping[Digest, datetime]) -> None:
        """Remember the last access to each blob, in one transaction."""
        rows = [{"digest": digest.hex, "time": time} for digest, time in times.items()]

        def work(connection: Connection) -> None:
            for some in portions(rows):
                known = ACCESSES.c.digest.in_([row["digest"] for row in some])
                connection.execute(delete(ACCESSES).where(known))
                connection.execute(insert(ACCESSES), list(some))

        if rows:
            await self._database.run(work)

    async def last_used(self, digests: Iterable[Digest]) -> dict[Digest, datetime]:
        """Return when each of *digests* was last asked for, or else first seen."""
        wanted = [digest.hex for digest in digests]
        seen = select(ARTIFACTS.c.digest, ARTIFACTS.c.first_seen)
        asked = select(ACCESSES.c.digest, ACCESSES.c.time)

        def work(connection: Connection) -> dict[Digest, datetime]:
            found: dict[Digest, datetime] = {}
            for some in portions(wanted):
                for query in (
                    seen.where(ARTIFACTS.c.digest.in_(some)),
                    asked.where(ACCESSES.c.digest.in_(some)),
                ):
                    for digest, time in connection.execute(query):
                        key = Digest(digest)
                        found[key] = max(time, found.get(key, time))
            return found

        return await self._database.run(work)

    async def forget_accesses(self, digests: Iterable[Digest]) -> None:
        """Forget when *digests* were asked for: they are no longer held."""
        wanted = [digest.hex for digest in digests]

        def work(connection: Connection) -> None:
            for some in portions(wanted):
                connection.execute(delete(ACCESSES).where(ACCESSES.c.digest.in_(some)))

        if wanted:
            await self._database.run(work)
