"""DfuSe files of the port stm32 (``formats.md`` section 5), and what is in them."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from tests.replica.images.arm import vector_table
from tests.replica.images.recipe import program

if TYPE_CHECKING:
    from tests.replica.images.recipe import Recipe

_BOOT: Final = 0x08000000
_MAIN: Final = 0x08020000
_USB_IDS: Final = {"ARDUINO": (0x2341, 0x035B), "LEGO": (0x0694, 0x0008)}
_ST_BOOT_LOADER: Final = (0x0483, 0xDF11)


def stm32_regions(recipe: Recipe) -> list[tuple[int, bytes]]:
    """Return the pieces of an stm32 image, each with its address: the same for dfu and hex."""
    start = vector_table(_BOOT) + recipe.noise(1024, "start")
    return [(_BOOT, start), (_MAIN, program(recipe, 2048))]


def dfuse(recipe: Recipe) -> bytes:
    """Return the ``.dfu``: one target, its elements, and the suffix with its CRC."""
    parts = [struct.pack("<2I", at, len(data)) + data for at, data in stm32_regions(recipe)]
    elements = b"".join(parts)
    target = struct.pack("<6sBI255s2I", b"Target", 0, 1, b"ST...", len(elements), len(parts))
    size = 11 + len(target) + len(elements)
    body = struct.pack("<5sBIB", b"DfuSe", 1, size, 1) + target + elements
    vendor, product = _USB_IDS.get(recipe.board.partition("_")[0], _ST_BOOT_LOADER)
    body += struct.pack("<4H3sB", 0, product, vendor, 0x011A, b"UFD", 16)
    return body + struct.pack("<I", zlib.crc32(body) ^ 0xFFFFFFFF)
