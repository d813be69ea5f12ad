"""ELF: the linked program with its symbols, for debugging.

Tables, segments and sections must lie inside the file.  There is no checksum: truncation
is noticed, because the table of sections stands at the end, and nothing else is.
"""

from __future__ import annotations

import struct

from mirror.errors import MalformedImageError
from mirror.formats.esp8266 import CODE_ADDRESSES
from mirror.formats.identity import find_identity, merge
from mirror.formats.image import Image, unpack
from mirror.formats.payload import digest_of_one
from mirror.formats.verdict import ImageFacts, Region

MAGIC = b"\x7fELF"

_CLASS_32_LITTLE_1 = b"\x01\x01\x01"
# type, machine, version, entry, segment table, section table, flags, sizes and counts
_HEADER = struct.Struct("<16xHHIIIII6H")
_SEGMENT = struct.Struct("<8I")  # type, offset, address, physical, in file, in memory, flags, align
_SECTION = struct.Struct("<10I")  # name, type, flags, address, offset, size, …
_LOADED = 1
_NOT_IN_FILE = (0, 8)  # SHT_NULL, SHT_NOBITS
_RISCV_MCUS = frozenset(
    {"esp32c2", "esp32c3", "esp32c5", "esp32c6", "esp32c61", "esp32h2", "esp32p4", "rp2350"}
)
_XTENSA_MCUS = frozenset({"esp8266", "esp32", "esp32s2", "esp32s3"})
_XTENSA, _ARM, _RISCV = 94, 40, 243
_PORTS = {
    _XTENSA: frozenset({"esp8266", "esp32"}),
    _RISCV: frozenset({"esp32", "rp2"}),
    _ARM: frozenset(
        {"rp2", "samd", "stm32", "nrf", "mimxrt", "renesas-ra", "cc3200", "alif", "psoc-edge"}
    ),
}
_MCUS = {_XTENSA: _XTENSA_MCUS, _RISCV: _RISCV_MCUS, _ARM: None}
_LIMIT = "an ELF file carries no checksum: only truncation is noticed"


def read_elf(data: bytes) -> Image:
    """Read the tables of a 32-bit little-endian program."""
    if data[:7] != MAGIC + _CLASS_32_LITTLE_1:
        raise MalformedImageError("not a 32-bit little-endian ELF file")
    header = unpack(_HEADER, data, 0, "ELF header")
    _, machine, _, _, segment_table, section_table, _, *sizes = header
    _, segment_size, segments, section_size, sections, _ = sizes
    if machine not in _PORTS:
        raise MalformedImageError(f"a program for an unknown machine, {machine}", rule="chip")
    if (segment_size, section_size) != (_SEGMENT.size, _SECTION.size):
        raise MalformedImageError("the tables have entries of an unknown size")
    loaded = _read_segments(data, segment_table, segments)
    _require_sections(data, section_table, sections)
    view = memoryview(data)
    return Image(
        facts=ImageFacts(
            structure="elf",
            regions=tuple(region for region, _ in loaded),
            payload=_payload(view, loaded) if machine == _XTENSA else None,
        ),
        kinds=frozenset({"elf"}),
        identity=merge(find_identity(bytes(view[at.start : at.end])) for _, at in loaded),
        ports=_PORTS[machine],
        mcus=_MCUS[machine],
        limits=(_LIMIT,),
    )


def _payload(view: memoryview, loaded: list[tuple[Region, Region]]) -> str | None:
    """Return the digest of what an ESP8266 runs from flash: the segment its `.bin` has whole."""
    for region, at in loaded:
        if region.start in CODE_ADDRESSES:
            return digest_of_one(view[at.start : at.end])
    return None


def _read_segments(data: bytes, table: int, count: int) -> list[tuple[Region, Region]]:
    """Return, for each segment that is loaded, its physical addresses and its place in *data*."""
    loaded: list[tuple[Region, Region]] = []
    for number in range(count):
        where = table + number * _SEGMENT.size
        kind, offset, _, address, size, *_ = unpack(_SEGMENT, data, where, "segment table")
        _require_inside(data, offset + size, f"segment {number}")
        if kind == _LOADED and size:
            loaded.append((Region(address, address + size), Region(offset, offset + size)))
    if not loaded:
        raise MalformedImageError("no segment is loaded")
    # Thousands of segments over the same bytes would be searched thousands of times.
    if sum(place.end - place.start for _, place in loaded) > len(data):
        raise MalformedImageError("segments overlap in the file", rule="overlap")
    return loaded


def _require_sections(data: bytes, table: int, count: int) -> None:
    for number in range(count):
        where = table + number * _SECTION.size
        _, kind, _, _, offset, size, *_ = unpack(_SECTION, data, where, "section table")
        if kind not in _NOT_IN_FILE:
            _require_inside(data, offset + size, f"section {number}")


def _require_inside(data: bytes, end: int, what: str) -> None:
    if end > len(data):
        raise MalformedImageError(
            f"{what} ends at {end:#x}, behind the end of the file: cut short?", rule="truncated"
        )
