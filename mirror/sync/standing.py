"""What a publication heeds beside what is held: the judgements in force.

Also how a board is rendered again without a crawl: what its document says of upstream is
taken as if a page had just said it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.model import CatalogBoard, Listing
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.documents import Recall, decode_board

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.storage.index import Index
    from mirror.storage.judgements import Recalled


@dataclass(frozen=True, slots=True)
class Standing:
    """The judgements in force: what is recalled, by digest, and which names are hidden."""

    recalls: tuple[Recall, ...]
    hidden: frozenset[str]
    digests: frozenset[Digest]
    names: frozenset[str]

    def recalls_digest(self, digest: Digest) -> bool:
        """Whether nobody may have these bytes."""
        return digest in self.digests

    def recalls_name(self, name: str) -> bool:
        """Whether the bytes of *name*, as far as they were seen, are recalled."""
        return name in self.names


async def standing_judgements(index: Index) -> Standing:
    """Return the judgements in force; raises `StorageError`."""
    recalls = tuple(map(_spelled, await index.recalls()))
    return Standing(
        recalls=recalls,
        hidden=await index.hidden(),
        digests=frozenset(recall.digest for recall in recalls),
        names=frozenset(name for recall in recalls for name in recall.names),
    )


def remembered_in(document: bytes) -> CatalogBoard:
    """Return a board document as its page was read when it was rendered.

    What it names as held is not listed there: it is held, whatever upstream lists.  Raises
    `MalformedValueError` or `ForeignDataError` for what is no board document.
    """
    board = decode_board(document)
    notes = tuple((release.version, release.notes) for release in board.releases if release.notes)
    offered = [
        Listing.at(offer.source, ArtifactName.parse(offer.name), board.board, position)
        for position, offer in enumerate(board.on_demand)
    ]
    return CatalogBoard(board.facts, tuple(offered), notes=notes)


def stamp(now: datetime) -> str:
    """Write *now*, which is in UTC, as documents do: RFC 3339, whole seconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _spelled(recalled: Recalled) -> Recall:
    return Recall(recalled.digest, recalled.names, stamp(recalled.time), recalled.why)
