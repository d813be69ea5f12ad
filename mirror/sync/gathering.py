"""Who is on the way to the ledger: one append for many, and no wait for who can not come.

The ledger is synced once for all who come within a moment.  That moment is given only while
somebody else may come in it: a task that ended, or that waits for one which is at the ledger
already, does not.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.storage.entries import Entry
    from mirror.storage.ledger import Ledger

# Seconds in which other files of a fast run come to be written down in the same append.
_PATIENCE: Final = 0.1


class Gathering:
    """Those who share appends to *ledger*; the first waits *patience* seconds for the others."""

    def __init__(self, ledger: Ledger, patience: float = _PATIENCE) -> None:
        self._ledger = ledger
        self._patience = patience
        self._coming = 0

    @contextmanager
    def on_the_way(self) -> Iterator[None]:
        """Be one of those for whom others wait, inside the block."""
        self._coming += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Be nobody for whom others wait, inside this block within the other one."""
        self._leave()
        try:
            yield
        finally:
            self._coming += 1

    async def append(self, entry: Entry) -> None:
        """Append *entry*, with those of all who come soon; raise what `Ledger.append` raises."""
        with self.held_up():
            patience = self._patience if self._coming else 0
            await self._ledger.append([entry], patience=patience)

    def _leave(self) -> None:
        self._coming -= 1
        if not self._coming:
            self._ledger.hurry()
