"""What is said of held files beyond themselves: withdrawn, other names, boards renamed.

All of it follows from the index and from the board's last document, so that the same
holdings give the same documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from mirror.catalog.local_names import LocalName, is_local
from mirror.catalog.names import ArtifactName
from mirror.catalog.renames import find_renamed
from mirror.frozen import dataclass
from mirror.publication.feeds import all_files
from mirror.publication.own_builds import OwnBuild
from mirror.publication.tree import HeldArtifact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mirror.publication.documents import BoardDocument
    from mirror.storage.entries import Sighting
    from mirror.storage.grounds import Said
    from mirror.storage.index import Index


@dataclass(frozen=True, slots=True)
class Before:
    """What a board's last document said: which names are held, release notes by version."""

    held: Container[str] = frozenset()
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Renames:
    """Which board has become which: new ids by old ones, and old ids by new ones."""

    to: Mapping[str, str]
    since: Mapping[str, tuple[str, ...]]

    def mark(self, document: BoardDocument) -> BoardDocument:
        """Return *document* with what its board was called, or is called now."""
        return replace(
            document,
            renamed_to=self.to.get(document.board),
            renamed_from=self.since.get(document.board, ()),
        )


def before_of(document: BoardDocument) -> Before:
    """Return what the next document of the same board goes on from."""
    notes = {release.version: release.notes for release in document.releases if release.notes}
    return Before({file.name for file in all_files(document)}, notes)


async def find_renames(index: Index) -> Renames:
    """Find the boards that upstream renamed; raises `StorageError`."""
    absent = await index.absent_boards()
    found = {
        board: find_renamed(names, await index.boards_sharing(board))
        for board, names in absent.items()
    }
    to = {old: new for old, new in found.items() if new is not None}
    since: dict[str, list[str]] = defaultdict(list)
    for old, new in to.items():
        since[new].append(old)
    return Renames(to, {new: tuple(olds) for new, olds in since.items()})


def parted(
    sightings: Sequence[Sighting], hidden: Container[str]
) -> tuple[list[OwnBuild], list[Sighting]]:
    """Return the own builds of *sightings*, of which some are *hidden*, and what is upstream's."""
    own = [
        OwnBuild(
            name=LocalName.parse(sighting.name),
            digest=sighting.digest,
            size=sighting.size,
            md5=sighting.md5,
            verdict=sighting.verdict,
            added=sighting.time.date().isoformat(),
            hidden=sighting.name in hidden,
        )
        for sighting in sightings
        if is_local(sighting.name)
    ]
    return own, [sighting for sighting in sightings if not is_local(sighting.name)]


def marked(said: Said, held: Iterable[Sighting], hidden: Container[str]) -> list[HeldArtifact]:
    """Return the artifacts of *held*, with what else is *said* of their names."""
    return [
        HeldArtifact(
            name=ArtifactName.parse(sighting.name),
            source=sighting.url,
            digest=sighting.digest,
            size=sighting.size,
            md5=sighting.md5,
            verdict=sighting.verdict,
            withdrawn=_day(said.withdrawn.get(sighting.name)),
            also_known_as=said.names.get(sighting.name, ()),
            hidden=sighting.name in hidden,
        )
        for sighting in held
    ]


def _day(time: datetime | None) -> str | None:
    return None if time is None else time.date().isoformat()
