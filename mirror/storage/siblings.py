"""What a sighting says of its siblings, carried over to what the index says of them.

An artifact that came second was compared with those that were there, and its line of the
ledger says how that went.  Here the others learn it, the same way however often it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from mirror.formats.siblings import with_agreement, with_difference
from mirror.storage.brief import read_verdict, write_verdict
from mirror.storage.tables import DISAGREEMENTS

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from sqlalchemy import Connection

    from mirror.formats.verdict import Verdict
    from mirror.storage.entries import Sighting

    _Row: TypeAlias = dict[str, Any]


def sibling_names(sighting: Sighting) -> tuple[str, ...]:
    """Return the siblings with which *sighting* was compared."""
    return sighting.verdict.agrees_with + sighting.verdict.differs_from


def tell_siblings(rows: dict[str, _Row], sighting: Sighting) -> None:
    """Change those of *rows*, by name, that *sighting* agrees with or differs from."""
    for name in sighting.verdict.agrees_with:
        if name in rows:
            _change(rows[name], with_agreement(_verdict(rows[name]), sighting.name))
    for name in sighting.verdict.differs_from:
        if name in rows:
            _change(rows[name], with_difference(_verdict(rows[name]), sighting.name))


def remember_siblings(row: _Row, before: _Row) -> None:
    """Let *row*, of the same bytes as *before*, know what was known of its siblings."""
    verdict, known = _verdict(row), _verdict(before)
    for name in known.agrees_with:
        verdict = with_agreement(verdict, name)
    for name in known.differs_from:
        verdict = with_difference(verdict, name)
    _change(row, verdict)


def insert_disagreements(connection: Connection, sighting: Sighting) -> None:
    """Write down with which siblings *sighting* disagrees: the alarm that somebody is to judge."""
    for sibling in sighting.verdict.differs_from:
        columns = DISAGREEMENTS.c
        same = (columns.name == sighting.name) & (columns.sibling == sibling)
        connection.execute(delete(DISAGREEMENTS).where(same))
        row = {"name": sighting.name, "sibling": sibling, "time": sighting.time}
        connection.execute(insert(DISAGREEMENTS), [row])


def _verdict(row: _Row) -> Verdict:
    return read_verdict(row["verdict"], row["name"])


def _change(row: _Row, verdict: Verdict) -> None:
    row["verdict"] = write_verdict(verdict, row["name"])
