"""What is done to many bytes at once gives what each byte by itself would."""

from __future__ import annotations

import operator
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.formats.esp_image import xor
from mirror.formats.image import is_filled


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385, 40_000])
def test_the_xor_of_any_number_of_bytes_is_that_of_each(size: int) -> None:
    """Also at the edges of what is taken at once."""
    data = bytes(at * 7 % 251 for at in range(size))

    assert xor(memoryview(data)) == reduce(operator.xor, data, 0)


@given(st.binary(max_size=40), st.integers(0, 45), st.integers(0, 45), st.integers(0, 3))
def test_a_range_is_filled_when_all_of_it_is_there_and_alike(
    data: bytes, start: int, end: int, value: int
) -> None:
    alike = [at < len(data) and data[at] == value for at in range(start, end)]

    assert is_filled(data, start, end, value) == (start <= end and all(alike))


@pytest.mark.parametrize("place", [0, 4095, 4096, 9999])
def test_one_other_byte_anywhere_is_seen(place: int) -> None:
    data = bytearray(b"\xff" * 10_000)
    whole = is_filled(bytes(data), 0, len(data), 0xFF)
    data[place] = 0xFE

    assert whole
    assert not is_filled(bytes(data), 0, len(data), 0xFF)
