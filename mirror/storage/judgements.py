"""What operators judged and is in force: recalled digests, hidden names, acknowledged alarms.

Everything here follows from the decisions in the ledger, in their order: the last one about a
subject counts, and an undoing takes it away.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, literal, select

from mirror.catalog.values import Digest
from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.storage.tables import ARTIFACTS, CHANGES, JUDGEMENTS, REFUSALS

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping, Select, Table

    from mirror.storage.database import Database
    from mirror.storage.entries import Decision


class What(StrEnum):
    """The words of the decisions that change what is served, or what counts as open."""

    RECALL = "recall"
    RECALL_UNDO = "recall-undo"
    ACCEPT = "accept"
    HIDE = "hide"
    HIDE_UNDO = "hide-undo"
    ACKNOWLEDGE = "acknowledge"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision in force, until *until*, if that is given; times are in UTC."""

    subject: str
    time: datetime
    why: str
    by: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recalled digest: why, since when, and the names that are known to have those bytes."""

    digest: Digest
    time: datetime
    why: str
    names: tuple[str, ...]


_UNDONE = {What.RECALL_UNDO: What.RECALL, What.HIDE_UNDO: What.HIDE}
_IN_FORCE = (What.RECALL, What.HIDE, What.ACKNOWLEDGE)


class Judgements:
    """The part of the index that knows them; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recalls(self) -> tuple[Recalled, ...]:
        """Return what is recalled, by digest."""
        return await self._database.run(_recalls)

    async def recalls_in_force(self) -> dict[str, Judgement]:
        """Return why each recalled digest is, by the digest's text."""
        return await self._in_force(What.RECALL)

    async def recalled_names(self) -> dict[str, Digest]:
        """Return the names whose bytes are recalled, as far as they were seen, with the digest."""
        return await self._database.run(_recalled_names)

    async def hidden(self) -> frozenset[str]:
        """Return the names that are hidden."""
        return frozenset(await self._in_force(What.HIDE))

    async def acknowledged(self) -> dict[str, Judgement]:
        """Return what was acknowledged, by the id of the alarm, also what is over by now."""
        return await self._in_force(What.ACKNOWLEDGE)

    async def _in_force(self, what: What) -> dict[str, Judgement]:
        query = select(JUDGEMENTS).where(JUDGEMENTS.c.what == what).order_by(JUDGEMENTS.c.subject)
        return {row["subject"]: _judgement(row) for row in await self._database.rows(query)}


def follow_decision(connection: Connection, decision: Decision) -> None:
    """Bring what is judged forward by *decision*; what it says of artifacts is not done here."""
    if decision.what in _UNDONE:
        _forget(connection, _UNDONE[What(decision.what)], decision.subject)
    elif decision.what in _IN_FORCE and _is_sound(decision):
        _forget(connection, What(decision.what), decision.subject)
        connection.execute(insert(JUDGEMENTS).values(_row(decision)))
    elif decision.what == What.ACCEPT and decision.digest is not None:
        decided = (CHANGES.c.name == decision.subject) & (CHANGES.c.later == decision.digest.hex)
        connection.execute(delete(CHANGES).where(decided))


def _is_sound(decision: Decision) -> bool:
    if decision.what != What.RECALL:
        return True
    try:
        Digest.parse(decision.subject)
    except MalformedValueError:
        return False
    return True


def _forget(connection: Connection, what: What, subject: str) -> None:
    same = (JUDGEMENTS.c.what == what) & (JUDGEMENTS.c.subject == subject)
    connection.execute(delete(JUDGEMENTS).where(same))


def _recalls(connection: Connection) -> tuple[Recalled, ...]:
    names: dict[str, list[str]] = {}
    for name, digest in sorted(_recalled_names(connection).items()):
        names.setdefault(str(digest), []).append(name)
    query = (
        select(JUDGEMENTS).where(JUDGEMENTS.c.what == What.RECALL).order_by(JUDGEMENTS.c.subject)
    )
    return tuple(
        Recalled(
            digest=Digest.parse(row["subject"]),
            time=row["time"],
            why=row["why"],
            names=tuple(names.get(row["subject"], ())),
        )
        for row in connection.execute(query).mappings()
    )


def _recalled_names(connection: Connection) -> dict[str, Digest]:
    # What was refused under a name counts only where nothing was ever accepted under it.
    refused = _with_recalled(REFUSALS).where(REFUSALS.c.name.not_in(select(ARTIFACTS.c.name)))
    return {
        row.name: Digest(row.digest)
        for query in (refused, _with_recalled(ARTIFACTS))
        for row in connection.execute(query)
    }


def _with_recalled(table: Table) -> Select[tuple[str, str]]:
    recalled = JUDGEMENTS.c.subject == literal("sha256:") + table.c.digest
    return (
        select(table.c.name, table.c.digest)
        .join(JUDGEMENTS, recalled)
        .where(JUDGEMENTS.c.what == What.RECALL)
    )


def _row(decision: Decision) -> dict[str, object]:
    return {
        "what": decision.what,
        "subject": decision.subject,
        "time": decision.time,
        "why": decision.why,
        "by": decision.by,
        "until": decision.until,
    }


def _judgement(row: RowMapping) -> Judgement:
    return Judgement(row["subject"], row["time"], row["why"], row["by"], row["until"])
