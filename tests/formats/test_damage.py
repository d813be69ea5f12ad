"""Damage is noticed as often as `formats.md` section 8 says; the bench measures it at length."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from mirror.formats.verdict import Claim
from mirror.formats.verify import verify
from tests.bench.verify import ROWS, Row, measure
from tests.formats import esp_images, images
from tests.formats.damage import append_ones, append_zeros, cut, flip_bit, zero_range
from tests.formats.real import needs_real_images
from tests.formats.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20260824
CHECKSUMMED = ["dfuse", "intel-hex", "universal-hex", "esp32-app", "uf2-esp32s3"]
LENGTHENED = [*CHECKSUMMED, "uf2-rp2040", "uf2-rp2350", "esp32-combined", "esp8266", "zip"]


def _unnoticed(data: bytes, damaged: list[bytes]) -> list[int]:
    """Return which of *damaged* differ from *data* and are accepted all the same."""
    return [
        number
        for number, bad in enumerate(damaged)
        if bad != data and verify(bad, Claim()).accepted
    ]


def _flipped(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]


@pytest.mark.parametrize("name", CHECKSUMMED)
def test_every_single_flipped_bit_is_noticed_under_a_checksum(name: str) -> None:
    """In these structures no bit is left out, whether header, data, padding or text."""
    _, data = SAMPLES[name]
    bits = [_flipped(data, at, at % 8) for at in range(len(data))]

    assert _unnoticed(data, bits) == []


def test_every_flipped_bit_outside_the_payload_of_a_uf2_is_noticed() -> None:
    """Headers and padding hold no bit that may change; the payload is another matter."""
    _, data = SAMPLES["uf2-rp2350"]
    outside = [at for at in range(len(data)) if not 32 <= at % 512 < 288]

    assert _unnoticed(data, [_flipped(data, at, at % 8) for at in outside]) == []


def test_the_payload_of_a_uf2_has_no_checksum() -> None:
    """The limit that such a verdict states, as a fact."""
    _, data = SAMPLES["uf2-rp2040"]

    assert verify(_flipped(data, 3 * 512 + 100, 0), Claim()).accepted


@pytest.mark.parametrize("name", ["esp32-combined", "esp8266", "zip"])
def test_flipped_bits_in_larger_structures_are_noticed(name: str) -> None:
    """Seeded dice instead of every bit; the first four bytes of an ESP8266 apart."""
    _, data = SAMPLES[name]
    dice = random.Random(SEED)  # noqa: S311 - a test's dice
    bad = [damage(data, dice) for damage in [flip_bit, zero_range] * 60]

    assert len(_unnoticed(data, bad)) <= 1


@pytest.mark.parametrize("name", [*LENGTHENED, "uf2-samd", "elf", "meta-zip"])
def test_truncation_is_noticed_wherever_it_happens(name: str) -> None:
    """These structures know where they end."""
    _, data = SAMPLES[name]
    dice = random.Random(SEED)  # noqa: S311 - a test's dice
    lengths = range(max(0, len(data) - 200), len(data))
    bad = [data[:length] for length in lengths] + [cut(data, dice) for _ in range(100)]

    assert _unnoticed(data, bad) == []


@pytest.mark.parametrize("name", LENGTHENED)
@pytest.mark.parametrize("append", [append_ones, append_zeros])
def test_appended_bytes_are_noticed(
    name: str, append: Callable[[bytes, random.Random], bytes]
) -> None:
    """Nothing may stand behind the end."""
    _, data = SAMPLES[name]

    assert not verify(append(data, random.Random(SEED)), Claim()).accepted  # noqa: S311 - unused


def test_damage_behind_the_first_part_of_an_old_esp8266_goes_unnoticed() -> None:
    """Without the trailer nothing covers the code: that is what its limit says."""
    data = esp_images.esp8266(images.strings("v1.8.2"), trailer=False)

    verdict = verify(_flipped(data, 0x9100, 0), Claim())

    assert verdict.accepted
    assert "go unnoticed" in verdict.limits[0]


@needs_real_images
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_real_images_keep_to_the_table(row: Row) -> None:
    """A short run of the bench, with a seed: no cell below the table's by more than chance."""
    measured = measure(row, trials=12, seed=SEED)

    assert measured.shortfall() == []
