"""Tell the daemon which files on demand were asked for: those go last when room is needed.

Once in a while, many at a time, and while no client waits for that.  What can not be told is
forgotten: it only decides what is fetched again one day.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from mirror.catalog.values import Digest
from mirror.errors import MirrorError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Tells the daemon that the blobs of these digests were asked for; twenty at most.
AccessSink: TypeAlias = Callable[[Collection[Digest]], Awaitable[None]]

_MOST: Final = 10_000
_AT_ONCE: Final = 20

_log = logging.getLogger(__name__)


async def heed_nothing(_digests: Collection[Digest]) -> None:
    """Be told of accesses, and do nothing."""


class AccessLog:
    """The blobs that were asked for since the last report, each once."""

    def __init__(self, tell: AccessSink, *, every: float = 60.0) -> None:
        self._tell = tell
        self._every = every
        self._asked: dict[Digest, None] = {}

    def note(self, digest: Digest) -> None:
        """Take note of *digest*, unless there are too many; returns at once."""
        if len(self._asked) < _MOST:
            self._asked[digest] = None

    async def report(self) -> NoReturn:
        """Tell of what was noted every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            asked, self._asked = list(self._asked), {}
            try:
                await self._tell_all(asked)
            except MirrorError as error:
                _log.warning("the daemon could not be told what was asked for: %s", error)

    async def _tell_all(self, asked: Sequence[Digest]) -> None:
        for start in range(0, len(asked), _AT_ONCE):
            await self._tell(asked[start : start + _AT_ONCE])


def spell_digests(digests: Collection[Digest]) -> str:
    """Write *digests* for a query: twenty of them fit well into a request line."""
    return ",".join(digest.hex for digest in digests)


def read_digests(text: str) -> tuple[Digest, ...]:
    """Read what `spell_digests` wrote; raise `MalformedValueError` for anything else."""
    return tuple(Digest(part) for part in text.split(",")) if text else ()
