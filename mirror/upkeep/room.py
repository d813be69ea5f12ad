"""Make room on the disk: files on demand go first, least recently asked for.

What the policy holds or the last run wanted, what is pinned, and what a publication names
stays.  When that is not enough, nothing more is taken in: that is a `DiskFullError`, and
what is held is served on.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from mirror.errors import DiskFullError, MirrorError
from mirror.frozen import dataclass
from mirror.storage.threads import to_end
from mirror.sync.wanted import wanted_names
from mirror.upkeep.prune import Leaving, by_digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from mirror.catalog.values import Digest
    from mirror.upkeep.accesses import Accesses
    from mirror.upkeep.marking import Marks
    from mirror.upkeep.pruner import Pruner

EVICTED: Final = "on demand, and others needed its place on the disk"
# More than asked for, so that not every file that comes has to look for room again.
_SLACK: Final = 32_000_000
# A publication that comes in between stops a sweep.
_ATTEMPTS: Final = 3
_MEGA: Final = 1_000_000


class Water(Protocol):
    """A number of bytes, or a share of the disk."""

    def of(self, disk: int) -> int:
        """Return how many bytes of a disk of *disk* bytes this is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waters:
    """What all files together take at most (*high*), and down to where they go then (*low*).

    Without *low* it is nine tenths of *high*; without *high* only what is kept free counts.
    """

    high: Water | None = None
    low: Water | None = None


class RoomOnDemand:
    """Makes room in the store of *pruner*."""

    def __init__(self, pruner: Pruner, waters: Waters, accesses: Accesses) -> None:
        self._pruner = pruner
        self._store = pruner.store
        self._waters = waters
        self._accesses = accesses
        self._making = asyncio.Lock()
        self._counting = asyncio.Lock()
        self._used: int | None = None
        self._coming = 0

    def asked(self, digests: Iterable[Digest]) -> None:
        """Take note that *digests* were asked for, or came, now."""
        self._accesses.note(digests)

    async def demand(self, size: int) -> None:
        """Make room if *size* more bytes are over the high water.

        Raises `DiskFullError` when there is none to be made.
        """
        if await self._over(size) > 0:
            await self.make(size)

    @asynccontextmanager
    async def taking(self, size: int) -> AsyncIterator[None]:
        """Have room for *size* more bytes, which are held and written down in this block.

        Whoever comes meanwhile finds them counted.  Raises as `demand`.
        """
        # One at a time: of two who find room for one, one would be too many.
        async with self._counting:
            await self.demand(size)
            self._coming += size
        try:
            yield
            if self._used is not None:
                self._used += size
        finally:
            self._coming -= size

    async def make(self, size: int) -> None:
        """Let files on demand go until *size* more bytes fit.

        Raises `DiskFullError` when they do not fit even then.
        """
        async with self._making:
            for _ in range(_ATTEMPTS):
                self._used = None
                if max(await self._over(size), await self._missing(size)) <= 0:
                    return
                if not await self._free(await self._aim(size)):
                    break
            self._used = None
            if max(await self._over(size), await self._missing(size)) > 0:
                more = f" for {size / _MEGA:.1f} MB more" if size else ""
                raise DiskFullError(
                    f"no room{more}: what is held is more than "
                    "disk.high_water or disk.keep_free allows, and no file on demand is left to go"
                )

    async def _free(self, size: int) -> int:
        try:
            return await self._pruner.free(partial(self._choose, size))
        except DiskFullError:
            raise
        except MirrorError as error:
            raise DiskFullError(f"no room could be made on the disk: {error}") from error

    async def _aim(self, size: int) -> int:
        """Return how many bytes are to go, so that there is room for a while."""
        over = await self._over(size)
        if over > 0 and self._waters.high is not None:
            total = await self._total()
            high = self._waters.high.of(total)
            low = self._waters.low.of(total) if self._waters.low else high - high // 10
            over += high - min(low, high)
        missing = await self._missing(size)
        return max(over, missing + _SLACK if missing > 0 else 0)

    async def _over(self, size: int) -> int:
        if self._waters.high is None:
            return 0
        if self._used is None:
            self._used = await self._store.index.held_bytes()
        return self._used + self._coming + size - self._waters.high.of(await self._total())

    async def _missing(self, size: int) -> int:
        return await to_end(self._store.room.missing, size)

    async def _total(self) -> int:
        return (await to_end(self._store.room.space)).total

    async def _choose(self, size: int, marks: Marks) -> list[Leaving]:
        """Return files on demand of *size* bytes together, least recently asked for first."""
        free = await self._free_files(marks)
        used = await self._last_used(one.digest for one in free)
        chosen: list[Leaving] = []
        for one in sorted(free, key=lambda one: used[one.digest]):
            if size <= 0:
                break
            chosen.append(one)
            size -= one.size
        return chosen

    async def _free_files(self, marks: Marks) -> list[Leaving]:
        pinned = await self._pruner.terms.kept.digests()
        wanted = await wanted_names(self._store.index)
        free = marks.offered - wanted
        return [
            Leaving(digest, tuple(one.name for one in holdings), holdings[0].size, EVICTED)
            for digest, holdings in (await by_digest(self._store)).items()
            if digest not in pinned
            and not marks.reaches(digest)
            and all(one.name in free for one in holdings)
            and not self._store.blobs.removals.spared(digest)
        ]

    async def _last_used(self, digests: Iterable[Digest]) -> dict[Digest, datetime]:
        known = await self._store.index.last_used(digests)
        return {digest: self._accesses.latest(digest) or time for digest, time in known.items()}
