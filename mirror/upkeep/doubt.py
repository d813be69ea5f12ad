"""Whether the clock can be believed enough to delete anything (P6).

A clock before the newest time in the ledger is wrong.  One that jumped, by more than five
minutes against a clock that only counts, is not believed for an hour of counting.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_JUMP: Final = timedelta(minutes=5)
_SETTLING: Final = timedelta(hours=1)


class ClockWatch:
    """Watches *clock* (UTC) beside *counter* (seconds that never go back)."""

    def __init__(self, clock: Callable[[], datetime], counter: Callable[[], float]) -> None:
        self._clock = clock
        self._counter = counter
        self._seen = clock(), counter()
        self._jumped: float | None = None

    def look(self) -> None:
        """Compare both clocks with how they were at the last look."""
        before, counted = self._seen
        self._seen = now, count = self._clock(), self._counter()
        if abs(now - before - timedelta(seconds=count - counted)) > _JUMP:
            self._jumped = count

    def doubt(self, newest: datetime | None) -> str | None:
        """Say why the clock is not believed; *newest* is the newest time in the ledger."""
        self.look()
        now, count = self._seen
        if newest is not None and now < newest:
            return f"the clock says {now:%Y-%m-%d %H:%M} UTC, before the newest line of the ledger"
        if self._jumped is not None and count - self._jumped < _SETTLING.total_seconds():
            return "the clock jumped less than an hour ago"
        return None
