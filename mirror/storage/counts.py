"""Count what the index knows to be held: by board, on demand or not, withdrawn or not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select

from mirror.frozen import dataclass
from mirror.storage.tables import ABSENCES, ARTIFACTS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from sqlalchemy import Connection

    from mirror.storage.database import Database


@dataclass(frozen=True, slots=True)
class Group:
    """What artifacts have in common: their board, whether they are on demand, or withdrawn."""

    board: str
    on_demand: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """How many artifacts of each group are held, and their bytes; and which names are not held."""

    artifacts: Counter[Group]
    size: Counter[Group]
    absent: frozenset[str]


class Counts:
    """The part of the index that counts; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_held(self, on_demand: Container[str], wanted: Iterable[str]) -> Counted:
        """Count what is held, of which the names in *on_demand* are on demand.

        Also says which of *wanted* are not held.
        """
        absent = set(wanted)

        def work(connection: Connection) -> Counted:
            artifacts: Counter[Group] = Counter()
            size: Counter[Group] = Counter()
            # Row by row, in one look: of twenty thousand few groups are left.
            for name, board, length, withdrawn in connection.execute(_HELD):
                group = Group(board, name in on_demand, bool(withdrawn))
                artifacts[group] += 1
                size[group] += length
                absent.discard(name)
            return Counted(artifacts, size, frozenset(absent))

        return await self._database.run(work)


_HELD = (
    select(
        ARTIFACTS.c.name,
        ARTIFACTS.c.board,
        ARTIFACTS.c.size,
        ABSENCES.c.withdrawn.is_not(None),
    )
    .select_from(ARTIFACTS.outerjoin(ABSENCES, ABSENCES.c.name == ARTIFACTS.c.name))
    .where(ARTIFACTS.c.held)
)
