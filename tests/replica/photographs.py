"""Photographs: tiny pictures that are sound, and differ from one another."""

from __future__ import annotations

import struct
import zlib
from typing import Final

# A JPEG of 8 by 8 grey pixels: tables with one code each, so that its data is two bits.
_QUANTISATION: Final = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
_FRAME: Final = bytes.fromhex("ffc0 000b 08 0008 0008 01 01 11 00")
_CODES: Final = (
    b"\xff\xc4\x00\x14\x00\x01" + bytes(15) + b"\x00" + b"\xff\xc4\x00\x14\x10\x01" + bytes(16)
)
_SCAN: Final = bytes.fromhex("ffda 0008 01 01 00 00 3f 00 3f")


def photograph(name: str) -> bytes:
    """Return the picture *name*: a PNG or a JPEG, by its ending, with the name inside."""
    return _png(name) if name.endswith(".png") else _jpeg(name)


def _jpeg(name: str) -> bytes:
    text = name.encode()
    comment = b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text
    application = bytes.fromhex("ffe0 0010 4a464946 00 0101 00 0001 0001 0000")
    parts = [b"\xff\xd8", application, comment, _QUANTISATION, _FRAME, _CODES, _SCAN, b"\xff\xd9"]
    return b"".join(parts)


def _png(name: str) -> bytes:
    chunks = [
        _chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)),
        _chunk(b"tEXt", b"Title\0" + name.encode()),
        _chunk(b"IDAT", zlib.compress(b"\0\x80")),
        _chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + crc
