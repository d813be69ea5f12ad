"""Render the local layer of a publication: boards that changed, and what names all boards.

What another publication rendered of the same board, in the same way, is taken over.  A layer
that turns out damaged is rendered again from its board document.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, ForeignDataError, MalformedValueError
from mirror.publication.documents import (
    ContentRoot,
    LocalDocument,
    PublicationRoot,
    decode_board,
)
from mirror.publication.keys import KEY_PATH
from mirror.publication.local.dialect import TEXT, Documents, Rendered, Site
from mirror.publication.local.layer import ALL_BOARDS, Layer, local_digests
from mirror.publication.local.rendering import fingerprint, packed, render_layer, render_lists
from mirror.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping


# A board document has a few kB for each release; the largest real one stays under 1 MB.
MOST_BYTES: Final = 64 * 1024 * 1024
# So many layers, or bytes of them, are in memory before they are written, all with one wait.
_AT_ONCE: Final = 32
_AT_ONCE_BYTES: Final = 2 * 1024 * 1024

_UNREADABLE: Final = (ArtifactNotFoundError, DamagedError, ForeignDataError, MalformedValueError)


@dataclass(frozen=True, slots=True)
class LocalLayer:
    """What the root of a publication says of its local layer."""

    documents: dict[str, LocalDocument]
    layers: dict[str, Digest]
    rendering: str

    @classmethod
    def of(cls, root: PublicationRoot) -> LocalLayer:
        """Return the local layer of *root*."""
        return cls(root.documents, root.layers, root.rendering)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A publication of which layers are taken over: their boards were rendered from *content*."""

    content: ContentRoot
    local: LocalLayer

    def layers(self, boards: Mapping[str, Digest], rendering: str) -> dict[str, Digest]:
        """Return the layers of those of *boards* that would be rendered as they were."""
        if self.local.rendering != rendering:
            return {}
        published = self.content.boards
        return {
            board: layer
            for board, layer in self.local.layers.items()
            if board in boards and published.get(board) == boards[board]
        }


async def render_local(store: Store, content: ContentRoot, before: Earlier | None) -> LocalLayer:
    """Render the local layer of *content*, and hold all of it durably.

    Raises `DamagedError` or `ArtifactNotFoundError` when a board document that has to be read
    is not sound.
    """
    site = Site(store.public_url, content.upstream)
    rendering = await asyncio.to_thread(fingerprint, site)
    work = _Rendering(store, site)
    known = before.layers(content.boards, rendering) if before else {}
    for board, document in content.boards.items():
        await work.take(board, document, known.get(board))
    await work.write()
    documents = await work.lists(before.local if before else LocalLayer({}, {}, ""))
    return LocalLayer(documents, dict(sorted(work.layers.items())), rendering)


def _key(store: Store) -> Documents:
    """Return the public key of who signs for this node, as a document; nothing without one."""
    signer = store.signatures.signer
    return {} if signer is None else {KEY_PATH: Rendered(signer.public_key.encode(), TEXT)}


@dataclass(slots=True)
class _Rendering:
    store: Store
    site: Site
    layers: dict[str, Digest] = field(default_factory=dict)
    _summaries: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    _waiting: dict[str, bytes] = field(default_factory=dict)

    async def take(self, board: str, document: Digest, known: Digest | None) -> None:
        """Take over the layer *known* of *board*, or render its *document*."""
        layer = await self._find(known)
        if layer is not None and known is not None:
            self.layers[board] = known
        else:
            data = await asyncio.to_thread(self._render, await self._read(document))
            layer = Layer.decode(data)
            self._waiting[board] = data
        for name in layer.head.summaries:
            self._summaries[name].append(layer.summary(name))
        waiting = sum(map(len, self._waiting.values()))
        if len(self._waiting) >= _AT_ONCE or waiting >= _AT_ONCE_BYTES:
            await self.write()

    async def write(self) -> None:
        """Hold the layers that were rendered and are not held yet."""
        digests = await self.store.blobs.put_many(self._waiting.values())
        self.layers.update(zip(self._waiting, digests, strict=True))
        self._waiting.clear()

    async def lists(self, published: LocalLayer) -> dict[str, LocalDocument]:
        """Render what names all boards, of which each was taken, once; *published* was, durably.

        Return what are documents of their own.
        """
        lists = await asyncio.to_thread(render_lists, self._summaries, self.site)
        own, layer = packed({**lists, **_key(self.store)})
        documents = {
            path: LocalDocument(Digest.of(one.body), one.media_type, len(one.body))
            for path, one in own.items()
        }
        self.layers[ALL_BOARDS] = Digest.of(layer)
        durable = local_digests(published)
        for body in (layer, *(one.body for one in own.values())):
            # What is as it was needs no waiting for the disk.
            put = self.store.blobs.put_again if Digest.of(body) in durable else self.store.blobs.put
            await put(body)
        return documents

    async def _find(self, digest: Digest | None) -> Layer | None:
        if digest is None:
            return None
        try:
            return Layer.decode(await self._read(digest))
        except _UNREADABLE:
            return None

    def _render(self, document: bytes) -> bytes:
        return render_layer(decode_board(document), self.site)

    async def _read(self, digest: Digest) -> bytes:
        return await self.store.blobs.read(digest, max_bytes=MOST_BYTES)
