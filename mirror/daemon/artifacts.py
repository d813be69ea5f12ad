"""From what the index knows of a file to what serving needs to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.local_names import parse_held
from mirror.web.artifacts import Artifact

if TYPE_CHECKING:
    from mirror.storage.entries import Sighting


def artifact_of(sighting: Sighting) -> Artifact:
    """Return what serving needs to know of what was first seen as *sighting*."""
    name = parse_held(sighting.name)
    facts = sighting.verdict.facts
    return Artifact(
        name=sighting.name,
        board=sighting.board,
        version=str(name.version),
        kind=name.kind,
        size=sighting.size,
        flash_offset=facts.offset if facts else None,
        sums=bytes.fromhex(sighting.digest.hex + (sighting.md5 or "")),
    )
