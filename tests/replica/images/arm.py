"""Programs for ARM chips: vector tables, and the raw images that hold nothing else.

``formats.md`` section 7: a raw image begins with a vector table, or on i.MX RT with a flash
configuration block and an image vector table.  Nothing in them guards the rest.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from tests.replica.images.recipe import program

if TYPE_CHECKING:
    from tests.replica.images.recipe import Recipe

# The end of 16 KiB of RAM: in the RAM of every chip that MicroPython runs on.
STACK: Final = 0x20004000
TABLE: Final = 0x100
"""Bytes of a vector table, padded."""

_VECTORS: Final = 16
_FLASH_CONFIGURATION: Final = bytes.fromhex("46434642 00040156 00000000 01030300")
_LATE_CONFIGURATION: Final = ("RT1010", "RT1011", "RT1170")


def vector_table(at: int) -> bytes:
    """Return the vector table of a program at address *at*; its reset vector is inside it."""
    handlers = [at + TABLE + 2 * place + 1 for place in range(_VECTORS - 1)]
    return struct.pack(f"<{_VECTORS}I", STACK, *handlers).ljust(TABLE, b"\0")


def arm_program(recipe: Recipe, at: int, least: int = 2048) -> bytes:
    """Return a program for address *at* that begins with its vector table."""
    return vector_table(at) + program(recipe, least)


def raw_arm(recipe: Recipe) -> bytes:
    """Return the ``.bin`` of the ports mimxrt, nrf and renesas-ra."""
    if recipe.port != "mimxrt":
        return arm_program(recipe, flash_start(recipe))
    regions = mimxrt_regions(recipe)
    first = regions[0][0]
    image = bytearray()
    for address, data in regions:
        image += b"\0" * (address - first - len(image)) + data
    return bytes(image)


def mimxrt_regions(recipe: Recipe) -> list[tuple[int, bytes]]:
    """Return the pieces of an i.MX RT image, each with its address, in order."""
    flash = 0x30000000 if "RT1170" in recipe.board else 0x60000000
    late = any(name in recipe.board for name in _LATE_CONFIGURATION)
    start, code = flash + (0x400 if late else 0), flash + 0x2000
    table = flash + 0x1000
    entry = struct.pack("<8I", 0x412000D1, code, 0, 0, table + 32, table, 0, 0)
    boot_data = struct.pack("<4I", flash, 0x800000, 0, 0xFFFFFFFF)
    return [
        (start, _FLASH_CONFIGURATION.ljust(512, b"\0")),
        (table, entry + boot_data),
        (code, arm_program(recipe, code)),
    ]


def flash_start(recipe: Recipe) -> int:
    """Return the address of the program: 0, or behind a boot loader."""
    return 0x10000 if recipe.board == "ARDUINO_PORTENTA_C33" else 0
