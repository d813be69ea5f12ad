"""The history of sync runs, and single values by key; all of it may be lost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.tables import MARKS, RUNS

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from mirror.storage.database import Database

_KEPT = 1000
_PREFIX = "mark:"  # apart from the index's own place in the ledger
_COUNTS = Shape(dict[str, int])


@dataclass(frozen=True, slots=True)
class Run:
    """One sync run; ``ended`` and ``outcome`` are None while it goes on, or when it was killed."""

    id: int
    started: datetime
    ended: datetime | None
    outcome: str | None
    counts: dict[str, int]
    message: str


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: its outcome in one word, numbers by name, and a sentence."""

    ended: datetime
    outcome: str
    counts: dict[str, int]
    message: str


class Runs:
    """The part of the index that runs write; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin_run(self, started: datetime) -> int:
        """Remember that a run began; return its number.  The newest 1,000 runs are kept."""

        def work(connection: Connection) -> int:
            number: int = (connection.execute(select(func.max(RUNS.c.id))).scalar() or 0) + 1
            values = {"id": number, "started": started, "counts": "{}", "message": ""}
            connection.execute(insert(RUNS).values(values))
            connection.execute(delete(RUNS).where(RUNS.c.id <= number - _KEPT))
            return number

        return await self._database.run(work)

    async def finish_run(self, run: int, end: RunEnd) -> None:
        """Remember how the run of this number ended."""
        query = (
            update(RUNS)
            .where(RUNS.c.id == run)
            .values(
                ended=end.ended,
                outcome=end.outcome,
                counts=_COUNTS.dump_json(end.counts).decode(),
                message=end.message,
            )
        )
        await self._database.execute(query)

    async def last_runs(self, limit: int) -> list[Run]:
        """Return the newest runs, newest first, at most *limit*."""
        query = select(RUNS).order_by(RUNS.c.id.desc()).limit(limit)
        return [_run(row) for row in await self._database.rows(query)]

    async def find_mark(self, key: str) -> str | None:
        """Return the value that was set for *key*."""
        rows = await self._database.rows(select(MARKS.c.value).where(MARKS.c.key == _PREFIX + key))
        return rows[0]["value"] if rows else None

    async def set_mark(self, key: str, value: str) -> None:
        """Set the value of *key*."""
        forget = delete(MARKS).where(MARKS.c.key == _PREFIX + key)
        await self._database.execute(forget, insert(MARKS).values(key=_PREFIX + key, value=value))


def _run(row: RowMapping) -> Run:
    return Run(
        id=row["id"],
        started=row["started"],
        ended=row["ended"],
        outcome=row["outcome"],
        counts=_COUNTS.validate_json(row["counts"]),
        message=row["message"],
    )
