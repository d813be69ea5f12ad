"""Time and memory stay bounded whatever the bytes: nothing that they claim is believed."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Final

import pytest

from mirror.formats.verdict import Claim
from mirror.formats.verify import MOST_BYTES, verify
from tests.formats.esp_images import description
from tests.formats.images import (
    HEX_END,
    RP2350_ARM,
    dfu,
    record,
    rp2350_program,
    strings,
    uf2_block,
    vectors,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT: Final = 4 << 20
SECONDS: Final = 30
TIMES: Final = 5


def _blocks(size: int) -> bytes:
    total = size // 512
    first = rp2350_program()
    return b"".join(
        uf2_block(
            (0x2000, 0x10000000 + 256 * number, 256, number, total, RP2350_ARM),
            (first[256 * number : 256 * number + 256] or strings()).ljust(256, b"\1"),
        )
        for number in range(total)
    )


def _segments(size: int) -> bytes:
    head = struct.pack("<BBBBI4xH9xB", 0xE9, 16, 0, 0, 0, 0, 1)
    segment = struct.pack("<II", 0, size // 16) + description().ljust(size // 16, b"\1")
    return head + segment * 16


def _tables(size: int) -> bytes:
    head = b"\x7fELF\1\1\1" + bytes(9)
    head += struct.pack("<HHIIIII6H", 2, 40, 1, 0, 52, 52, 0, 52, 32, 65535, 40, 65535, 0)
    segments = struct.pack("<8I", 1, 0, 0, 0, size - 1, 0, 0, 0) * 65535
    return (head + segments).ljust(size, b"\0")


def _directory(size: int) -> bytes:
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", *([0] * 16)) + b"x"
    entries = entry * (size // len(entry))
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, len(entries), 0, 0)
    return entries + end


def _bomb(size: int) -> bytes:
    packed = zlib.compress(bytes(size), wbits=-15)
    claims = (0, 8, 0, 0, 0, len(packed), 90 << 20, 1, 0)
    member = struct.pack("<4s5H3I2H", b"PK\3\4", 20, *claims) + b"a" + packed
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *claims, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(member), 0)
    return member + entry + end


def _repeated(piece: bytes, head: bytes = vectors()) -> Callable[[int], bytes]:
    return lambda size: head + piece * ((size - 64) // len(piece))


HOSTILE: Final[dict[str, Callable[[int], bytes]]] = {
    "one byte": lambda size: b"\xff" * (size - 1) + b"\0",
    "banners": _repeated(b"MicroPython v1.1 on 2024-01-01; board with chip\0"),
    "half banners": _repeated(b" on 20"),
    "half machines": _repeated(b" with "),
    "one long string": _repeated(b" "),
    "text": _repeated("é".encode(), b"a"),
    "lines": _repeated(b"\n", b":"),
    "one long line": _repeated(b":", b":"),
    "records": _repeated(record(0, 5, b"1"), b""),
    "records in a row": _repeated(b"".join(record(0, at, b"1") for at in range(9999)), b""),
    "empty records": lambda size: record(0, 0, b"") * (size // 13 - 9) + HEX_END,
    "elements": lambda size: dfu([(8 * at, b"") for at in range(size // 8)]),
    "one element": lambda size: dfu([(0, bytes(size - 400))]),
    "blocks": _blocks,
    "segments": _segments,
    "tables": _tables,
    "directory": _directory,
    "bomb": _bomb,
}


def _spent(data: bytes) -> tuple[float, int]:
    """Return seconds of processor and the most bytes that the verdict on *data* took."""
    tracemalloc.start()
    began = time.thread_time()
    try:
        verify(data, Claim())
        return time.thread_time() - began, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_cost_little(name: str) -> None:
    """Seconds, and a small multiple of the file's own size, for anything that is repeated."""
    seconds, memory = _spent(HOSTILE[name](SHORT))

    assert seconds < SECONDS
    assert memory < TIMES * SHORT


@pytest.mark.long
@pytest.mark.parametrize("name", HOSTILE)
def test_the_largest_hostile_files_cost_little(name: str) -> None:
    """The same at the largest size that is read at all."""
    seconds, memory = _spent(HOSTILE[name](MOST_BYTES))

    assert seconds < SECONDS
    assert memory < TIMES * MOST_BYTES
