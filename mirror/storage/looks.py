"""What the index knows of siblings that differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from mirror.storage.tables import DISAGREEMENTS

if TYPE_CHECKING:
    from mirror.storage.database import Database


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The alarm: two files of one build carry different programs."""

    name: str
    sibling: str
    time: datetime


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
