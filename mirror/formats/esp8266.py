"""The `.bin` of the esp8266 port, alone or behind the boot loader of its OTA variant.

Three segments for RAM, an XOR checksum, then the code at 0x9000.  Since v1.8.7 a trailer:
the length at 0x8FFC, and the MD5 of everything but the first four bytes at the very end.
An older build without it is sound as far as its segments go.  The flash size in the header
is no fact: flashing tools patch it, and builds did not set it.
"""

from __future__ import annotations

import hashlib
import struct

from mirror.errors import MalformedImageError
from mirror.formats.esp_image import MAGIC, read_segments, require_xor
from mirror.formats.identity import find_identity
from mirror.formats.image import Doubt, Image, unpack
from mirror.formats.payload import digest_of_one
from mirror.formats.verdict import Checksummed, Finding, ImageFacts, Region
from mirror.frozen import dataclass

OTA_OFFSET = 0x3C000
CODE_OFFSET = 0x9000

_HEADER = struct.Struct("<BBBBI")
_WORD = struct.Struct("<I")
_SEGMENTS = 3
# The first segment's load address tells the chip from the ESP32 family.
_RAM = 0x40100000
_RAM_AT = 8
_LENGTH_AT = CODE_OFFSET - _WORD.size
_MD5 = 16
_PATCHED = 4
_NO_TRAILER = 0xFFFFFFFF
CODE_ADDRESSES = _CODE_ADDRESS, _OTA_CODE_ADDRESS = 0x40209000, 0x40245000
_NO_TRAILER_DOUBT = Doubt(
    Finding("no-trailer", "the image carries neither length nor MD5, as builds before v1.8.7"),
    before=(1, 8, 7),
)
_LIMIT = "the first four bytes of the image (flash mode and size) are outside its MD5"
_NO_TRAILER_LIMIT = "no trailer: damage and truncation behind the first 36 kB may go unnoticed"
_OTA_LIMIT = "the MD5 begins behind the boot loader: damage to the first 240 kB may go unnoticed"


@dataclass(frozen=True, slots=True)
class _Sound:
    """The image at one offset of the file: its regions, and whether it has a trailer."""

    regions: tuple[Region, ...]
    trailer: bool


def is_esp8266(data: bytes) -> bool:
    """Whether *data* begins with an image of this chip, or has one at the OTA offset."""
    return bool(data) and data[0] == MAGIC and (_begins(data, 0) or _begins(data, OTA_OFFSET))


def read_esp8266(data: bytes) -> Image:
    """Read the plain image, or boot loader and image of the OTA variant."""
    # The boot loader of the OTA variant may look like a plain image, so look behind it first.
    ota = _begins(data, OTA_OFFSET)
    start, code_address = (OTA_OFFSET, _OTA_CODE_ADDRESS) if ota else (0, _CODE_ADDRESS)
    sound = _read_at(data, start, code_address)
    return Image(
        facts=ImageFacts(
            structure="esp8266",
            chip="ESP8266",
            offset=0,
            regions=sound.regions,
            payload=digest_of_one(_code(data, start, sound)),
        ),
        kinds=frozenset({"bin"}),
        checksummed=Checksummed.MD5 if sound.trailer else Checksummed.XOR,
        identity=find_identity(data),
        ports=frozenset({"esp8266"}),
        mcus=frozenset({"esp8266"}),
        doubts=() if sound.trailer else (_NO_TRAILER_DOUBT,),
        limits=(*((_OTA_LIMIT,) if ota else ()), _LIMIT if sound.trailer else _NO_TRAILER_LIMIT),
    )


def _code(data: bytes, start: int, sound: _Sound) -> memoryview:
    """Return the code that runs from flash, which the ELF of the build has as one segment."""
    code = sound.regions[-1]
    begin = start + CODE_OFFSET
    return memoryview(data)[begin : begin + code.end - code.start]


def _begins(data: bytes, start: int) -> bool:
    header = data[start : start + _RAM_AT + _WORD.size]
    return header[:2] == bytes((MAGIC, _SEGMENTS)) and header[_RAM_AT:] == _WORD.pack(_RAM)


def _length_at(data: bytes, start: int) -> int | None:
    length = data[start + _LENGTH_AT : start + CODE_OFFSET]
    if len(length) < _WORD.size or start + int.from_bytes(length, "little") + _MD5 != len(data):
        return None
    return int.from_bytes(length, "little")


def _read_at(data: bytes, start: int, code_address: int) -> _Sound:
    what = "image"
    _, count, *_ = unpack(_HEADER, data, start, what)
    if count != _SEGMENTS:
        raise MalformedImageError(f"the {what} claims {count} segments, not {_SEGMENTS}")
    segments, checksum, end = read_segments(data, start + _HEADER.size, count, what)
    require_xor(data, start, end, checksum, what)
    if end > start + _LENGTH_AT:
        raise MalformedImageError("the segments for RAM reach into the code", rule="overlap")
    trailer = _require_trailer(data, start)
    code = len(data) - start - CODE_OFFSET - (_MD5 if trailer else 0)
    if code <= 0:
        raise MalformedImageError("the file ends before its code: cut short?", rule="truncated")
    return _Sound((*segments, Region(code_address, code_address + code)), trailer)


def _require_trailer(data: bytes, start: int) -> bool:
    (length,) = unpack(_WORD, data, start + _LENGTH_AT, "length word")
    if length == _NO_TRAILER:
        return False
    if _length_at(data, start) is None:
        raise MalformedImageError(
            f"the length inside is {length} bytes and {_MD5} of MD5, "
            f"the file has {len(data) - start}: cut short?",
            rule="truncated",
        )
    content = memoryview(data)[start + _PATCHED : len(data) - _MD5]
    if hashlib.md5(content, usedforsecurity=False).digest() != data[-_MD5:]:
        raise MalformedImageError("the MD5 of the image is not that of its bytes", rule="checksum")
    return True
