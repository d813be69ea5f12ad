"""UF2: blocks of 512 bytes, each with the address of its 256 bytes of payload.

Only the canonical form that upstream's tools write is read: one family, 256 bytes a
block, addresses in a row, zero padding; plus the one block of another family in front of
RP2350 files.  So damage outside the payload is noticed; inside it, only what the chip
itself asks for (`mirror.formats.rp2`) or, for ESP32-S2 and -S3, the image's own SHA-256.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from mirror.errors import MalformedImageError
from mirror.formats.uf2_families import Payload, image_of
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from mirror.formats.image import Image

BLOCK = 512

_FIELDS = struct.Struct("<8I476xI")
_MAGICS = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_ADDRESS_AT, _NUMBER_AT, _PAYLOAD_AT = 12, 20, 32
# Where magics, flags, size, count and family of a block stand.
_THE_SAME = (*range(12), *range(16, 20), *range(24, 32), *range(508, 512))
_PAYLOAD = 256
_PADDING_AT = _PAYLOAD_AT + _PAYLOAD
_PADDING_END = 508
_MOST_PAYLOAD = 476
_NOT_MAIN_FLASH = 0x1
_HAS_FAMILY = 0x2000
_KNOWN_FLAGS = (0, _HAS_FAMILY)

# RP2350 erratum E10: a block for an address that no chip has, before the real ones.
_ABSOLUTE = 0xE48BFF57
_E10_HEADERS = tuple(
    struct.pack("<8I", *_MAGICS[:2], flags, 0x10FFFF00, _PAYLOAD, 0, 2, _ABSOLUTE)
    for flags in (_HAS_FAMILY, _HAS_FAMILY | 0x8000)
)
_E10_TAG = bytes.fromhex("04e35799")


@dataclass(frozen=True, slots=True)
class _Columns:
    """One field of all blocks each, in the order of the file."""

    flags: tuple[int, ...]
    addresses: tuple[int, ...]
    sizes: tuple[int, ...]
    numbers: tuple[int, ...]
    totals: tuple[int, ...]
    families: tuple[int, ...]


def read_uf2(data: bytes) -> Image:
    """Read all blocks, and what their payload holds for its family."""
    if len(data) % BLOCK:
        raise MalformedImageError(
            f"{len(data)} bytes are not whole blocks of {BLOCK}: cut short?", rule="truncated"
        )
    first = BLOCK if _begins_with_e10(data) else 0
    starts, columns = _columns(data, first)
    _require_plain_rules(columns)
    _require_canonical(data, starts, columns)
    return image_of(
        Payload(
            family=columns.families[0] if columns.flags[0] & _HAS_FAMILY else None,
            start=columns.addresses[0],
            content=b"".join([data[at + _PAYLOAD_AT : at + _PADDING_AT] for at in starts]),
            absolute=first > 0,
        )
    )


def _begins_with_e10(data: bytes) -> bool:
    """Whether the first block is the work-around of RP2350-E10; refuse a damaged one."""
    if data[28:_PAYLOAD_AT] != _ABSOLUTE.to_bytes(4, "little"):
        return False
    tags = (bytes(4), _E10_TAG)
    blocks = [
        header + b"\xef" * _PAYLOAD + tag + bytes(216) + _MAGICS[2].to_bytes(4, "little")
        for header, tag in zip(_E10_HEADERS, tags, strict=True)
    ]
    if data[:BLOCK] not in blocks:
        raise MalformedImageError("the first block is no RP2350-E10 block", rule="canonical")
    return True


def _columns(data: bytes, first: int) -> tuple[list[int], _Columns]:
    """Return where the blocks for main flash begin, from *first* on, and their fields."""
    return _columns_if_alike(data, first) or _columns_one_by_one(data, first)


def _columns_if_alike(data: bytes, first: int) -> tuple[list[int], _Columns] | None:
    """As `_columns`, many times sooner, where blocks differ in address and number only."""
    starts = list(range(first, len(data), BLOCK))
    if not starts:
        return None
    magic, other, flags, _, size, _, total, family, end = _FIELDS.unpack_from(data, first)
    if (magic, other, end) != _MAGICS or flags & _NOT_MAIN_FLASH:
        return None
    count = len(starts)
    for place in _THE_SAME:
        if data[first + place :: BLOCK] != data[first + place : first + place + 1] * count:
            return None
    addresses = _integers(data, first + _ADDRESS_AT, count)
    numbers = _integers(data, first + _NUMBER_AT, count)
    same = ((field,) * count for field in (flags, size, total, family))
    all_flags, sizes, totals, families = same
    return starts, _Columns(all_flags, addresses, sizes, numbers, totals, families)


def _integers(data: bytes, at: int, count: int) -> tuple[int, ...]:
    lanes = bytearray(4 * count)
    for place in range(4):
        lanes[place::4] = data[at + place :: BLOCK]
    return struct.unpack(f"<{count}I", lanes)


def _columns_one_by_one(data: bytes, first: int) -> tuple[list[int], _Columns]:
    rows = list(_FIELDS.iter_unpack(memoryview(data)[first:]))
    for number, row in enumerate(rows):
        if (row[0], row[1], row[8]) != _MAGICS:
            raise MalformedImageError(f"block {number} of the file has a wrong magic")
    # Blocks that are not for main flash hold comments, and do not count.
    kept = [number for number, row in enumerate(rows) if not row[2] & _NOT_MAIN_FLASH]
    if not kept:
        raise MalformedImageError("no block is for main flash")
    fields = zip(*(rows[number] for number in kept), strict=True)
    _, _, flags, addresses, sizes, numbers, totals, families, _ = fields
    starts = [first + number * BLOCK for number in kept]
    return starts, _Columns(flags, addresses, sizes, numbers, totals, families)


def _require_plain_rules(columns: _Columns) -> None:
    count = len(columns.numbers)
    if not 0 < min(columns.sizes) <= max(columns.sizes) <= _MOST_PAYLOAD:
        raise MalformedImageError(f"a block has a payload of 0 or over {_MOST_PAYLOAD} bytes")
    if set(columns.totals) != {count}:
        raise MalformedImageError(
            f"{count} blocks, but they speak of {max(columns.totals)}: cut short?",
            rule="truncated",
        )
    if columns.numbers != tuple(range(count)):
        raise MalformedImageError(f"the blocks are not numbered 0 to {count - 1} in order")


def _require_canonical(data: bytes, starts: list[int], columns: _Columns) -> None:
    if len(set(columns.families)) > 1 or len(set(columns.flags)) > 1:
        raise MalformedImageError("blocks of several families or flags", rule="canonical")
    if columns.flags[0] not in _KNOWN_FLAGS:
        raise MalformedImageError(f"unknown flags {columns.flags[0]:#x}", rule="canonical")
    if set(columns.sizes) != {_PAYLOAD}:
        raise MalformedImageError(
            f"a block has a payload other than {_PAYLOAD} bytes", rule="canonical"
        )
    start = columns.addresses[0]
    end = start + _PAYLOAD * len(starts)
    if columns.addresses != tuple(range(start, end, _PAYLOAD)):
        raise MalformedImageError(
            "the addresses of the blocks are not in a row: a gap, or an overlap",
            rule="canonical",
        )
    padding = b"".join([data[at + _PADDING_AT : at + _PADDING_END] for at in starts])
    if padding != bytes(len(padding)):
        raise MalformedImageError("the padding behind a payload is not zero", rule="canonical")
