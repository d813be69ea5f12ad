"""When files on demand were asked for, in memory until it is written down together.

What a crash takes of it only changes which files go first when others need their place.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from mirror.catalog.values import Digest
    from mirror.storage.index import Index

# About 200 bytes each.
_MOST: Final = 20_000


class Accesses:
    """The last accesses; *clock* gives the time in UTC."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._times: OrderedDict[Digest, datetime] = OrderedDict()

    def note(self, digests: Iterable[Digest]) -> None:
        """Take note that *digests* were asked for now; the oldest of too many are forgotten."""
        now = self._clock()
        for digest in digests:
            self._times[digest] = now
            self._times.move_to_end(digest)
        while len(self._times) > _MOST:
            self._times.popitem(last=False)

    def latest(self, digest: Digest) -> datetime | None:
        """Return when *digest* was asked for since the last `write`."""
        return self._times.get(digest)

    async def write(self, index: Index) -> None:
        """Have *index* remember all, in one transaction; raises `StorageError`."""
        times, self._times = self._times, OrderedDict()
        await index.remember_accesses(times)
