"""Bring the index forward along the ledger, in one transaction with the place reached.

The same lines in the same order give the same rows, however they were cut into portions;
so an index that fell behind, or begins from nothing, ends as if it had always been there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from mirror.catalog.values import Digest
from mirror.formats.verdict import Finding
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.brief import write_verdict
from mirror.storage.database import portions
from mirror.storage.entries import (
    START,
    Change,
    Decision,
    Look,
    Position,
    Refusal,
    Removal,
    Return,
    Sighting,
    Withdrawal,
)
from mirror.storage.judgements import What, follow_decision
from mirror.storage.pending_rows import forget, put, settle, tell_pending
from mirror.storage.siblings import (
    insert_disagreements,
    remember_siblings,
    sibling_names,
    tell_siblings,
)
from mirror.storage.tables import ABSENCES, ARTIFACTS, CHANGES, MARKS, PENDING, REFUSALS
from mirror.storage.words import brief_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from sqlalchemy import Connection, Table

    from mirror.storage.entries import Entry, Recorded

    _Row: TypeAlias = dict[str, Any]

REASONS = Shape(tuple[Finding, ...])

_POSITION = "ledger"


def position(connection: Connection) -> Position:
    """Return the place that the index has reached."""
    query = select(MARKS.c.value).where(MARKS.c.key == _POSITION)
    value = connection.execute(query).scalar()
    if value is None:
        return START
    number, digest = value.split()
    return Position(int(number), Digest(digest))


def follow(connection: Connection, records: Sequence[Recorded]) -> bool:
    """Follow *records*; do nothing and return False unless they stand behind `position`."""
    if not records:
        return True
    place, first = position(connection), records[0]
    if first.previous != place.digest or first.position.number != place.number + 1:
        return False
    for some in portions(records):
        _apply_some(connection, some)
    _set_position(connection, records[-1].position)
    return True


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that some entries concern, by name."""

    artifacts: dict[str, _Row]
    refusals: dict[str, _Row]
    pending: dict[str, _Row]

    def tables(self) -> list[tuple[Table, dict[str, _Row]]]:
        return [(ARTIFACTS, self.artifacts), (REFUSALS, self.refusals), (PENDING, self.pending)]


def _apply_some(connection: Connection, records: Sequence[Recorded]) -> None:
    entries = [record.entry for record in records]
    names = _names_in(connection, entries)
    rows = _Rows(*(_rows_of(connection, one, names) for one in (ARTIFACTS, REFUSALS, PENDING)))
    before = [set(found) for _, found in rows.tables()]
    for entry in entries:
        _apply(connection, rows, entry)
    for (table, found), known in zip(rows.tables(), before, strict=True):
        _replace(connection, table, known, found.values())


def _names_in(connection: Connection, entries: Iterable[Entry]) -> set[str]:
    """Return the names whose rows *entries* may change."""
    names: set[str] = set()
    decisions: list[Decision] = []
    for entry in entries:
        match entry:
            case Sighting():
                names.update((entry.name, *sibling_names(entry)))
            case Refusal() | Change() | Look():
                names.add(entry.name)
            case Removal():
                names.update(entry.names)
            case Decision():
                decisions.append(entry)
    return names | _names_decided_on(connection, decisions) if decisions else names


def _apply(connection: Connection, rows: _Rows, entry: Entry) -> None:
    match entry:
        case Sighting():
            _see(rows, entry)
            insert_disagreements(connection, entry)
        case Look():
            settled = settle(rows.pending, entry)
            if settled is not None:
                _accept(rows.artifacts, settled)
        case Refusal():
            rows.refusals[entry.name] = _refusal_row(entry)
            forget(rows.pending, entry.name, entry.digest)
        case Change():
            _insert_change(connection, entry)
            forget(rows.pending, entry.name, entry.first)
        case _:
            _apply_to_what_is_known(connection, rows, entry)


def _apply_to_what_is_known(
    connection: Connection, rows: _Rows, entry: Removal | Withdrawal | Return | Decision
) -> None:
    match entry:
        case Removal():
            _let_go(rows.artifacts, entry)
        case Withdrawal():
            _forget_absence(connection, entry.name)
            connection.execute(insert(ABSENCES), [_absence_row(entry)])
        case Return():
            _forget_absence(connection, entry.name)
        case Decision():
            _decide(rows.artifacts, entry)
            follow_decision(connection, entry)


def _see(rows: _Rows, sighting: Sighting) -> None:
    rows.refusals.pop(sighting.name, None)
    if sighting.awaits:
        put(rows.pending, sighting)
    else:
        rows.pending.pop(sighting.name, None)
        _accept(rows.artifacts, sighting)
    tell_siblings(rows.artifacts, sighting)
    tell_pending(rows.pending, sighting)


def _accept(artifacts: dict[str, _Row], sighting: Sighting) -> None:
    first = artifacts.get(sighting.name)
    if first is None:
        artifacts[sighting.name] = _sighting_row(sighting)
    elif first["digest"] == sighting.digest.hex:
        first_seen = {"first_seen": first["first_seen"]}
        artifacts[sighting.name] = _sighting_row(sighting) | first_seen
        remember_siblings(artifacts[sighting.name], first)


def _let_go(artifacts: dict[str, _Row], removal: Removal) -> None:
    for name in removal.names:
        if name in artifacts and artifacts[name]["digest"] == removal.digest.hex:
            artifacts[name] = artifacts[name] | {"held": False}


def _names_decided_on(connection: Connection, decisions: Iterable[Decision]) -> set[str]:
    """Return the names whose artifacts *decisions* change."""
    accepted = {one.subject for one in decisions if one.what == What.ACCEPT}
    recalled = [one.subject.removeprefix("sha256:") for one in decisions if one.what == What.RECALL]
    query = select(ARTIFACTS.c.name).where(ARTIFACTS.c.digest.in_(recalled))
    return accepted | set(connection.execute(query).scalars())


def _decide(artifacts: dict[str, _Row], decision: Decision) -> None:
    if decision.what == What.ACCEPT and decision.digest is not None:
        # The sighting of the accepted bytes comes next, and is the first of its name then.
        artifacts.pop(decision.subject, None)
    elif decision.what == What.RECALL:
        for row in artifacts.values():
            row["held"] = row["held"] and row["digest"] != decision.subject.removeprefix("sha256:")


def _insert_change(connection: Connection, change: Change) -> None:
    same = (CHANGES.c.name == change.name) & (CHANGES.c.later == change.later.hex)
    connection.execute(delete(CHANGES).where(same))
    connection.execute(insert(CHANGES), [_change_row(change)])


def _forget_absence(connection: Connection, name: str) -> None:
    connection.execute(delete(ABSENCES).where(ABSENCES.c.name == name))


def _rows_of(connection: Connection, table: Table, names: Iterable[str]) -> dict[str, _Row]:
    query = select(table).where(table.c.name.in_(list(names)))
    return {row["name"]: dict(row) for row in connection.execute(query).mappings()}


def _replace(
    connection: Connection, table: Table, before: Iterable[str], rows: Iterable[_Row]
) -> None:
    # Deleted and inserted, not "upserted": every database knows these two.
    if names := list(before):
        connection.execute(delete(table).where(table.c.name.in_(names)))
    if values := list(rows):
        connection.execute(insert(table), values)


def _set_position(connection: Connection, place: Position) -> None:
    value = f"{place.number} {place.digest.hex}"
    moved = connection.execute(
        update(MARKS).where(MARKS.c.key == _POSITION).values(value=value)
    ).rowcount
    if not moved:
        connection.execute(insert(MARKS).values(key=_POSITION, value=value))


def _sighting_row(sighting: Sighting) -> _Row:
    return {
        "name": sighting.name,
        "url": brief_url(sighting.url, sighting.name),
        "board": sighting.board,
        "digest": sighting.digest.hex,
        "size": sighting.size,
        "md5": sighting.md5 or "",
        "verdict": write_verdict(sighting.verdict, sighting.name),
        "etag": sighting.etag,
        "last_modified": sighting.last_modified,
        "content_type": sighting.content_type,
        "first_seen": sighting.time,
        "held": True,
    }


def _refusal_row(refusal: Refusal) -> _Row:
    return {
        "name": refusal.name,
        "url": refusal.url,
        "time": refusal.time,
        "reasons": REASONS.dump_json(refusal.reasons).decode(),
        "digest": refusal.digest.hex if refusal.digest else None,
        "size": refusal.size,
        "retry_at": refusal.retry_at,
    }


def _change_row(change: Change) -> _Row:
    return {
        "name": change.name,
        "later": change.later.hex,
        "first": change.first.hex,
        "url": change.url,
        "time": change.time,
    }


def _absence_row(withdrawal: Withdrawal) -> _Row:
    return {
        "name": withdrawal.name,
        "board": withdrawal.board,
        "since": withdrawal.since,
        "withdrawn": withdrawal.time,
    }
