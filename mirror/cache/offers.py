"""What can be fetched on demand: exactly what the current publication says of it.

So a name that upstream does not list never leads to a request, and what is offered is what
clients read in the feed.  It follows the pointer and needs no database.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mirror.catalog.model import BoardFacts, Listing
from mirror.catalog.names import ArtifactName
from mirror.frozen import dataclass
from mirror.publication.documents import decode_board, decode_content, decode_publication

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from mirror.catalog.values import Digest
    from mirror.publication.documents import BoardDocument
    from mirror.storage.store import StoreReader

_MOST_BYTES: Final = 64 * 1024 * 1024
_NOT_LOOKED: Final = object()


@dataclass(frozen=True, slots=True)
class Offer:
    """A file on demand: where upstream has it, and what is known of its board."""

    source: str
    facts: BoardFacts

    def listing(self, name: str) -> Listing:
        """Return it as upstream's claim about the file *name*."""
        return Listing.at(self.source, ArtifactName.parse(name), self.facts.board)


class Offers:
    """The offers of the current publication of *store*."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._token: Hashable = _NOT_LOOKED
        self._boards: dict[Digest, Mapping[str, Offer]] = {}
        self._offers: dict[str, Offer] = {}
        self._looking = asyncio.Lock()

    async def find(self, name: str) -> Offer | None:
        """Return the offer of *name*; raise a `MirrorError` when the publication is damaged."""
        async with self._looking:
            token = self._store.publications.changed()
            if token != self._token:
                await self._look()
                self._token = token
        return self._offers.get(name)

    async def _look(self) -> None:
        """Read the boards that changed; those that did not are kept."""
        root = await self._store.publications.current()
        if root is None:
            return
        publication = decode_publication(await self._read(root))
        content = decode_content(await self._read(publication.content))
        self._boards = {
            digest: self._boards.get(digest) or await self._read_offers(digest)
            for digest in content.boards.values()
        }
        self._offers = {
            name: offer for offers in self._boards.values() for name, offer in offers.items()
        }

    async def _read_offers(self, digest: Digest) -> Mapping[str, Offer]:
        return await asyncio.to_thread(_offers_of, await self._read(digest))

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=_MOST_BYTES)


def _offers_of(document: bytes) -> Mapping[str, Offer]:
    board = decode_board(document)
    facts = _facts(board)
    return {offered.name: Offer(offered.source, facts) for offered in board.on_demand}


def _facts(board: BoardDocument) -> BoardFacts:
    """Return what a verdict needs to know of the board, and no more: it stays in memory."""
    return BoardFacts(
        board=board.board,
        page=board.page,
        product=board.product,
        vendor=board.vendor,
        port=board.port,
        mcu=board.mcu,
        flash_offset=board.flash_offset,
    )
