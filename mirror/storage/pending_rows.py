"""The rows of artifacts that await a second look: no others know of them.

They are no part of what is held.  A row goes when the artifact is accepted, when it is refused,
and when later bytes came that are not the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.formats.siblings import with_agreement, with_difference
from mirror.shapes import Shape
from mirror.storage.entries import Sighting

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from mirror.catalog.values import Digest
    from mirror.storage.entries import Look

    _Row: TypeAlias = dict[str, Any]

_SIGHTINGS = Shape(Sighting)


def sighting_in(row: _Row) -> Sighting:
    """Return what is pending in *row*."""
    return _SIGHTINGS.validate_json(row["sighting"])


def put(rows: dict[str, _Row], sighting: Sighting) -> None:
    """Let *sighting* wait; what was known of its name counts no longer."""
    document = _SIGHTINGS.dump_json(replace(sighting, evidence=None), exclude_defaults=True)
    rows[sighting.name] = {
        "name": sighting.name,
        "digest": sighting.digest.hex,
        "sighting": document.decode(),
    }


def settle(rows: dict[str, _Row], look: Look) -> Sighting | None:
    """Let what is pending wait for less; return it, and let it go, when that is nothing."""
    row = rows.get(look.name)
    if row is None or row["digest"] != look.digest.hex:
        return None
    sighting = replace(sighting_in(row), awaits=look.awaits)
    if sighting.awaits:
        put(rows, sighting)
        return None
    del rows[look.name]
    return sighting


def forget(rows: dict[str, _Row], name: str, digest: Digest | None) -> None:
    """Let *name* wait no longer if it is the bytes *digest* that did."""
    if digest is not None and name in rows and rows[name]["digest"] == digest.hex:
        del rows[name]


def tell_pending(rows: dict[str, _Row], sighting: Sighting) -> None:
    """Change those of *rows* that *sighting* agrees with or differs from."""
    verdict = sighting.verdict
    for name in (*verdict.agrees_with, *verdict.differs_from):
        if name in rows:
            known = sighting_in(rows[name])
            change = with_agreement if name in verdict.agrees_with else with_difference
            put(rows, replace(known, verdict=change(known.verdict, sighting.name)))
