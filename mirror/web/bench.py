"""Do what takes time beside the event loop, and never more of it than was agreed.

Filtering, coding and loading are work that a request can cause.  Only a few pieces of it
run at once, a bounded number waits, and whoever comes after that is told to ask again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from mirror.errors import BusyError
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Bench:
    """Runs at most *at_once* calls in threads, while at most *waiting* others wait."""

    def __init__(self, *, at_once: int = 1, waiting: int = 64) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._here = 0

    async def run(self, call: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Return ``call(*arguments)``; raise `BusyError` when too many wait already."""
        if self._here >= self._most:
            raise BusyError(f"{self._here} requests wait for work like this: ask again")
        self._here += 1
        try:
            async with self._places:
                return await to_end(call, *arguments)
        finally:
            self._here -= 1
