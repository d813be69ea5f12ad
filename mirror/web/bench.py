"""Do what takes time beside the event loop, and never more of it than was agreed.

Filtering, coding and loading are work that a request can cause.  Only a few pieces of it
run at once, a bounded number waits, and whoever comes after that, or has waited too long,
is told to ask again.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

from mirror.errors import BusyError
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

#: How long a request waits for work of this node before it is told to ask again, in seconds.
PATIENCE: Final = 20.0
#: The same, where a client is about to flash: its first byte comes within five seconds, or
#: an answer that none will (`clients.md` section 2).
FIRST_BYTE: Final = 4.0


@asynccontextmanager
async def within(seconds: float, doing: str) -> AsyncIterator[None]:
    """Raise `BusyError` when the block takes longer; *doing* says what, for the client."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise BusyError(f"{doing} takes too long: ask again") from error


class Bench:
    """Runs at most *at_once* calls in threads, while at most *waiting* others wait."""

    def __init__(self, *, at_once: int = 1, waiting: int = 64, patience: float = PATIENCE) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._patience = patience
        self._here = 0

    async def run(self, call: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Return ``call(*arguments)``; raise `BusyError` when it can not begin soon."""
        if self._here >= self._most:
            raise BusyError(f"{self._here} requests wait for work like this: ask again")
        self._here += 1
        try:
            async with within(self._patience, "work like this"):
                await self._places.acquire()
            try:
                return await to_end(call, *arguments)
            finally:
                self._places.release()
        finally:
            self._here -= 1
