"""Copies of what is in a bundle, in the incoming folder: judged there, kept or taken away."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mirror.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

    from mirror.catalog.values import Digest
    from mirror.publication.bundle import Piece
    from mirror.storage.incoming import Incoming
    from mirror.storage.store import Store
    from mirror.transfer.bundles.reading import Sink

_MOST_BYTES = 64 * 1024 * 1024


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
            yield nowhere
            return
        incoming = self._store.incoming.open(f"bundle-{digest.hex}", f"bundle:{digest.hex}")
        self._copies[digest] = incoming
        async with incoming:
            if incoming.size == piece.size and piece.size:
                yield nowhere
            else:
                await incoming.restart(None)
                yield incoming.write
            # The note first: who is killed from here on has it for the next import.
            await incoming.close()
            received = await incoming.finish()
        if received.digest != digest:
            raise DamagedError(f"the copy of {digest} holds other bytes than were written")

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
        if copy is None:
            return None
        try:
            return (await copy.finish()).md5
        finally:
            await copy.close()

    async def keep(self) -> None:
        """Hold every copy, durably."""
        for digest, copy in list(self._copies.items()):
            await self._store.blobs.keep(copy)
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


async def nowhere(_portion: bytes) -> None:
    """Take bytes that nobody needs to keep."""
