"""Render the local layer of a publication: boards that changed, and what names all boards.

What another publication rendered of the same board, with the same photographs and in the same
way, is taken over; also of a board that is the same but for what is on demand.  A layer that
turns out damaged is rendered again from its board document.
"""

from __future__ import annotations

import asyncio
import itertools
import zlib
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
from mirror.publication.local.dialect import TEXT, Documents, Rendered, Site
from mirror.publication.local.layer import ALL_BOARDS, Layer, encode_layer, local_digests
from mirror.publication.local.rendering import (
    fingerprint,
    is_own,
    render_layer,
    render_lists,
    render_offers,
    same_but_for_offers,
)
from mirror.publication.photographs import PhotographsDocument, decode_photographs
from mirror.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping


# A board document has a few kB for each release; the largest real one stays under 1 MB.
MOST_BYTES: Final = 64 * 1024 * 1024
# So many layers, or bytes of them, are in memory before they are written, all with one wait.
_AT_ONCE: Final = 32
_AT_ONCE_BYTES: Final = 512 * 1024

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
class Known:
    """A board document, and the layer that was rendered from it."""

    document: Digest
    layer: Digest


@dataclass(frozen=True, slots=True)
class Earlier:
    """A publication of which layers are taken over: their boards were rendered from *content*."""

    content: ContentRoot
    local: LocalLayer

    def known(self, rendering: str, pictured: Container[str]) -> dict[str, Known]:
        """Return of which documents there are layers that would be rendered as they were.

        Not of boards that are *pictured* otherwise now.
        """
        if self.local.rendering != rendering:
            return {}
        layers = self.local.layers
        return {
            board: Known(document, layers[board])
            for board, document in self.content.boards.items()
            if board in layers and board not in pictured
        }


async def render_local(store: Store, content: ContentRoot, before: Earlier | None) -> LocalLayer:
    """Render the local layer of *content*, and hold all of it durably.

    Raises `DamagedError` or `ArtifactNotFoundError` when a board document that has to be read
    is not sound.
    """
    site = Site(store.public_url, content.upstream, await _photographs(store, content))
    rendering = await asyncio.to_thread(fingerprint, site)
    work = _Rendering(store, site)
    pictured = await _pictured_otherwise(store, before.content, site) if before else ()
    known = before.known(rendering, pictured) if before else {}
    for board, document in content.boards.items():
        await work.take(board, document, known.get(board))
    await work.write()
    documents = await work.lists(before.local if before else LocalLayer({}, {}, ""))
    return LocalLayer(documents, dict(sorted(work.layers.items())), rendering)


async def _photographs(store: Store, content: ContentRoot) -> PhotographsDocument:
    """Return the photographs of *content*; none if they can not be read: they hold nothing back."""
    if content.photographs is None:
        return PhotographsDocument()
    try:
        data = await store.blobs.read(content.photographs, max_bytes=MOST_BYTES)
        return await asyncio.to_thread(decode_photographs, data)
    except _UNREADABLE:
        return PhotographsDocument()


async def _pictured_otherwise(store: Store, before: ContentRoot, site: Site) -> set[str]:
    """Return the boards of which other photographs are held than in the content *before*."""
    earlier, now = (await _photographs(store, before)).boards, site.photographs.boards
    return {board for board in earlier.keys() | now.keys() if earlier.get(board) != now.get(board)}


def _keys(store: Store) -> Documents:
    """Return what is told of the keys that sign for this node; nothing without one."""
    signer = store.signatures.signer
    papers = signer.papers if signer else {}
    return {path: Rendered(text.encode(), TEXT) for path, text in papers.items()}


def _some(lists: Iterator[tuple[str, Rendered]]) -> dict[str, Rendered]:
    """Return the next of *lists*, which may be rendered only now; nothing after the last."""
    found: dict[str, Rendered] = {}
    size = 0
    for path, rendered in lists:
        found[path] = rendered
        size += len(rendered.body)
        if size >= _AT_ONCE_BYTES:
            break
    return found


@dataclass(slots=True)
class _Rendering:
    store: Store
    site: Site
    layers: dict[str, Digest] = field(default_factory=dict)
    _summaries: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    _waiting: dict[str, bytes] = field(default_factory=dict)

    async def take(self, board: str, document: Digest, known: Known | None) -> None:
        """Take over the layer *known* of *board*, or as much of it as its *document* lets."""
        same = known if known and known.document == document else None
        layer = await self._find(same.layer) if same else None
        if same and layer is not None:
            self.layers[board] = same.layer
        else:
            before = await self._before(known) if known and not same else None
            data = await asyncio.to_thread(self._render, await self._read(document), before)
            layer = Layer.decode(data)
            self._waiting[board] = data
        for name in layer.head.summaries:
            # All of them together are many megabytes of words that are everywhere the same.
            self._summaries[name].append(zlib.compress(layer.summary(name), 1))
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
        lists = itertools.chain(render_lists(self._taken, self.site), _keys(self.store).items())
        durable = local_digests(published)
        documents: dict[str, LocalDocument] = {}
        packed: dict[str, Rendered] = {}
        while some := await asyncio.to_thread(_some, lists):
            packed |= {path: some.pop(path) for path in list(some) if not is_own(path, some[path])}
            documents |= await self._own(some, durable)
            # Before the next are made: the sums alone are two megabytes.
            some.clear()
        (self.layers[ALL_BOARDS],) = await self._hold(
            [encode_layer(ALL_BOARDS, packed, {})], durable
        )
        return dict(sorted(documents.items()))

    async def _own(
        self, some: Mapping[str, Rendered], durable: Container[Digest]
    ) -> dict[str, LocalDocument]:
        digests = await self._hold([one.body for one in some.values()], durable)
        return {
            path: LocalDocument(digest, one.media_type, len(one.body))
            for digest, (path, one) in zip(digests, some.items(), strict=True)
        }

    def _taken(self, dialect: str) -> Iterator[bytes]:
        return map(zlib.decompress, self._summaries.pop(dialect, ()))

    async def _hold(self, bodies: list[bytes], durable: Container[Digest]) -> list[Digest]:
        """Hold *bodies*; for those that are *durable*, as they were, the disk is not waited for."""
        digests = {body: Digest.of(body) for body in bodies}
        await self.store.blobs.put_many(b for b, digest in digests.items() if digest not in durable)
        for body in (body for body, digest in digests.items() if digest in durable):
            await self.store.blobs.put_again(body)
        return [digests[body] for body in bodies]

    async def _find(self, digest: Digest) -> Layer | None:
        try:
            return Layer.decode(await self._read(digest))
        except _UNREADABLE:
            return None

    async def _before(self, known: Known) -> tuple[bytes, Layer] | None:
        both = (known.document, known.layer)
        try:
            document, layer = await self.store.blobs.read_all(both, max_bytes=MOST_BYTES)
            return document, Layer.decode(layer)
        except _UNREADABLE:
            return None

    def _render(self, document: bytes, before: tuple[bytes, Layer] | None) -> bytes:
        board = decode_board(document)
        if before is not None and same_but_for_offers(before[0], document):
            return render_offers(board, self.site, before[1])
        return render_layer(board, self.site)

    async def _read(self, digest: Digest) -> bytes:
        return await self.store.blobs.read(digest, max_bytes=MOST_BYTES)
