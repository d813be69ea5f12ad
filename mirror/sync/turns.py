"""One task at a time for each file: whoever comes second waits, and need not fetch again.

A sync run and somebody who asks for a file on demand may want the same one; upstream is
asked once (P5), and their partial downloads never meet.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Turns:
    """Turns by name; a name that nobody uses takes no memory."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that somebody has or waits for."""
        return tuple(self._locks)

    def has(self, name: str) -> bool:
        """Whether somebody has *name* to himself, or waits for it."""
        return name in self._locks

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[bool]:
        """Have *name* to oneself inside the block; yield whether somebody had it just before."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        after_others = lock.locked()
        self._users[name] += 1
        try:
            async with lock:
                yield after_others
        finally:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name], self._locks[name]
