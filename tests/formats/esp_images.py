"""Small images of the chips of Espressif, and the pieces to build broken ones from."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from tests.formats.images import strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def _segments(segments: Iterable[tuple[int, bytes]]) -> tuple[bytes, int]:
    body = b""
    checksum = 0xEF
    for address, content in segments:
        body += struct.pack("<II", address, len(content)) + content
        for byte in content:
            checksum ^= byte
    return body, checksum


def esp_image(
    segments: Sequence[tuple[int, bytes]],
    chip: int = 0,
    entry: int | None = None,
    *,
    hashed: bool = True,
) -> bytes:
    """Return one image of the ESP32 family; its flash has 4 MiB."""
    body, checksum = _segments(segments)
    start = segments[0][0] if entry is None else entry
    head = struct.pack("<BBBBI4xH9xB", 0xE9, len(segments), 2, 0x20, start, chip, hashed)
    image = head + body
    image += bytes(15 - len(image) % 16) + bytes((checksum,))
    return image + hashlib.sha256(image).digest() if hashed else image


def description() -> bytes:
    """Return an empty application description."""
    return struct.pack("<I", 0xABCD5432).ljust(256, b"\0")


def application(chip: int = 0, says: bytes | None = None, *, hashed: bool = True) -> bytes:
    """Return an application with two segments."""
    first = description() + (says or strings(machine="Generic ESP32 module with ESP32"))
    return esp_image([(0x3F400020, first), (0x40080000, b"code" * 32)], chip, hashed=hashed)


def partition(label: bytes, kind: int, offset: int, size: int) -> bytes:
    """Return one entry of a partition table."""
    return struct.pack("<HBBII16sI", 0x50AA, kind, 0, offset, size, label, 0)


def partition_table(*entries: bytes, hashed: bool = True) -> bytes:
    """Return the entries, and their MD5."""
    lines = b"".join(entries)
    mark = b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(lines, usedforsecurity=False).digest()
    return lines + (mark if hashed else b"")


NVS = partition(b"nvs", 1, 0x9000, 0x6000)
FACTORY = partition(b"factory", 0, 0x10000, 0x1F0000)
VFS = partition(b"vfs", 1, 0x200000, 0x200000)


def boot_loader(chip: int = 0, *, hashed: bool = True) -> bytes:
    """Return a boot loader with one segment."""
    return esp_image([(0x40078000, b"boot" * 64)], chip, hashed=hashed)


def esp32_file(
    loader: bytes | None = None,
    table: bytes | None = None,
    program: bytes | None = None,
    base: int = 0x1000,
    fill: bytes = b"\xff",
) -> bytes:
    """Return boot loader, table and application, each at its place."""
    head = (boot_loader() if loader is None else loader).ljust(0x8000 - base, fill)
    middle = partition_table(NVS, FACTORY, VFS) if table is None else table
    return (head + middle).ljust(0x10000 - base, fill) + (program or application())


def esp8266(says: bytes | None = None, *, trailer: bool = True) -> bytes:
    """Return the image of an ESP8266, with the trailer of builds since v1.8.7."""
    body, checksum = _segments(
        [(0x40100000, b"ram!" * 64), (0x3FFE8000, b"data" * 8), (0x3FFE8100, b"more" * 8)]
    )
    image = struct.pack("<BBBBI", 0xE9, 3, 0, 0x20, 0x40100004) + body
    image += bytes(15 - len(image) % 16) + bytes((checksum,))
    code = (says or strings(machine="ESP module with ESP8266")).ljust(512, b"\0")
    length = 0x9000 + len(code) if trailer else 0xFFFFFFFF
    image = image.ljust(0x8FFC, b"\xff") + struct.pack("<I", length) + code
    return image + hashlib.md5(image[4:], usedforsecurity=False).digest() if trailer else image
