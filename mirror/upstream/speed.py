"""How fast files come from upstream, as seen on those that came; it decides nothing itself."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Final

# Less than this is mostly in the socket's buffers already, and would look like light.
_LEAST_BYTES: Final = 64 * 1024
_FILES: Final = 5


class Speed:
    """The speed of one transfer: that of the middle one of the last five.

    So a line that became slow is known as slow after three files, however fast it was before,
    and one file that stalled says nothing of the others.
    """

    def __init__(self) -> None:
        self._seconds_per_byte: deque[float] = deque(maxlen=_FILES)

    def note(self, size: int, seconds: float) -> None:
        """Take into account that *size* bytes came in *seconds*."""
        if size >= _LEAST_BYTES and seconds > 0:
            self._seconds_per_byte.append(seconds / size)

    def seconds_for(self, size: int) -> float | None:
        """Return how long *size* bytes take, or None while nothing was measured."""
        return size * median(self._seconds_per_byte) if self._seconds_per_byte else None
