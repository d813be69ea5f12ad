"""Copies of what is in a bundle, in the incoming folder: judged there, kept or taken away."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mirror.storage.threads import to_end
from mirror.transfer.bundles.reading import Hashed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

    from mirror.catalog.values import Digest
    from mirror.publication.bundle import Piece
    from mirror.storage.incoming import Incoming
    from mirror.storage.store import Store
    from mirror.transfer.bundles.reading import Bytes, Sink

_MOST_BYTES = 64 * 1024 * 1024
_PORTION = 1 << 20
_AT_ONCE = 64


class Staging:
    """The copies of one import over *store*; what the store holds already is not copied."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._copies: dict[Digest, Incoming] = {}
        self._known: set[Digest] = set()

    @asynccontextmanager
    async def taking(self, piece: Piece) -> AsyncIterator[Sink]:
        """Give where the bytes of *piece* go to; what was copied before is only hashed again."""
        digest = piece.digest
        if await self._store.blobs.has(digest):
            self._known.add(digest)
            yield Hashed()
            return
        incoming = self._store.incoming.open(
            f"bundle-{digest.hex}", f"bundle:{digest.hex}", md5=False
        )
        self._copies[digest] = incoming
        async with incoming:
            # As many bytes may be others: a bundle that was changed, whose import was killed.
            if incoming.size == piece.size and (await incoming.finish()).digest == digest:
                yield Hashed()
            else:
                await incoming.restart(None)
                yield _Copy(incoming)

    def holds(self, digest: Digest) -> bool:
        """Whether the bundle brought *digest*."""
        return digest in self._copies or digest in self._known

    def is_new(self, digest: Digest) -> bool:
        """Whether the bundle brought *digest*, and the store had it not."""
        return digest in self._copies

    async def has(self, digest: Digest) -> bool:
        """Whether *digest* was brought or is held."""
        return self.holds(digest) or await self._store.blobs.has(digest)

    async def read(self, digest: Digest) -> bytes:
        """Return a document, from the copies or the store."""
        copy = self._copies.get(digest)
        if copy is None:
            return await self._store.blobs.read(digest, max_bytes=_MOST_BYTES)
        with copy.reading() as file:
            return file.read(_MOST_BYTES)

    async def reading(self, digest: Digest) -> BinaryIO:
        """Open a file from the copies or the store; the caller closes it."""
        copy = self._copies.get(digest)
        return (await self._store.blobs.open(digest)).file if copy is None else copy.reading()

    def path(self, digest: Digest) -> Path | None:
        """Return where the copy of *digest* is, None when there is none."""
        copy = self._copies.get(digest)
        return None if copy is None else copy.path

    async def md5(self, digest: Digest) -> str | None:
        """Return the MD5 of a copy."""
        copy = self._copies.get(digest)
        return None if copy is None else await to_end(_md5, copy)

    async def keep(self) -> None:
        """Hold every copy, durably."""
        left = list(self._copies)
        while some := left[:_AT_ONCE]:
            del left[:_AT_ONCE]
            await self._store.blobs.keep_all([self._copies[digest] for digest in some])
            for digest in some:
                self._known.add(digest)
                del self._copies[digest]

    async def close(self) -> None:
        """Leave the copies for the next import."""
        for copy in self._copies.values():
            await copy.close()

    async def discard(self) -> None:
        """Take every copy away."""
        for copy in self._copies.values():
            await copy.discard()
        self._copies.clear()


class _Copy:
    """Writes one piece to the incoming folder."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming

    async def write(self, portion: Bytes, /) -> None:
        """Append *portion*."""
        await self._incoming.write(portion)

    async def digest(self) -> Digest:
        """Return the digest of what was written."""
        # The note first: who is killed from here on has it for the next import.
        await self._incoming.close()
        return (await self._incoming.finish()).digest


def _md5(copy: Incoming) -> str:
    hashed = hashlib.md5(usedforsecurity=False)
    with copy.reading() as file:
        while portion := file.read(_PORTION):
            hashed.update(portion)
    return hashed.hexdigest()
