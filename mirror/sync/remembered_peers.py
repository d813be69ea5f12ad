"""The crawl's memory of other mirrors, kept in the store.

What they said is in the index, how far they came is in a file of its own, and the documents
are blobs like all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import ArtifactNotFoundError, DamagedError, TooLargeError
from mirror.storage.peers import PeerPlace
from mirror.upstream.peer_memory import KnownPeer, Reached

if TYPE_CHECKING:
    from mirror.catalog.values import Digest
    from mirror.storage.index import Index
    from mirror.storage.store import Store

_MOST_BYTES: Final = 4 * 1024 * 1024


class RememberedPeers:
    """What *store* remembers of other mirrors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def lineage(self) -> str:
        """This node's own lineage."""
        return self._store.node.lineage

    async def find(self, upstream: str) -> KnownPeer | None:
        """Return what is known of the mirror at *upstream*; None also if it can not be read."""
        return await find_peer(self._store.index, upstream)

    async def remember(self, upstream: str, known: KnownPeer) -> None:
        """Keep *known* in place of what was known."""
        await self._store.index.set_mark(_key(upstream), known.to_json().decode())

    async def forget(self, upstream: str) -> None:
        """Forget that there is a mirror at *upstream*."""
        await self._store.index.set_mark(_key(upstream), "")

    async def held(self, digest: Digest) -> bytes | None:
        """Return a document that this node has itself, if its bytes are right."""
        try:
            return await self._store.blobs.read(digest, max_bytes=_MOST_BYTES)
        except (ArtifactNotFoundError, DamagedError, TooLargeError):
            return None

    async def reached(self, lineage: str) -> Reached | None:
        """Return how far *lineage* was seen."""
        place = await self._store.peers.find(lineage)
        return Reached(place.sequence, place.root) if place else None

    async def reach(self, lineage: str, place: Reached) -> None:
        """Remember, durably, how far *lineage* was seen."""
        await self._store.peers.reach(lineage, PeerPlace(place.sequence, place.root))


async def find_peer(index: Index, upstream: str) -> KnownPeer | None:
    """Return what *index* remembers of the mirror at *upstream*; None if that is nothing."""
    mark = await index.find_mark(_key(upstream))
    if not mark:
        return None
    try:
        return KnownPeer.from_json(mark)
    except DamagedError:
        # Another version wrote it, and losing it costs a few requests.
        return None


def _key(upstream: str) -> str:
    return f"peer {upstream}"
