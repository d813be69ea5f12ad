"""Tell the daemon of damage that serving notices, while no client waits for that.

Each blob is told of once in a while, however many clients ask for it, and only so many wait
to be told of: what is not told now is noticed again with the next client.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, MirrorError
from mirror.frozen import dataclass
from mirror.web.holdings import Blobs, Publications

if TYPE_CHECKING:
    from mirror.web.holdings import Holdings, OpenFile

#: Tells the daemon that the blob of this digest is damaged, or missing.
DamageSink: TypeAlias = Callable[[Digest], Awaitable[None]]

_MOST: Final = 200

_log = logging.getLogger(__name__)


async def tell_nobody(_digest: Digest) -> None:
    """Be told of damage, and do nothing: the log has it."""


class DamageBell:
    """Rung for each damage that is noticed; *again* seconds later the same one counts anew."""

    def __init__(self, tell: DamageSink, *, again: float = 60.0) -> None:
        self._tell = tell
        self._again = again
        self._quiet_until: dict[Digest, float] = {}
        self._waiting: asyncio.Queue[Digest] = asyncio.Queue(_MOST)

    def ring(self, digest: Digest) -> None:
        """Have the daemon told of *digest*; returns at once."""
        now = asyncio.get_running_loop().time()
        self._quiet_until = {one: then for one, then in self._quiet_until.items() if then > now}
        if digest in self._quiet_until or len(self._quiet_until) >= _MOST:
            return
        self._quiet_until[digest] = now + self._again
        # Never full: no more than `_MOST` are told of within one time of quiet.
        if not self._waiting.full():
            self._waiting.put_nowait(digest)

    async def answer(self) -> NoReturn:
        """Tell of what is rung for, one at a time, until cancelled."""
        while True:
            digest = await self._waiting.get()
            try:
                await self._tell(digest)
            except MirrorError as error:
                _log.warning("the daemon could not be told that %s is damaged: %s", digest, error)


@dataclass(frozen=True, slots=True)
class WatchedBlobs:
    """Blobs of which each damage rings the bell."""

    blobs: Blobs
    bell: DamageBell

    async def open(self, digest: Digest) -> OpenFile:
        """Open a blob whose bytes were checked since its file was last touched."""
        try:
            return await self.blobs.open(digest)
        except DamagedError:
            self.bell.ring(digest)
            raise

    async def read(self, digest: Digest, *, max_bytes: int) -> bytes:
        """Return the bytes of a blob, hashed now.

        Only documents that something names are read: one that is missing rings too, and whoever
        is told knows whether it was let go on purpose.
        """
        try:
            return await self.blobs.read(digest, max_bytes=max_bytes)
        except (ArtifactNotFoundError, DamagedError):
            self.bell.ring(digest)
            raise

    async def read_all(self, digests: Iterable[Digest], *, max_bytes: int) -> list[bytes]:
        """Return the bytes of each of them, hashed now, in this order; rings as `read` does."""
        wanted = list(digests)
        try:
            return await self.blobs.read_all(wanted, max_bytes=max_bytes)
        except (ArtifactNotFoundError, DamagedError):
            # Which one it is, reading them one by one tells.
            return [await self.read(digest, max_bytes=max_bytes) for digest in wanted]


@dataclass(frozen=True, slots=True)
class WatchedStore:
    """A store for reading, of which each damage rings the bell."""

    blobs: WatchedBlobs
    publications: Publications

    @classmethod
    def of(cls, store: Holdings, bell: DamageBell) -> WatchedStore:
        """Watch *store*."""
        return cls(WatchedBlobs(store.blobs, bell), store.publications)
