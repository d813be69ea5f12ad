"""Intel HEX files in the canonical form of ``formats.md`` section 6: upper case, CRLF."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from tests.replica.images.arm import arm_program, flash_start, mimxrt_regions
from tests.replica.images.dfuse import stm32_regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replica.images.recipe import Recipe

_DATA, _END, _BASE, _ENTRY = 0, 1, 4, 5
_RECORD: Final = 16
_BANK: Final = 0x10000


def intel_hex(recipe: Recipe) -> bytes:
    """Return the ``.hex`` of any port that has one."""
    regions = _regions(recipe)
    lines: list[str] = []
    for address, data in regions:
        lines += _records(address, data)
    lines.append(_record(_ENTRY, 0, struct.pack(">I", regions[-1][0] + 0x101)))
    lines.append(_record(_END, 0, b""))
    return "".join(f"{line}\r\n" for line in lines).encode()


def _regions(recipe: Recipe) -> list[tuple[int, bytes]]:
    if recipe.port == "stm32":
        return stm32_regions(recipe)
    if recipe.port == "mimxrt":
        return mimxrt_regions(recipe)
    start = flash_start(recipe)
    return [(start, arm_program(recipe, start))]


def _records(address: int, data: bytes) -> Iterator[str]:
    """Yield the records of *data* at *address*, a multiple of 16: a base before each bank."""
    bank = None
    for offset in range(0, len(data), _RECORD):
        place = address + offset
        if place // _BANK != bank:
            bank = place // _BANK
            yield _record(_BASE, 0, struct.pack(">H", bank))
        yield _record(_DATA, place % _BANK, data[offset : offset + _RECORD])


def _record(kind: int, address: int, data: bytes) -> str:
    body = struct.pack(">BHB", len(data), address, kind) + data
    return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"
