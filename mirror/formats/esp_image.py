"""One image of the ESP32 family, with its two checksums.

Header, segments, an XOR of all segment data in the last byte of a 16-byte line, then the
SHA-256 of everything before.  A returned image has segments inside the file, its entry
inside a segment, and both checksums right; a missing SHA-256 is said by ``hashed``.
The layout is that of the chips' boot ROM (`formats.md` section 3).
"""

from __future__ import annotations

import hashlib
import struct

from mirror.errors import MalformedImageError
from mirror.formats.image import unpack
from mirror.formats.verdict import Region
from mirror.frozen import dataclass

MAGIC = 0xE9
DESCRIPTION = 0xABCD5432

_HEADER = struct.Struct("<BBBBI4xH9xB")  # magic, count, mode, size and speed, entry; chip; hashed
_SEGMENT = struct.Struct("<II")
_WORD = struct.Struct("<I")
_SEGMENTS = 16
_LINE = 16
# Stays in the processor's nearest memory: three times as fast as all bytes in one number.
_BLOCK = 16_384
_SHA256 = 32
# `app_elf_sha256` in `esp_app_desc_t` (ESP-IDF's esp_app_desc.h).
_ELF_AT = 144
_XOR_START = 0xEF
_FLASH_SIZES = {code: 0x100000 << code for code in range(6)}


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip of the family: its name, and where its boot ROM looks for the boot loader."""

    name: str
    boot_offset: int

    @property
    def mcu(self) -> str:
        """The chip in MicroPython's own spelling, such as ``esp32c3``."""
        return self.name.replace("-", "").lower()


CHIPS = {
    0: Chip("ESP32", 0x1000),
    2: Chip("ESP32-S2", 0x1000),
    5: Chip("ESP32-C3", 0),
    9: Chip("ESP32-S3", 0),
    12: Chip("ESP32-C2", 0),
    13: Chip("ESP32-C6", 0),
    16: Chip("ESP32-H2", 0),
    18: Chip("ESP32-P4", 0x2000),
    20: Chip("ESP32-C61", 0),
    23: Chip("ESP32-C5", 0x2000),
}


@dataclass(frozen=True, slots=True)
class EspImage:
    """One sound image: it occupies ``start`` to ``end`` (exclusive) of the file.

    ``segments`` are load addresses; ``flash_size`` is in bytes, None for an unknown code;
    ``described`` says whether the first segment begins with an application description;
    ``elf`` is the SHA-256 (hex) of the linked program that it names, None without one.
    """

    chip: Chip
    start: int
    end: int
    flash_size: int | None
    segments: tuple[Region, ...]
    hashed: bool
    described: bool
    elf: str | None = None


def read_esp_image(data: bytes, start: int, what: str) -> EspImage:
    """Read the image that begins at *start*; raise `MalformedImageError` naming *what*."""
    magic, count, _, size, entry, chip_id, hashed = unpack(_HEADER, data, start, f"{what} header")
    if magic != MAGIC:
        raise MalformedImageError(f"the {what} begins with {magic:#04x}, not 0xe9")
    if not 1 <= count <= _SEGMENTS:
        raise MalformedImageError(f"the {what} claims {count} segments, not 1 to {_SEGMENTS}")
    if chip_id not in CHIPS:
        raise MalformedImageError(f"the {what} is for an unknown chip, id {chip_id}", rule="chip")
    segments, checksum, end = read_segments(data, start + _HEADER.size, count, what)
    if not any(segment.start <= entry < segment.end for segment in segments):
        raise MalformedImageError(f"the {what} starts at {entry:#x}, outside every segment")
    require_xor(data, start, end, checksum, what)
    end = _line_end(start, end)
    if hashed:
        end = _require_sha256(data, start, end, what)
    first = _word_at(data, start + _HEADER.size + _SEGMENT.size)
    return EspImage(
        chip=CHIPS[chip_id],
        start=start,
        end=end,
        flash_size=_FLASH_SIZES.get(size >> 4),
        segments=tuple(segments),
        hashed=bool(hashed),
        described=first == DESCRIPTION,
        elf=_elf_named(data, start) if first == DESCRIPTION else None,
    )


def read_segments(data: bytes, offset: int, count: int, what: str) -> tuple[list[Region], int, int]:
    """Read *count* segments at *offset*: their load addresses, the XOR of their data, their end."""
    view = memoryview(data)
    segments: list[Region] = []
    checksum = _XOR_START
    for number in range(count):
        address, length = unpack(_SEGMENT, data, offset, f"{what} segment {number}")
        offset += _SEGMENT.size
        if offset + length > len(data):
            raise MalformedImageError(
                f"segment {number} of the {what} ends at {offset + length:#x}, "
                f"behind the end of the file: cut short?",
                rule="truncated",
            )
        checksum ^= xor(view[offset : offset + length])
        segments.append(Region(address, address + length))
        offset += length
    return segments, checksum, offset


def require_xor(data: bytes, start: int, end: int, checksum: int, what: str) -> None:
    """Refuse unless the last byte of the 16-byte line at *end* is *checksum*."""
    at = _line_end(start, end) - 1
    if at >= len(data):
        raise MalformedImageError(
            f"the file ends before the checksum of the {what}: cut short?", rule="truncated"
        )
    if data[at] != checksum:
        raise MalformedImageError(
            f"the checksum of the {what} is {data[at]:#04x}, its data give {checksum:#04x}",
            rule="checksum",
        )


def xor(data: memoryview) -> int:
    """Return the XOR of all bytes: of blocks as large integers, and of the result in halves."""
    folded = 0
    for at in range(0, len(data), _BLOCK):
        folded ^= int.from_bytes(data[at : at + _BLOCK], "little")
    length = _BLOCK
    while length > 1:
        length = (length + 1) // 2
        folded = (folded >> (8 * length)) ^ (folded & ((1 << (8 * length)) - 1))
    return folded


def _line_end(start: int, end: int) -> int:
    # The checksum takes one byte, so a line that is just full begins another.
    return start + ((end - start) // _LINE + 1) * _LINE


def _require_sha256(data: bytes, start: int, end: int, what: str) -> int:
    stored = data[end : end + _SHA256]
    if len(stored) < _SHA256:
        raise MalformedImageError(
            f"the file ends before the SHA-256 of the {what}: cut short?", rule="truncated"
        )
    if hashlib.sha256(memoryview(data)[start:end]).digest() != stored:
        raise MalformedImageError(
            f"the SHA-256 of the {what} is not that of its bytes", rule="checksum"
        )
    return end + _SHA256


def _elf_named(data: bytes, start: int) -> str | None:
    at = start + _HEADER.size + _SEGMENT.size + _ELF_AT
    named = data[at : at + _SHA256]
    # A tool that was not asked to leaves zeros there.
    return named.hex() if len(named) == _SHA256 and any(named) else None


def _word_at(data: bytes, offset: int) -> int | None:
    # An image that holds one empty segment may end before.
    return _WORD.unpack_from(data, offset)[0] if offset + _WORD.size <= len(data) else None
