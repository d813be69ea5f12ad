"""What an image is made from, and the bytes that all kinds have in common.

Everything is derived from a `Recipe`: the same recipe gives the same bytes, on any machine.
The payload says, like MicroPython's, which version it is and of what day, and what board it
runs on (``formats.md`` section 9); the rest is noise that repeats, so that real sizes are
made in milliseconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from mirror.catalog.kinds import Kind
from mirror.catalog.versions import Version

_NOISE: Final = 8192
_ONE_STRING_UNTIL: Final = (1, 18)
_CHIPS: Final = {
    "rp2040": "RP2040",
    "rp2350": "RP2350",
    "samd21": "SAMD21G18A",
    "samd51": "SAMD51P19A",
    "nrf51": "NRF51822",
    "nrf52": "NRF52840",
    "nrf91": "NRF9160",
    "mimxrt": "MIMXRT1062DVJ6A",
    "stm32f4": "STM32F405RG",
    "stm32f7": "STM32F722IEK",
    "stm32h7": "STM32H747",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """One file of one build.

    ``board`` is the id that the build was made for.  ``size`` is the least number of bytes of
    its program (0: as small as the format allows).  ``revision`` counts how often its
    bytes were changed under the same name; ``seed`` tells replicas apart.
    """

    port: str
    mcu: str
    board: str
    variant: str | None
    version: str
    date: str
    kind: Kind
    size: int = 0
    seed: int = 0
    revision: int = 0

    @property
    def base(self) -> tuple[int, ...]:
        """The numbers of the base version."""
        return Version.parse(self.version).base

    def noise(self, count: int, what: str = "code") -> bytes:
        """Return *count* bytes that look like a program; the same for every kind of a build."""
        build = (self.board, self.variant, self.version, self.date, self.seed, self.revision, what)
        block = hashlib.shake_128(repr(build).encode()).digest(min(count, _NOISE))
        return (block * (count // _NOISE + 1))[:count]


def program(recipe: Recipe, least: int) -> bytes:
    """Return a program of at least *least* bytes, a multiple of 16, that says what it is."""
    says = identity(recipe)
    count = max(least, recipe.size, len(says) + 64)
    count += -count % 16
    return says + recipe.noise(count - len(says))


def identity(recipe: Recipe) -> bytes:
    """Return the strings that MicroPython carries, padded to 16 bytes."""
    banner = f"MicroPython {recipe.version} on {recipe.date}"
    if recipe.base <= _ONE_STRING_UNTIL:
        texts = [f"{banner}; {machine(recipe)}"]
    else:
        texts = [banner, machine(recipe), f"{recipe.version} on {recipe.date}"]
    data = b"".join(text.encode() + b"\0" for text in texts)
    return data + bytes(-len(data) % 16)


def machine(recipe: Recipe) -> str:
    """Return what the board calls itself: its words, and its chip."""
    words = recipe.board.replace("_", " ").title()
    chip = _CHIPS.get(recipe.mcu, recipe.mcu.upper())
    return f"{words} with {chip}"
