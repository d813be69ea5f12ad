"""What the Raspberry Pi chips ask of an image, beyond the blocks of its UF2.

RP2040: 252 bytes of second boot stage with a CRC, then a vector table.  RP2350: an image
definition in the first 4 KiB, and for ARM a vector table at the start.  Both: a table of
binary information, whose end of program must agree with the end of the payload.
"""

from __future__ import annotations

import struct
import zlib

from mirror.errors import MalformedImageError
from mirror.formats.arm import has_vector_table

FLASH = 0x10000000

_BOOT_STAGE = 252
_VECTORS_AT = 0x100
_WORD = struct.Struct("<I")
_IMAGE_DEFINITION = _WORD.pack(0xFFFFDED3)
_HEAD = 0x1000
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

_INFO_BEGIN = _WORD.pack(0x7188EBF2)
_INFO_END = _WORD.pack(0xE71AA390)
_INFO_MARKS = struct.Struct("<4I4s")  # begin mark, first pointer, end of pointers, map, end mark
_ENTRY = struct.Struct("<HHII")  # type, tag, id, value
_INTEGER = 5
_TAG = int.from_bytes(b"RP", "little")
_BINARY_END = 0x68F465DE
_ENTRIES = 512
_SLACK = 0x1000


def require_rp2040(payload: bytes) -> None:
    """Refuse a boot stage whose CRC is wrong, or a program without vector table."""
    stored = payload[_BOOT_STAGE : _BOOT_STAGE + _WORD.size]
    if crc32_mpeg2(payload[:_BOOT_STAGE]).to_bytes(4, "little") != stored:
        raise MalformedImageError("the CRC-32 of the second boot stage is wrong", rule="checksum")
    if not has_vector_table(payload, _VECTORS_AT):
        raise MalformedImageError(
            f"no vector table at {FLASH + _VECTORS_AT:#x}", rule="vector-table"
        )
    require_binary_end(payload)


def require_rp2350_arm(payload: bytes) -> None:
    """Refuse a program without image definition or vector table."""
    require_rp2350_riscv(payload)
    if not has_vector_table(payload, 0):
        raise MalformedImageError(f"no vector table at {FLASH:#x}", rule="vector-table")


def require_rp2350_riscv(payload: bytes) -> None:
    """Refuse a program without image definition."""
    if payload.find(_IMAGE_DEFINITION, 0, _HEAD) < 0:
        raise MalformedImageError("no image definition in the first 4 KiB", rule="image-definition")
    require_binary_end(payload)


def crc32_mpeg2(data: bytes) -> int:
    """Return the CRC-32 that the boot ROM of the RP2040 computes (not reflected, not inverted)."""
    # zlib's CRC is the mirror image: reflected in and out, and inverted at the end.
    mirrored = zlib.crc32(data.translate(_REVERSED)) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def require_binary_end(payload: bytes) -> None:
    """Refuse a payload that ends before its program does, or more than 4 KiB behind it.

    A payload that carries no such information passes.
    """
    end = find_binary_end(payload)
    if end is not None and not end <= FLASH + len(payload) <= end + _SLACK:
        raise MalformedImageError(
            f"the program ends at {end:#x} by its own account, "
            f"the payload at {FLASH + len(payload):#x}",
            rule="binary-end",
        )


def find_binary_end(payload: bytes) -> int | None:
    """Return the address where the program says that it ends, or None."""
    at = payload.find(_INFO_BEGIN, 0, _HEAD)
    if at < 0 or at + _INFO_MARKS.size > len(payload):
        return None
    _, first, last, _, mark = _INFO_MARKS.unpack_from(payload, at)
    if mark != _INFO_END or not first <= last <= first + _ENTRIES * _WORD.size:
        return None
    for pointer in range(first, last, _WORD.size):
        value = _integer(payload, pointer)
        if value is not None:
            return value
    return None


def _integer(payload: bytes, pointer: int) -> int | None:
    at = pointer - FLASH
    if not 0 <= at <= len(payload) - _WORD.size:
        return None
    entry = _WORD.unpack_from(payload, at)[0] - FLASH
    if not 0 <= entry <= len(payload) - _ENTRY.size:
        return None
    kind, tag, name, value = _ENTRY.unpack_from(payload, entry)
    return int(value) if (kind, tag, name) == (_INTEGER, _TAG, _BINARY_END) else None
