"""The micro:bit's universal hex: an image for each of two models."""

from __future__ import annotations

import pytest

from mirror.formats.universal_hex import is_universal_hex, read_universal_hex
from tests.formats.images import ihex, record, universal_hex
from tests.formats.refusals import rule_of

FILE = universal_hex()
LINES = FILE.splitlines(keepends=True)
END = LINES[-1]


def test_both_images_are_searched() -> None:
    """Versions and boards of both models are found, each with its own."""
    image = read_universal_hex(FILE)

    assert image.identity.versions == ("v1.0.1", "v2.0.0")
    assert image.identity.machines == (
        "micro:bit v1.0.1 with nRF51822",
        "micro:bit v2.0.0 with nRF52833",
    )


def test_addresses_of_two_models_do_not_overlap_each_other() -> None:
    """Both begin at 0, each in the flash of its own chip."""
    starts = [region.start for region in read_universal_hex(FILE).facts.regions]

    assert starts == [0, 0]


@pytest.mark.parametrize(("data", "expected"), [(FILE, True), (ihex(), False), (b":", False)])
def test_a_block_start_at_the_beginning_tells_it(data: bytes, *, expected: bool) -> None:
    """Plain files have no such record."""
    assert is_universal_hex(data) is expected


def _with(line: bytes, at: int = 3) -> bytes:
    return b"".join([*LINES[:at], line, *LINES[at:]])


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (FILE[: len(FILE) // 2], "truncated"),
        (FILE.removesuffix(END), "truncated"),
        (FILE + b"\xff" * 512, "truncated"),
        (FILE.lower(), "canonical"),
        (universal_hex(second_type=0), "structure"),
        (universal_hex(second_model="9901c0de"), "structure"),
        (universal_hex(second_model="9903c0d0"), "structure"),
        (universal_hex(second_model="9900c0de"), "structure"),
        (_with(record(0x0F, 0, b"", "\n")), "structure"),
        (_with(record(0, 0, b"data", "\n"), 1), "structure"),
        (b"".join([*LINES[:3], *LINES[4:]]), "gap"),
        (b"".join([*LINES[:4], *LINES[3:]]), "overlap"),
        (b"".join([*LINES[:8], END]), "structure"),
    ],
)
def test_a_broken_structure_is_refused_by_name(data: bytes, rule: str) -> None:
    """Each rule of blocks and models refuses what breaks it, as do those of a plain file."""
    assert rule_of(read_universal_hex, data) == rule
