"""Small images that are sound, and the pieces to build broken ones from.

Each builder takes what a test wants to get wrong; left out, the result is what upstream's
tools would write.  Nothing here is MicroPython: the programs are a few strings.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = "v1.28.0"
DATE = "2026-04-06"
MACHINE = "Raspberry Pi Pico with RP2040"

RP2040, RP2350_ARM, RP2350_RISCV = 0xE48BFF56, 0xE48BFF59, 0xE48BFF5A
SAMD21, SAMD51, NRF52840, MIMXRT = 0x68ED2B88, 0x55114460, 0xADA52840, 0x4FB2D5BD
ESP32S2, ESP32S3 = 0xBFDD4EEE, 0xC47E5767
PICO_FLASH = 0x10000000
NO_FAMILY_FLAG, FAMILY_FLAG = 0, 0x2000


def strings(version: str = VERSION, date: str = DATE, machine: str = MACHINE) -> bytes:
    """Return what a build since v1.19.1 says of itself, each text behind a NUL."""
    banner = f"MicroPython {version} on {date}"
    return f"\0{banner}\0; {machine}\0{version} on {date}\0".encode()


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    """Return *data* with *new* written over it at *offset* (from the end, if negative)."""
    at = offset % len(data)
    return data[:at] + new + data[at + len(new) :]


# --- ARM -------------------------------------------------------------------------------


def vectors(reset: int = 0x10001001, stack: int = 0x20042000) -> bytes:
    """Return a vector table of four entries."""
    return struct.pack("<4I", stack, reset, reset + 2, reset + 4)


def raw_arm(says: bytes | None = None) -> bytes:
    """Return a program that begins with its vector table."""
    return vectors(reset=0x35001) + bytes(64) + (says or strings(machine="Nano with NRF52840"))


def raw_mimxrt(ivt_at: int = 0x1000, base: int = 0x60000000) -> bytes:
    """Return a program that begins with its flash configuration block."""
    table = struct.pack("<6I", 0x412000D1, base + 0x2000, 0, 0, 0, base + ivt_at)
    head = b"FCFB".ljust(ivt_at, b"\0") + table
    return head.ljust(0x2000, b"\0") + strings(machine="Teensy 4.1 with MIMXRT1062DVJ6A")


# --- Raspberry Pi ----------------------------------------------------------------------


def crc32_mpeg2(data: bytes) -> int:
    """Return the CRC bit by bit, as the data sheet of the RP2040 tells it."""
    crc = 0xFFFFFFFF
    for bit in (byte >> shift & 1 for byte in data for shift in range(7, -1, -1)):
        crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if (crc >> 31) ^ bit else 0)
    return crc


def binary_info(at: int, end: int) -> bytes:
    """Return a table, for offset *at* of the payload, of one entry that says *end*."""
    pointers = PICO_FLASH + at + 20
    entry = pointers + 4
    return struct.pack(
        "<6IHHII",
        *(0x7188EBF2, pointers, pointers + 4, 0, 0xE71AA390, entry),
        *(5, 0x5052, 0x68F465DE, end),
    )


def rp2040_program(says: bytes | None = None, end: int | None = None) -> bytes:
    """Return boot stage, vector table, binary information and strings: 1024 bytes."""
    boot = bytes(range(252))
    head = boot + struct.pack("<I", crc32_mpeg2(boot)) + vectors()
    info = binary_info(len(head), end or PICO_FLASH + 1000)
    return (head + info + (says or strings())).ljust(1024, b"\x5a")


def rp2350_program(says: bytes | None = None, *, image_definition: bytes | None = None) -> bytes:
    """Return vector table, image definition and strings: 1024 bytes."""
    mark = struct.pack("<I", 0xFFFFDED3) if image_definition is None else image_definition
    head = vectors(reset=0x10000101, stack=0x20082000) + bytes(240) + mark
    return (head + (says or strings(machine="Pico 2 with RP2350"))).ljust(1024, b"\x5a")


def cortex_program(machine: str) -> bytes:
    """Return vector table and strings: 1024 bytes."""
    return (vectors(reset=0x27101) + strings(machine=machine)).ljust(1024, b"\x5a")


# --- UF2 -------------------------------------------------------------------------------


def uf2_block(fields: Sequence[int], payload: bytes, tail: bytes = b"") -> bytes:
    """Return one block of (flags, address, size, number, total, family)."""
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, *fields)
    return head + (payload + tail).ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def uf2(
    program: bytes, family: int = RP2040, start: int = PICO_FLASH, flags: int = FAMILY_FLAG
) -> bytes:
    """Return *program* in blocks of 256 bytes."""
    total = -(-len(program) // 256)
    return b"".join(
        uf2_block(
            (flags, start + 256 * number, 256, number, total, family),
            program[256 * number : 256 * number + 256].ljust(256, b"\0"),
        )
        for number in range(total)
    )


def e10_block(flags: int = 0xA000, tail: bytes = bytes.fromhex("04e35799")) -> bytes:
    """Return the block that works around RP2350-E10."""
    fields = (flags, 0x10FFFF00, 256, 0, 2, 0xE48BFF57)
    return uf2_block(fields, b"\xef" * 256, tail)


# --- DfuSe, HEX, ELF -------------------------------------------------------------------


def dfu(
    elements: Sequence[tuple[int, bytes]] | None = None,
    usb: tuple[int, int] = (0x0483, 0xDF11),
    more: bytes = b"",
) -> bytes:
    """Return one target; *more* stands between it and the suffix."""
    parts = elements or [
        (0x08000000, b"\x12" * 256),
        (0x08020000, strings(machine="PYBv1.1 with STM32F405RG")),
    ]
    body = b"".join(struct.pack("<II", at, len(content)) + content for at, content in parts)
    target = b"Target" + struct.pack("<BI255xII", 0, 1, len(body), len(parts)) + body + more
    prefix = b"DfuSe" + struct.pack("<BIB", 1, 11 + len(target), 1)
    suffix = struct.pack("<HHHH3sB", 0, usb[1], usb[0], 0x011A, b"UFD", 16)
    return with_dfu_crc(prefix + target + suffix + bytes(4))


def with_dfu_crc(data: bytes) -> bytes:
    """Return *data* with its last four bytes made right."""
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]) ^ 0xFFFFFFFF)


def record(kind: int, address: int, data: bytes, end: str = "\r\n") -> bytes:
    """Return one line of Intel HEX."""
    raw = struct.pack(">BHB", len(data), address, kind) + data
    return f":{raw.hex()}{-sum(raw) & 0xFF:02x}".upper().encode() + end.encode()


def records(at: int, data: bytes, kind: int = 0, end: str = "\r\n") -> list[bytes]:
    """Return *data* as a base record and lines of 16 bytes."""
    base = record(4, 0, (at >> 16).to_bytes(2, "big"), end)
    lines = [
        record(kind, (at + offset) & 0xFFFF, data[offset : offset + 16], end)
        for offset in range(0, len(data), 16)
    ]
    return [base, *lines]


HEX_END = record(1, 0, b"")


def ihex(runs: Sequence[tuple[int, bytes]] | None = None) -> bytes:
    """Return the runs, an entry and an end record; lines end as those of Windows do."""
    parts = runs or [
        (0x08000000, b"\x12" * 256),
        (0x08020000, strings(machine="WeAct Core with STM32F411CE").ljust(256, b"\x34")),
    ]
    lines = [line for at, data in parts for line in records(at, data)]
    return b"".join([*lines, record(5, 0, bytes.fromhex("08020119")), HEX_END])


def universal_hex(second_type: int = 0x0D, second_model: str = "9903c0de") -> bytes:
    """Return the images of two models in one file; lines end as those of Unix do."""
    first = strings("v1.0.1", machine="micro:bit v1.0.1 with nRF51822")
    second = strings("v2.0.0", machine="micro:bit v2.0.0 with nRF52833")
    lines = [
        record(4, 0, bytes(2), "\n"),
        record(0x0A, 0, bytes.fromhex("9900c0de"), "\n"),
        *records(0, first, end="\n")[1:],
        record(0x0C, 0, b"\xff" * 16, "\n"),
        record(0x0B, 0, b"\xff" * 6, "\n"),
        record(4, 0, bytes(2), "\n"),
        record(0x0A, 0, bytes.fromhex(second_model), "\n"),
        *records(0, second, second_type, "\n")[1:],
        record(0x0B, 0, b"\xff" * 3, "\n"),
        record(1, 0, b"", "\n"),
    ]
    return b"".join(lines)


def elf(machine: int = 40, says: bytes | None = None, loads: int = 1) -> bytes:
    """Return a program with *loads* segments over the same bytes and two sections."""
    content = says or strings()
    where = 52 + 32 * loads
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    table = where + len(content)
    head += struct.pack("<HHIIIII6H", 2, machine, 1, 0, 52, table, 0, 52, 32, loads, 40, 2, 0)
    size = len(content)
    segment = struct.pack("<8I", 1, where, 0x10000000, 0x10000000, size, size, 5, 4)
    section = struct.pack("<10I", 1, 1, 6, 0x10000000, where, size, 0, 0, 4, 0)
    return head + segment * loads + content + bytes(40) + section


LINKER_MAP = b"""\
Memory Configuration

Linker script and memory map

.text           0x10000000     0x1234
 *(.text*)
"""


def zip_of(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip as Python writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 4, 6, 0, 0, 0)), content, method)
    return buffer.getvalue()


def mcuimg(says: bytes | None = None) -> bytes:
    """Return the image of a CC3200, with its MD5 in hexadecimal."""
    image = (says or strings(machine="WiPy with CC3200")).ljust(4096, b"\x77")
    return image + hashlib.md5(image, usedforsecurity=False).hexdigest().encode()
