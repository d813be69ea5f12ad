"""Leave room on the disk: a mirror that fills it takes the machine's log and database along.

What is kept free is the larger of a number of bytes and a share of the whole disk.  It is
asked for before every download, put and write of a partial download; the small files that
close a run (ledger lines, pointers) may use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import ConfigurationError, DiskFullError
from mirror.frozen import dataclass
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.disk import Disk, Space

_MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class KeepFree:
    """The larger of *least_bytes* and *share* (0 to 1) of the disk stays free."""

    least_bytes: int = 2_000_000_000
    share: float = 0.10

    def __post_init__(self) -> None:
        """Refuse what can not be kept free."""
        if self.least_bytes < 0 or not 0 <= self.share < 1:
            raise ConfigurationError(f"can not keep {self.least_bytes} B and {self.share} free")

    def of(self, total: int) -> int:
        """Return the bytes to keep free on a disk of *total* bytes."""
        return max(self.least_bytes, round(self.share * total))


class Room:
    """What may still be written under one folder; *keep_free* is None for no limit."""

    def __init__(self, disk: Disk, folder: Path, keep_free: KeepFree | None) -> None:
        self._disk = disk
        self._folder = folder
        self._keep_free = keep_free

    def space(self) -> Space:
        """Return the space of the disk."""
        with reported("measuring", self._folder):
            return self._disk.space(self._folder)

    def missing(self, size: int) -> int:
        """Return how many bytes have to go before *size* more may be written; 0 for none."""
        if self._keep_free is None:
            return 0
        space = self.space()
        return max(0, self._keep_free.of(space.total) + size - space.free)

    def demand(self, size: int) -> None:
        """Raise `DiskFullError` when *size* more bytes would leave too little free."""
        if self._keep_free is None:
            return
        space = self.space()
        least = self._keep_free.of(space.total)
        if space.free - size < least:
            raise DiskFullError(
                f"{size / _MEGA:.1f} MB more in {self._folder} would leave less than "
                f"{least / _MEGA:,.0f} MB free (disk.keep_free): {space.free / _MEGA:,.0f} MB are"
            )
