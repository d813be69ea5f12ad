"""The partition table of the ESP32 family: what lies where in the flash.

A returned table has an MD5 that is right, or says that it has none; its partitions do not
overlap, and one of them is for an application.
"""

from __future__ import annotations

import hashlib
import struct

from mirror.errors import MalformedImageError
from mirror.formats.image import require_apart
from mirror.formats.verdict import Region
from mirror.frozen import dataclass

_MOST_BYTES = 0xC00
_ENTRY = struct.Struct("<HBBII16sI")  # magic, type, subtype, offset, size, label, flags
_MAGIC = 0x50AA
_MD5_MARK = b"\xeb\xeb" + b"\xff" * 14
_BLANK = b"\xff" * _ENTRY.size
_APPLICATION = 0


@dataclass(frozen=True, slots=True)
class Partition:
    """A line of the table; ``offset`` and ``size`` are bytes of flash."""

    label: str
    kind: int
    offset: int
    size: int

    def __str__(self) -> str:
        return f"{self.label}@{self.offset:#x}+{self.size:#x}"


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """A sound table, and the offset in the file behind its last entry."""

    partitions: tuple[Partition, ...]
    application: Partition
    end: int
    hashed: bool


def read_partition_table(data: bytes, start: int) -> PartitionTable:
    """Read the table that begins at *start* of the file."""
    partitions: list[Partition] = []
    for offset in range(start, start + _MOST_BYTES, _ENTRY.size):
        line = data[offset : offset + _ENTRY.size]
        if line.startswith(_MD5_MARK):
            _require_md5(data, start, offset)
            return _table(partitions, offset + _ENTRY.size, hashed=True)
        if line == _BLANK:
            return _table(partitions, offset, hashed=False)
        partitions.append(_read_partition(line, offset))
    raise MalformedImageError(f"the partition table has no end within {_MOST_BYTES} bytes")


def _read_partition(line: bytes, offset: int) -> Partition:
    if len(line) < _ENTRY.size:
        raise MalformedImageError(
            "the file ends in its partition table: cut short?", rule="truncated"
        )
    magic, kind, _, where, size, label, _ = _ENTRY.unpack(line)
    if magic != _MAGIC:
        raise MalformedImageError(f"no partition table entry at offset {offset:#x} of the file")
    text = label.rstrip(b"\0").decode("latin-1")
    if not text.isascii() or not text.isprintable():
        raise MalformedImageError(f"the partition at offset {offset:#x} has no readable name")
    return Partition(text, kind, where, size)


def _require_md5(data: bytes, start: int, mark: int) -> None:
    stored = data[mark + len(_MD5_MARK) : mark + _ENTRY.size]
    computed = hashlib.md5(memoryview(data)[start:mark], usedforsecurity=False).digest()
    if stored != computed:
        raise MalformedImageError(
            "the MD5 of the partition table is not that of its entries", rule="checksum"
        )


def _table(partitions: list[Partition], end: int, *, hashed: bool) -> PartitionTable:
    require_apart([Region(p.offset, p.offset + p.size) for p in partitions], "partitions")
    applications = [partition for partition in partitions if partition.kind == _APPLICATION]
    if not applications:
        raise MalformedImageError("the partition table has no place for an application")
    first = min(applications, key=lambda partition: partition.offset)
    return PartitionTable(tuple(partitions), first, end, hashed)
