"""UF2 files of every chip that has them, in the canonical form of ``formats.md`` section 2."""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.replica.images.arm import TABLE, arm_program, vector_table
from tests.replica.images.esp32 import application
from tests.replica.images.recipe import program

if TYPE_CHECKING:
    from tests.replica.images.recipe import Recipe

_PAYLOAD: Final = 256
_PADDING: Final = bytes(476 - _PAYLOAD)
_FAMILY_PRESENT: Final = 0x2000
_MAGIC: Final = struct.pack("<2I", 0x0A324655, 0x9E5D5157)
_END: Final = struct.pack("<I", 0x0AB16F30)
_FLASH: Final = 0x10000000
# The work-around of chip erratum RP2350-E10 that every file for it begins with.
_E10_PADDING: Final = bytes.fromhex("04E35799").ljust(len(_PADDING), b"\0")
_RISCV_FAMILY: Final = 0xE48BFF5A
_FRONT: Final = 0x200
_SAMD_FAMILY_SINCE: Final = (1, 24)


@dataclass(frozen=True, slots=True)
class _Target:
    family: int
    start: int


_TARGETS: Final = {
    "rp2040": _Target(0xE48BFF56, _FLASH),
    "rp2350": _Target(0xE48BFF59, _FLASH),
    "samd21": _Target(0x68ED2B88, 0x2000),
    "samd51": _Target(0x55114460, 0x4000),
    "nrf52": _Target(0xADA52840, 0x27000),
    "mimxrt": _Target(0x4FB2D5BD, 0x6000C000),
    "esp32s2": _Target(0xBFDD4EEE, 0),
    "esp32s3": _Target(0xC47E5767, 0),
}


def uf2(recipe: Recipe) -> bytes:
    """Return the ``.uf2`` of any chip that has one."""
    target = _target_of(recipe)
    if recipe.mcu == "rp2040":
        return _file(_rp2040(recipe), target)
    if recipe.mcu == "rp2350":
        return _erratum_block() + _file(_rp2350(recipe), target)
    if recipe.port == "esp32":
        return _file(application(recipe), target)
    return _file(arm_program(recipe, target.start), target)


def crc32_mpeg2(data: bytes) -> int:
    """Return the CRC-32/MPEG-2 of *data*, with which RP2040's boot ROM checks 252 bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        crc &= 0xFFFFFFFF
    return crc


def _target_of(recipe: Recipe) -> _Target:
    target = _TARGETS[recipe.mcu]
    if recipe.variant == "RISCV":
        return _Target(_RISCV_FAMILY, target.start)
    if recipe.port == "samd" and recipe.base < _SAMD_FAMILY_SINCE:
        return _Target(0, target.start)
    if "RT1170" in recipe.board:
        return _Target(target.family, 0x3000C000)
    return target


def _file(payload: bytes, target: _Target) -> bytes:
    payload += bytes(-len(payload) % _PAYLOAD)
    total = len(payload) // _PAYLOAD
    flags = _FAMILY_PRESENT if target.family else 0
    parts = []
    for number in range(total):
        offset = number * _PAYLOAD
        facts = (flags, target.start + offset, _PAYLOAD, number, total, target.family)
        data = payload[offset : offset + _PAYLOAD]
        parts += [_MAGIC, struct.pack("<6I", *facts), data, _PADDING, _END]
    return b"".join(parts)


def _erratum_block() -> bytes:
    facts = (0xA000, 0x10FFFF00, _PAYLOAD, 0, 2, 0xE48BFF57)
    data = b"\xef" * _PAYLOAD
    return b"".join([_MAGIC, struct.pack("<6I", *facts), data, _E10_PADDING, _END])


def _rp2040(recipe: Recipe) -> bytes:
    second_stage = recipe.noise(252, "boot2")
    front = second_stage + struct.pack("<I", crc32_mpeg2(second_stage))
    front += vector_table(_FLASH + TABLE)[:0xD4]
    return _with_information(recipe, front)


def _rp2350(recipe: Recipe) -> bytes:
    # A RISC-V program begins with its entry code, an Arm program with its vectors.
    riscv = recipe.variant == "RISCV"
    front = recipe.noise(TABLE, "entry") if riscv else vector_table(_FLASH)
    return _with_information(recipe, front)


def _with_information(recipe: Recipe, front: bytes) -> bytes:
    """Put the binary info behind *front*, the image definition where a chip wants it, and code."""
    definition = _image_definition(recipe) if recipe.mcu == "rp2350" else b""
    start = _FLASH + _FRONT
    code = program(recipe, 2048)
    info = _binary_info(recipe, start, len(code))
    count = 5
    header = struct.pack("<5I", 0x7188EBF2, start, start + 4 * count, 0, 0xE71AA390)
    return (front + header + definition).ljust(_FRONT, b"\0") + info + code


def _image_definition(recipe: Recipe) -> bytes:
    cpu = 1 if recipe.variant == "RISCV" else 0
    security = 0 if cpu else 2
    flags = 1 | security << 4 | cpu << 8 | 1 << 12
    words = (0xFFFFDED3, flags << 16 | 0x0142, 0x000001FF, 0, 0xAB123579)
    return struct.pack("<5I", *words)


def _binary_info(recipe: Recipe, start: int, code: int) -> bytes:
    """Return pointers, entries and strings of the binary info; they stand at *start*."""
    texts = {
        0x02031C86: "MicroPython",
        0x11A9BC3A: recipe.version,
        0xB63CFFBB: recipe.board.lower(),
        0x9DA22254: _c_date(recipe.date),
    }
    entries_at = start + 4 * (len(texts) + 1)
    strings_at = entries_at + 12 * (len(texts) + 1)
    strings = b""
    entries = []
    for tag, text in texts.items():
        entries.append(struct.pack("<HHII", 6, 0x5052, tag, strings_at + len(strings)))
        strings += text.encode() + b"\0"
    strings += bytes(-len(strings) % 16)
    end = strings_at + len(strings) + code
    entries.append(struct.pack("<HHII", 5, 0x5052, 0x68F465DE, end))
    pointers = [entries_at + 12 * place for place in range(len(entries))]
    return struct.pack(f"<{len(pointers)}I", *pointers) + b"".join(entries) + strings


def _c_date(date: str) -> str:
    """Return *date* as C's ``__DATE__`` has it, whatever the locale: ``Apr  6 2026``."""
    text = dt.date.fromisoformat(date).ctime()
    return f"{text[4:10]} {text[-4:]}"
