"""Compose the document of one board: what is held of it, what is on demand, and what is said.

Nothing is asked here and nothing written: whoever has all facts at hand may do it in a thread.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from mirror.catalog.keeping import still_held
from mirror.catalog.policy import Policy
from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.documents import encode
from mirror.publication.tree import render_board
from mirror.sync.marking import Renames, marked, parted
from mirror.sync.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.catalog.model import CatalogBoard, Listing
    from mirror.storage.entries import Sighting
    from mirror.storage.grounds import Said
    from mirror.sync.marking import Before


@dataclass(frozen=True, slots=True)
class Composed:
    """A board *document*, encoded; ``offered`` are the names on demand, one a line."""

    document: bytes
    digest: Digest
    offered: str


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes documents of one publication; *wanted* are names, None keeps all that is held."""

    policy: Policy | None
    wanted: Collection[str]
    standing: Standing
    renames: Renames

    def compose(self, board: CatalogBoard, said: Said, before: Before) -> Composed:
        """Return the document of *board*; this blocks."""
        hidden = self.standing.hidden
        listed = {str(listing.name): listing for listing in board.listings}
        allowed = [one for one in said.sightings if not self.standing.recalls_digest(one.digest)]
        own, sightings = parted(allowed, hidden)
        held = self._held(board, listed, sightings, before)
        offered = self._offered(listed, held)
        artifacts = marked(said, held.values(), hidden)
        notes = dict(before.notes) | dict(board.notes) | _notes(board)
        document = render_board(board.facts, artifacts, notes, offered, own)
        encoded = encode(self.renames.mark(document))
        names = "\n".join(str(listing.name) for listing in offered)
        return Composed(encoded, Digest.of(encoded), names)

    def _held(
        self,
        board: CatalogBoard,
        listed: Collection[str],
        sightings: Iterable[Sighting],
        before: Before,
    ) -> dict[str, Sighting]:
        # What upstream no longer lists could not be fetched again: held as long as it is kept.
        held = {
            one.name: one
            for one in sightings
            if one.name in self.wanted or one.name in before.held or one.name not in listed
        }
        if self.policy is None:
            return held
        kept = still_held(frozenset(held), self.policy, board.facts.port, self.wanted)
        return {name: one for name, one in held.items() if name in kept}

    def _offered(self, listed: dict[str, Listing], held: Collection[str]) -> list[Listing]:
        # What is wanted and not held is missing, and the next run's business.
        return [
            listing
            for name, listing in listed.items()
            if name not in held and name not in self.wanted and not self.standing.recalls_name(name)
        ]


def _notes(board: CatalogBoard) -> dict[str, str]:
    return {str(listing.name.version): listing.notes for listing in board.listings if listing.notes}
