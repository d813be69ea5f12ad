"""Real images in a folder: which board, variant and version each name says it is.

A name that does not parse, or whose board is not in the table of facts, is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mirror.catalog.names import ArtifactName
from mirror.errors import UnrecognisedNameError
from tests.replica.builds import Build
from tests.replica.facts import BoardFact, board_facts


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A real image, the board it is for, and the build whose only kind it is."""

    path: Path
    fact: BoardFact
    build: Build


def files_of(folder: Path) -> tuple[FolderFile, ...]:
    """Return the images of *folder*, sorted by name."""
    found = (_file(path) for path in sorted(folder.iterdir()) if path.is_file())
    return tuple(file for file in found if file is not None)


def _file(path: Path) -> FolderFile | None:
    try:
        name = ArtifactName.parse(path.name)
    except UnrecognisedNameError:
        return None
    fact, variant = _board_of(name)
    if fact is None:
        return None
    build = Build(
        board=fact.board,
        variant=variant,
        version=name.version.text,
        date=name.date,
        kinds=(name.kind,),
        root=path.name.removesuffix(f".{name.kind.value}"),
        made_for=fact.board,
    )
    return FolderFile(path, fact, build)


def _board_of(name: ArtifactName) -> tuple[BoardFact | None, str | None]:
    """Return the board, told without its port where an old id stood for one board only."""
    known = board_facts()
    ports = {fact.port for fact in known.values()}
    builds = {name.present(port) for port in ports}
    candidates = [build for build in builds if build.board in known]
    if len(candidates) != 1:
        return None, None
    return known[candidates[0].board], candidates[0].variant
