"""How fast files come from upstream, as seen on those that came; it decides nothing itself."""

from __future__ import annotations

from typing import Final

# Less than this is mostly in the socket's buffers already, and would look like light.
_LEAST_BYTES: Final = 64 * 1024
_WEIGHT_OF_NEWEST: Final = 0.3


class Speed:
    """The speed of one transfer, smoothed over the last few."""

    def __init__(self) -> None:
        self._bytes_per_second: float | None = None

    def note(self, size: int, seconds: float) -> None:
        """Take into account that *size* bytes came in *seconds*."""
        if size < _LEAST_BYTES or seconds <= 0:
            return
        newest = size / seconds
        before = self._bytes_per_second
        mixed = newest if before is None else before + (newest - before) * _WEIGHT_OF_NEWEST
        self._bytes_per_second = mixed

    def seconds_for(self, size: int) -> float | None:
        """Return how long *size* bytes take, or None while nothing was measured."""
        return size / self._bytes_per_second if self._bytes_per_second else None
