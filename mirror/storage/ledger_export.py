"""Write the ledger's lines as they are: whoever has them can follow the chain again.

Only what was verified first is written, so a copy is never of damaged lines.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from mirror.storage.disk import reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    from mirror.storage.disk import Disk
    from mirror.storage.entries import Position

_BATCH: Final = 1000


async def exported_lines(folder: Path, disk: Disk, end: Position) -> AsyncGenerator[bytes, None]:
    """Yield the lines of the ledger in *folder*, with their ends, up to the verified *end*.

    Raises `StorageError` when they can not be read.
    """
    lines = islice(_lines(folder, disk), end.number)
    while batch := await to_end(_taken, lines):
        for line in batch:
            yield line


def _taken(lines: Iterator[bytes]) -> list[bytes]:
    return list(islice(lines, _BATCH))


def _lines(folder: Path, disk: Disk) -> Iterator[bytes]:
    with reported("reading the folder", folder):
        paths = sorted(folder.glob("*.jsonl"))
    for path in paths:
        with reported("reading", path), disk.open_reading(path) as file:
            yield from file
