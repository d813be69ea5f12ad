"""ELF files and linker maps: what people debug with (``formats.md`` section 7)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from tests.replica.images.recipe import program

if TYPE_CHECKING:
    from tests.replica.images.recipe import Recipe

_XTENSA, _ARM, _RISCV = 94, 40, 243
_XTENSA_MCUS: Final = frozenset({"esp8266", "esp32", "esp32s2", "esp32s3"})
_ADDRESS: Final = 0x40000000
_HEADER, _SEGMENT, _SECTION = 52, 32, 40
_NAMES: Final = b"\0.text\0.shstrtab\0"


def elf(recipe: Recipe) -> bytes:
    """Return a 32-bit ELF with one segment, its section, and a table of names."""
    text = program(recipe, 2048)
    text_at = _HEADER + _SEGMENT
    names_at = text_at + len(text)
    sections_at = names_at + len(_NAMES) + -len(_NAMES) % 4
    identifier = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    kinds = (2, _machine(recipe), 1, _ADDRESS + 16, _HEADER, sections_at, 0)
    sizes = (_HEADER, _SEGMENT, 1, _SECTION, 3, 2)
    header = identifier + struct.pack("<2H5I6H", *kinds, *sizes)
    segment = struct.pack("<8I", 1, text_at, _ADDRESS, _ADDRESS, len(text), len(text), 5, 4)
    sections = [
        bytes(_SECTION),
        struct.pack("<10I", 1, 1, 6, _ADDRESS, text_at, len(text), 0, 0, 4, 0),
        struct.pack("<10I", 7, 3, 0, 0, names_at, len(_NAMES), 0, 0, 1, 0),
    ]
    body = header + segment + text + _NAMES
    return body.ljust(sections_at, b"\0") + b"".join(sections)


def linker_map(recipe: Recipe) -> bytes:
    """Return a linker's map: text that names sections, and no version."""
    sections = [(".text", 2048), (".rodata", 1024), (".data", 256), (".bss", 512)]
    lines = ["Memory Configuration", "", "Linker script and memory map", ""]
    lines += [f"{name:<16} 0x{_ADDRESS:016x} {size:#10x}" for name, size in sections]
    noise = recipe.noise(2048, "map").hex(" ", 4).split()
    lines += [f" .text.symbol_{word} 0x{_ADDRESS:016x} 0x{word}" for word in noise]
    return "\n".join([*lines, ""]).encode()


def _machine(recipe: Recipe) -> int:
    if recipe.port in {"esp32", "esp8266"}:
        return _XTENSA if recipe.mcu in _XTENSA_MCUS else _RISCV
    return _ARM
