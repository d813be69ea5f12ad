"""Whoever wants a file held while others are being held goes with the next load of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import StorageError
from mirror.storage.incoming import Incoming
from mirror.storage.threads import outlast, to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    #: Holds several files, in a thread: says of each its name, or why it is not held.
    KeepEach: TypeAlias = Callable[[Sequence[Incoming]], list[Digest | StorageError]]


@dataclass(slots=True)
class _Load:
    """Files that are held in one go, and what comes of it."""

    incomings: list[Incoming]
    kept: asyncio.Task[list[Digest | StorageError]]


class Loads:
    """One load at a time is on its way, of at most *most* files.

    A thread for each file would spend its time waiting for the other threads, and sync the
    folders once for each.  A single file waits for nobody.
    """

    def __init__(self, keep_each: KeepEach, most: int) -> None:
        self._keep_each = keep_each
        self._most = most
        self._lock = asyncio.Lock()
        self._next: _Load | None = None

    async def keep(self, incoming: Incoming) -> Digest:
        """Hold *incoming*; raise the `StorageError` that kept it, and no other, from being held.

        Cancelled, this waits for the end of its load and then raises `asyncio.CancelledError`.
        """
        load = self._next
        if load is None or len(load.incomings) == self._most:
            load = self._next = self._begun()
        place = len(load.incomings)
        load.incomings.append(incoming)
        kept = (await outlast(load.kept))[place]
        if isinstance(kept, Digest):
            return kept
        raise kept

    def _begun(self) -> _Load:
        incomings: list[Incoming] = []
        return _Load(incomings, asyncio.create_task(self._keep_in_turn(incomings)))

    async def _keep_in_turn(self, incomings: list[Incoming]) -> list[Digest | StorageError]:
        async with self._lock:
            # From here on nobody can join: who came later would not be held.
            if self._next is not None and self._next.incomings is incomings:
                self._next = None
            return await to_end(self._keep_each, incomings)
