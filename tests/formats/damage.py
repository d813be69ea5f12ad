"""The damage that tests and the bench do to images: each changes at least one byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

ZEROED = 64
APPENDED = 512


def flip_bit(data: bytes, dice: Random) -> bytes:
    """Return *data* with one bit the other way."""
    at = dice.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << dice.randrange(8),)) + data[at + 1 :]


def zero_range(data: bytes, dice: Random) -> bytes:
    """Return *data* with 64 bytes zeroed where they were not all zero."""
    while True:
        at = dice.randrange(len(data) - ZEROED + 1)
        if any(data[at : at + ZEROED]):
            return data[:at] + bytes(ZEROED) + data[at + ZEROED :]


def cut(data: bytes, dice: Random) -> bytes:
    """Return *data* without its end, from anywhere."""
    return data[: dice.randrange(len(data))]


def append_ones(data: bytes, _dice: Random) -> bytes:
    """Return *data* with 512 bytes of 0xFF behind it."""
    return data + b"\xff" * APPENDED


def append_zeros(data: bytes, _dice: Random) -> bytes:
    """Return *data* with 512 bytes of 0 behind it."""
    return data + bytes(APPENDED)


RANDOM: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (flip_bit, zero_range, cut)
APPENDING: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (append_ones, append_zeros)
