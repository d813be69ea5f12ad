"""Images of the ESP8266, with the trailer of MicroPython's ``makeimg.py``.

``formats.md`` section 4: three segments, their XOR, 0xFF up to 0x9000, the code, an MD5.
The variant OTA is the same image behind a boot loader that begins alike.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Final

from tests.replica.images.esp32 import xor_of
from tests.replica.images.recipe import program

if TYPE_CHECKING:
    from tests.replica.images.recipe import Recipe

_CODE_AT: Final = 0x9000
_OTA_AT: Final = 0x3C000
_RAM: Final = 0x40100000


def esp8266(recipe: Recipe) -> bytes:
    """Return the ``.bin`` of the default build or of a variant."""
    image = _with_code(recipe)
    if recipe.variant != "OTA":
        return image
    boot_loader = _segments(recipe, "boot loader")
    return boot_loader.ljust(_OTA_AT, b"\xff") + image


def _with_code(recipe: Recipe) -> bytes:
    code = program(recipe, 2048)
    front = _segments(recipe, "interrupts").ljust(_CODE_AT - 4, b"\xff")
    image = front + struct.pack("<I", _CODE_AT + len(code)) + code
    # Flashing tools patch the first four bytes, so makeimg.py leaves them out of its MD5.
    return image + hashlib.md5(image[4:], usedforsecurity=False).digest()


def _segments(recipe: Recipe, what: str) -> bytes:
    texts = recipe.noise(1024, what)
    parts = [(_RAM, texts), (0x3FFE8000, recipe.noise(512, "data")), (0x3FFE8200, bytes(256))]
    size = {"FLASH_512K": 0, "FLASH_1M": 2}.get(recipe.variant or "", 4)
    body = struct.pack("<4BI", 0xE9, len(parts), 2, size << 4, _RAM + 16)
    for address, data in parts:
        body += struct.pack("<2I", address, len(data)) + data
    checksum = xor_of(b"".join(data for _, data in parts))
    return body + bytes(15 - len(body) % 16) + bytes([checksum])
