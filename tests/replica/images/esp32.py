"""Images of the ESP32 family: the bare application, and the combined file.

``formats.md`` section 3: the combined file is boot loader, partition table and application,
each with the checksums that the real ones have; its tail is the bare application.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.replica.images.recipe import program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.replica.images.recipe import Recipe

_TABLE_AT: Final = 0x8000
_TABLE_SIZE: Final = 0xC00
_APPLICATION_AT: Final = 0x10000
_OLD_FACTORY_UNTIL: Final = (1, 18)
_MEGABYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip's id, where its boot ROM looks in flash, and where data and code are mapped."""

    id: int
    boot_offset: int
    data: int
    code: int


CHIPS: Final = {
    "esp32": Chip(0, 0x1000, 0x3F400020, 0x40080000),
    "esp32s2": Chip(2, 0x1000, 0x3F000020, 0x40024000),
    "esp32c3": Chip(5, 0, 0x3C000020, 0x40380000),
    "esp32s3": Chip(9, 0, 0x3C000020, 0x40374000),
    "esp32c2": Chip(12, 0, 0x3C000020, 0x4037C000),
    "esp32c6": Chip(13, 0, 0x42000020, 0x40800000),
    "esp32h2": Chip(16, 0, 0x42000020, 0x40800000),
    "esp32p4": Chip(18, 0x2000, 0x40000020, 0x4FF00000),
    "esp32c61": Chip(20, 0, 0x42000020, 0x40800000),
    "esp32c5": Chip(23, 0x2000, 0x42000020, 0x40800000),
}


@dataclass(frozen=True, slots=True)
class _Segment:
    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Partition:
    name: str
    type: int
    subtype: int
    offset: int
    size: int


def application(recipe: Recipe) -> bytes:
    """Return the ``.app-bin``: one image, ended by its SHA-256."""
    chip = CHIPS[recipe.mcu]
    segments = [
        _Segment(chip.data, _description(recipe) + program(recipe, 2048)),
        _Segment(chip.code, recipe.noise(1024, "interrupts")),
    ]
    return _image(recipe, segments)


def combined(recipe: Recipe) -> bytes:
    """Return the ``.bin``: boot loader, partition table and application, 0xFF between them."""
    chip = CHIPS[recipe.mcu]
    boot_loader = _image(recipe, [_Segment(chip.code, recipe.noise(2048, "boot loader"))])
    front = boot_loader.ljust(_TABLE_AT - chip.boot_offset, b"\xff") + _partition_table(recipe)
    return front.ljust(_APPLICATION_AT - chip.boot_offset, b"\xff") + application(recipe)


def xor_of(data: bytes, start: int = 0xEF) -> int:
    """Return the XOR of all bytes of *data* and *start*, folding halves instead of looping."""
    width = 1 << max(0, len(data) - 1).bit_length()
    value = int.from_bytes(data, "little")
    while width > 1:
        width //= 2
        value = (value >> (8 * width)) ^ (value & ((1 << (8 * width)) - 1))
    return value ^ start


def _image(recipe: Recipe, segments: Sequence[_Segment]) -> bytes:
    chip = CHIPS[recipe.mcu]
    size = {2: 1, 4: 2, 8: 3}[_flash_size(recipe) // _MEGABYTE]
    entry = segments[-1].address + 16
    head = struct.pack("<4BI", 0xE9, len(segments), 2, size << 4 | 0xF, entry)
    head += struct.pack("<4BHB8xB", 0xEE, 0, 0, 0, chip.id, 0, 1)
    parts = [struct.pack("<2I", part.address, len(part.data)) + part.data for part in segments]
    body = head + b"".join(parts)
    body += bytes(15 - len(body) % 16)
    body += bytes([xor_of(b"".join(part.data for part in segments))])
    return body + hashlib.sha256(body).digest()


def _description(recipe: Recipe) -> bytes:
    """Return ``esp_app_desc_t`` as in every image of MicroPython: project and version empty."""
    day = dt.date.fromisoformat(recipe.date).ctime()
    fields = (0xABCD5432, b"12:00:00", f"{day[4:10]} {day[-4:]}".encode(), b"v5.2.2")
    return struct.pack("<I76x16s16s32s", *fields) + recipe.noise(32, "elf") + bytes(80)


def _flash_size(recipe: Recipe) -> int:
    if recipe.variant in {"D2WD", "FLASH_2M"}:
        return 2 * _MEGABYTE
    if recipe.board == "ESP32_GENERIC_S3" and recipe.variant != "FLASH_4M":
        return 8 * _MEGABYTE
    return 4 * _MEGABYTE


def _partition_table(recipe: Recipe) -> bytes:
    rows = [
        struct.pack("<2s2B2I16s4x", b"\xaa\x50", row.type, row.subtype, row.offset, row.size, name)
        for row in _partitions(recipe)
        for name in [row.name.encode()]
    ]
    table = b"".join(rows)
    table += b"\xeb\xeb".ljust(16, b"\xff") + hashlib.md5(table, usedforsecurity=False).digest()
    return table.ljust(_TABLE_SIZE, b"\xff")


def _partitions(recipe: Recipe) -> list[_Partition]:
    if recipe.variant == "OTA":
        return _OTA_PARTITIONS
    flash = _flash_size(recipe)
    factory = 0x180000 if recipe.base <= _OLD_FACTORY_UNTIL else 0x1F0000
    files = 0x200000
    if flash == 2 * _MEGABYTE:
        factory, files = 0x160000, 0x170000
    return [
        _Partition("nvs", 1, 2, 0x9000, 0x6000),
        _Partition("phy_init", 1, 1, 0xF000, 0x1000),
        _Partition("factory", 0, 0, _APPLICATION_AT, factory),
        _Partition("vfs", 1, 0x81, files, flash - files),
    ]


_OTA_PARTITIONS: Final = [
    _Partition("nvs", 1, 2, 0x9000, 0x4000),
    _Partition("otadata", 1, 0, 0xD000, 0x2000),
    _Partition("phy_init", 1, 1, 0xF000, 0x1000),
    _Partition("ota_0", 0, 0x10, _APPLICATION_AT, 0x180000),
    _Partition("ota_1", 0, 0x11, 0x190000, 0x180000),
    _Partition("vfs", 1, 0x81, 0x310000, 0xF0000),
]
