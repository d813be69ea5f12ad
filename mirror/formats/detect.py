"""Which structure bytes have, decided by their content and never by a name.

What has no structure is refused by name: an empty file, a constant byte (upstream has
served 32,768 zeros with status 200), a page of markup, other text.
"""

from __future__ import annotations

from collections.abc import Callable

from mirror.errors import MalformedImageError
from mirror.formats import dfu, elf
from mirror.formats.arm import is_raw_arm, read_raw_arm
from mirror.formats.containers import read_zip
from mirror.formats.esp32 import read_esp32
from mirror.formats.esp8266 import is_esp8266, read_esp8266
from mirror.formats.esp_image import MAGIC
from mirror.formats.ihex import read_ihex
from mirror.formats.image import Image, is_filled
from mirror.formats.linker_map import is_text, names_sections, read_map
from mirror.formats.uf2 import read_uf2
from mirror.formats.universal_hex import is_universal_hex, read_universal_hex
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Structure:
    """How bytes are built: a name for people, the kinds that may carry it, and its reader."""

    name: str
    kinds: frozenset[str]
    read: Callable[[bytes], Image]


_UF2 = Structure("UF2", frozenset({"uf2"}), read_uf2)
_DFU = Structure("DfuSe", frozenset({"dfu"}), dfu.read_dfu)
_ELF = Structure("ELF", frozenset({"elf"}), elf.read_elf)
_ZIP = Structure("a zip", frozenset({"zip", "meta.zip"}), read_zip)
_HEX = Structure("Intel HEX", frozenset({"hex"}), read_ihex)
_UNIVERSAL_HEX = Structure("universal hex", frozenset({"hex"}), read_universal_hex)
_ESP8266 = Structure("an ESP8266 image", frozenset({"bin"}), read_esp8266)
_ESP32 = Structure("an ESP32 image", frozenset({"bin", "app-bin"}), read_esp32)
_ARM = Structure("a raw ARM image", frozenset({"bin"}), read_raw_arm)
_MAP = Structure("a linker map", frozenset({"map"}), read_map)
_BY_MAGIC = (
    (b"UF2\n", _UF2),
    (dfu.MAGIC, _DFU),
    (elf.MAGIC, _ELF),
    (b"PK", _ZIP),
    (bytes((MAGIC,)), _ESP32),
)


def detect(data: bytes) -> Structure:
    """Return the structure of *data*; raise `MalformedImageError` when it has none."""
    if not data:
        raise MalformedImageError("the file is empty", rule="empty")
    if is_filled(data, 0, len(data), data[0]):
        raise MalformedImageError(f"{len(data)} bytes, all of them {data[0]:#04x}", rule="constant")
    if is_esp8266(data):
        return _ESP8266
    for magic, structure in _BY_MAGIC:
        if data.startswith(magic):
            return structure
    if data.startswith(b":"):
        return _UNIVERSAL_HEX if is_universal_hex(data) else _HEX
    if is_raw_arm(data):
        return _ARM
    return _text(data)


def _text(data: bytes) -> Structure:
    if not is_text(data):
        raise MalformedImageError("no structure that MicroPython's images have", rule="unknown")
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise MalformedImageError("a page of markup, no image", rule="markup")
    if not names_sections(data):
        raise MalformedImageError("text, no image", rule="text")
    return _MAP
