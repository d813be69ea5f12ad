"""How full the disk of the data directory is, beside what the settings allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from mirror.frozen import dataclass

if TYPE_CHECKING:
    from mirror.config import Settings


@dataclass(frozen=True, slots=True)
class Levels:
    """What stays free (``keep_free``), and what all files together take at most, in bytes.

    ``high_water`` and ``low_water`` are None where no bound is set.
    """

    keep_free: int
    high_water: int | None = None
    low_water: int | None = None


LevelsOf: TypeAlias = Callable[[int], Levels]
"""The levels on a disk of so many bytes."""


def levels_of(settings: Settings) -> LevelsOf:
    """Return what gives the levels that *settings* mean on a disk."""
    disk = settings.disk

    def levels(total: int) -> Levels:
        keep = disk.keep_free.of(total)
        if disk.high_water is None:
            return Levels(keep)
        high = disk.high_water.of(total)
        low = disk.low_water.of(total) if disk.low_water else high - high // 10
        return Levels(keep, high, min(low, high))

    return levels
