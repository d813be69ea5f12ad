"""How much longer a phase of a run takes, at the pace that it has had so far."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.sync.outcome import Progress


class Pace:
    """Measures one phase after another by *clock*, in seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: Progress | None = None
        self._last: Progress | None = None
        self._begun = self._seen = 0.0

    def note(self, progress: Progress) -> None:
        """Take note of how far the run is; another phase, or an earlier place, begins anew."""
        self._seen = self._clock()
        if self._first is None or self._is_other(progress):
            self._first, self._begun = progress, self._seen
        self._last = progress

    def seconds_left(self) -> int | None:
        """Return what is left of the phase, rounded up; None while nothing can be said."""
        if self._first is None or self._last is None:
            return None
        done = self._last.done - self._first.done
        if done <= 0:
            return None
        each = (self._seen - self._begun) / done
        left = each * (self._last.total - self._last.done) - (self._clock() - self._seen)
        return max(0, math.ceil(left))

    def _is_other(self, progress: Progress) -> bool:
        last = self._last
        return last is None or last.phase is not progress.phase or last.done > progress.done
