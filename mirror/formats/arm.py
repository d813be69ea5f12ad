"""Raw images for ARM Cortex-M: the `.bin` of mimxrt, nrf and renesas-ra.

Either a flash configuration block with an image vector table, or a vector table at the
start.  Nothing else can be checked: neither damage nor truncation is noticed.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from mirror.errors import MalformedImageError
from mirror.formats.identity import find_identity
from mirror.formats.image import Image, unpack
from mirror.formats.payload import digest_of_one
from mirror.formats.verdict import ImageFacts, Region

FLASH_CONFIGURATION = b"FCFB"

_VECTORS = struct.Struct("<II")  # stack pointer, reset
_IVT = struct.Struct("<6I")
_IVT_SELF = 5
_IVT_TAG = 0xD1
# The file begins at the configuration block, which lies at 0 or at 0x400 of the flash;
# the image vector table lies at 0x1000.
_IVT_AT = (0x1000, 0xC00)
_RAM = range(0x10000000, 0x40000000)
_WORD = 4
_LIMIT = "a raw image carries no checksum and no length: damage and truncation may go unnoticed"


def is_raw_arm(data: bytes) -> bool:
    """Whether *data* begins as an image for Cortex-M does."""
    return data.startswith(FLASH_CONFIGURATION) or has_vector_table(data, 0)


def has_vector_table(data: bytes, offset: int) -> bool:
    """Whether a stack pointer in RAM and an odd reset vector stand at *offset*.

    Odd, because bit 0 of a handler says Thumb, and Cortex-M knows nothing else.
    """
    if offset + _VECTORS.size > len(data):
        return False
    stack, reset = _VECTORS.unpack_from(data, offset)
    return stack in _RAM and stack % _WORD == 0 and reset % 2 == 1


def read_raw_arm(data: bytes) -> Image:
    """Read a raw image; its offset is known only where a vector table of mimxrt says it."""
    if data.startswith(FLASH_CONFIGURATION):
        base = _base_of_mimxrt(data)
        return _image(data, ImageFacts("raw-arm", "MIMXRT", base), frozenset({"mimxrt"}))
    if not has_vector_table(data, 0):
        raise MalformedImageError("no vector table at the start", rule="vector-table")
    return _image(data, ImageFacts("raw-arm"), frozenset({"mimxrt", "nrf", "renesas-ra"}))


def _base_of_mimxrt(data: bytes) -> int:
    for offset in _IVT_AT:
        if data[offset : offset + 1] == bytes((_IVT_TAG,)):
            base = unpack(_IVT, data, offset, "image vector table")[_IVT_SELF] - offset
            if base >= 0:
                return base
    raise MalformedImageError(
        "no image vector table behind the flash configuration block", rule="vector-table"
    )


def _image(data: bytes, facts: ImageFacts, ports: frozenset[str]) -> Image:
    start = facts.offset or 0
    regions = (Region(start, start + len(data)),)
    return Image(
        facts=replace(facts, regions=regions, payload=digest_of_one(data)),
        kinds=frozenset({"bin"}),
        identity=find_identity(data),
        ports=ports,
        limits=(_LIMIT,),
    )
