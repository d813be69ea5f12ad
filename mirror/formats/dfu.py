"""DfuSe: elements with an address each, and a CRC-32 over the whole file.

Every byte is accounted for: sizes add up, elements do not overlap, nothing stands between
them and the suffix, and the CRC is right.  Vendor and product only warn.
"""

from __future__ import annotations

import struct
import zlib

from mirror.errors import MalformedImageError
from mirror.formats.identity import find_identity
from mirror.formats.image import Image, require_apart, unpack
from mirror.formats.payload import payload_digest
from mirror.formats.verdict import Checksummed, Finding, ImageFacts, Region

MAGIC = b"DfuSe"

_PREFIX = struct.Struct("<5xBIB")  # version, size without suffix, targets
_TARGET = struct.Struct("<6xBI255xII")  # alternate setting, named, size, elements
_TARGET_MAGIC = b"Target"
_MOST_ELEMENTS = 64
_ELEMENT = struct.Struct("<II")
_SUFFIX = struct.Struct("<HHHH3xBI")  # device, product, vendor, DFU version, length, CRC
_SUFFIX_MARK = b"UFD"
_SUFFIX_MARK_AT = 8
_DFU_VERSION = 0x011A
# What upstream builds: ST's own boot loader, Arduino, LEGO (as vendor, product).
_USB_IDS = {
    (0x0483, 0xDF11),
    (0x2341, 0x035B),
    (0x2341, 0x035F),
    (0x2341, 0x0364),
    (0x2341, 0x0366),
    (0x0694, 0x0008),
    (0x0694, 0x000C),
}


def read_dfu(data: bytes) -> Image:
    """Read all targets, and check the suffix."""
    findings = _require_suffix(data)
    end = len(data) - _SUFFIX.size
    version, size, targets = unpack(_PREFIX, data, 0, "prefix")
    if version != 1:
        raise MalformedImageError(f"DfuSe version {version}, not 1")
    if size != end:
        raise MalformedImageError(
            f"the prefix speaks of {size} bytes, the file has {end}: cut short?", rule="truncated"
        )
    offset = _PREFIX.size
    runs: list[tuple[Region, memoryview]] = []
    for _ in range(targets):
        offset = _read_target(data, offset, runs)
    if offset != end:
        raise MalformedImageError(
            f"the targets end at {offset:#x}, the suffix begins at {end:#x}", rule="trailing"
        )
    if not runs:
        raise MalformedImageError("no element holds any data")
    ordered = require_apart([region for region, _ in runs], "elements")
    return Image(
        facts=ImageFacts(
            structure="dfuse",
            chip="STM32",
            offset=ordered[0].start,
            regions=tuple(ordered),
            payload=payload_digest(sorted(runs, key=lambda run: run[0].start)),
        ),
        kinds=frozenset({"dfu"}),
        checksummed=Checksummed.CRC32,
        identity=find_identity(data),
        ports=frozenset({"stm32"}),
        findings=findings,
    )


def _require_suffix(data: bytes) -> tuple[Finding, ...]:
    at = len(data) - _SUFFIX.size
    _, product, vendor, version, length, stored = unpack(_SUFFIX, data, at, "suffix")
    mark = data[at + _SUFFIX_MARK_AT : at + _SUFFIX_MARK_AT + len(_SUFFIX_MARK)]
    if (mark, version, length) != (_SUFFIX_MARK, _DFU_VERSION, _SUFFIX.size):
        raise MalformedImageError("the file does not end in a DFU suffix: cut short?")
    computed = zlib.crc32(memoryview(data)[:-4]) ^ 0xFFFFFFFF
    if stored != computed:
        raise MalformedImageError(
            f"the CRC-32 of the file is {computed:#010x}, its suffix says {stored:#010x}",
            rule="checksum",
        )
    if (vendor, product) in _USB_IDS:
        return ()
    return (Finding("usb-id", f"{vendor:04x}:{product:04x} is no USB id that upstream builds for"),)


def _read_target(data: bytes, offset: int, runs: list[tuple[Region, memoryview]]) -> int:
    if data[offset : offset + len(_TARGET_MAGIC)] != _TARGET_MAGIC:
        raise MalformedImageError(f"no target begins at {offset:#x}")
    _, _, size, elements = unpack(_TARGET, data, offset, "target")
    if elements > _MOST_ELEMENTS:
        raise MalformedImageError(f"a target claims {elements} elements, over {_MOST_ELEMENTS}")
    view = memoryview(data)
    start = offset + _TARGET.size
    offset = start
    for _ in range(elements):
        address, length = unpack(_ELEMENT, data, offset, "element")
        offset += _ELEMENT.size + length
        if offset > len(data) - _SUFFIX.size:
            raise MalformedImageError(
                f"the element at {address:#x} ends behind the file: cut short?", rule="truncated"
            )
        runs.append((Region(address, address + length), view[offset - length : offset]))
    if offset != start + size:
        raise MalformedImageError(f"the elements of a target do not add up to its {size} bytes")
    return offset
