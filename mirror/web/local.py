"""Find what this node rendered for a path, in the root of a publication or in a board's layer.

The heads of all layers are read once, when a publication has become the current one; those
that the one before had too are not read again.  The bytes of a document are read when somebody
asks for it, out of a layer that is hashed whole.  What stands in a layer that can not be read
is damage, and nobody is told that it does not exist.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mirror.errors import ArtifactNotFoundError, DamagedError, MirrorError, NotFoundError
from mirror.publication.local.layer import Layer
from mirror.storage.threads import to_end
from mirror.web.bench import FIRST_BYTE, within
from mirror.web.documents import Document
from mirror.web.heads import TEXT
from mirror.web.loading import MOST_BYTES

if TYPE_CHECKING:
    from mirror.catalog.values import Digest
    from mirror.publication.documents import LocalDocument, PublicationRoot
    from mirror.publication.local.layer import LayerHead, Place
    from mirror.web.documents import Stationery
    from mirror.web.holdings import Blobs

_log = logging.getLogger(__name__)


class LocalLayer:
    """The local layer of the publication *root*."""

    def __init__(self, root: PublicationRoot, blobs: Blobs, stationery: Stationery) -> None:
        self._root = root
        self._blobs = blobs
        self._stationery = stationery
        #: What each layer has that was read so far.
        self.heads: dict[Digest, LayerHead] = {}
        self._places: dict[str, tuple[Digest, Place]] = {}
        self._unread = set(root.layers)
        self._looked = asyncio.Event()
        self._looking = asyncio.Lock()

    async def look(self, before: LocalLayer | None) -> None:
        """Read the heads of all layers, but for those that *before* has read."""
        if self._looked.is_set():
            return
        known = before.heads if before else {}
        ours = self._root.layers.values()
        self.heads = {digest: known[digest] for digest in ours if digest in known}
        await self._read_heads()
        self._looked.set()

    async def read(self, path: str) -> Document:
        """Return the document for *path*; raise `NotFoundError`, or what is wrong with it.

        Raises `BusyError` when it can not be known soon what there is.
        """
        document = self._root.documents.get(path)
        if document is not None:
            return await self._of_root(document)
        digest, place = await self._find(path)
        layer = Layer.decode(await self._bytes(digest))
        return Document(
            self._stationery, layer.body(place), place.digest.hex, media_type=place.media_type
        )

    async def paths(self, beginning: str) -> list[str]:
        """Return the paths of all documents that begin so; raise as `read` does."""
        await self._know()
        everything = (*self._root.documents, *self._places)
        found = [path for path in everything if path.startswith(beginning)]
        if not found and self._unread:
            raise DamagedError(f"what there is at {beginning} can not be read")
        return found

    async def _of_root(self, document: LocalDocument) -> Document:
        body = await self._bytes(document.digest)
        # What was published before media types were written out in full.
        media_type = TEXT if document.media_type == "text/plain" else document.media_type
        return Document(self._stationery, body, document.digest.hex, media_type=media_type)

    async def _find(self, path: str) -> tuple[Digest, Place]:
        await self._know()
        if path not in self._places and self._unread:
            await self._read_heads()
        try:
            return self._places[path]
        except KeyError as error:
            if self._unread:
                boards = ", ".join(sorted(self._unread)[:3])
                raise DamagedError(f"the documents of {boards} can not be read") from error
            raise NotFoundError(f"nothing is at {path[:200]!r}") from error

    async def _know(self) -> None:
        """Wait until the heads of all layers were read, as far as they can be."""
        if self._root.layers:
            async with within(FIRST_BYTE, "reading what there is"):
                await self._looked.wait()

    async def _read_heads(self) -> None:
        async with self._looking:
            for board in sorted(self._unread):
                try:
                    head = await self._head(self._root.layers[board])
                except MirrorError as error:
                    _log.warning("the documents of %s can not be read: %s", board, error)
                    continue
                digest = self._root.layers[board]
                for path, place in head.documents.items():
                    self._places[path] = (digest, place)
                self._unread.discard(board)

    async def _head(self, digest: Digest) -> LayerHead:
        if digest not in self.heads:
            layer = await self._bytes(digest)
            self.heads[digest] = (await to_end(Layer.decode, layer)).head
        return self.heads[digest]

    async def _bytes(self, digest: Digest) -> bytes:
        try:
            return await self._blobs.read(digest, max_bytes=MOST_BYTES)
        except ArtifactNotFoundError as error:
            raise DamagedError(f"{digest} is published and not held") from error
