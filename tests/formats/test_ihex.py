"""Intel HEX: only the canonical form, no record lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import MalformedImageError
from mirror.formats.ihex import SHORTEST_GAP, flatten, read_ihex
from mirror.formats.verdict import ImageFacts, Region
from tests.formats.images import HEX_END, ihex, record, records, strings
from tests.formats.refusals import rule_of

FILE = ihex()
LINES = FILE.splitlines(keepends=True)


def _lines(*lines: bytes) -> bytes:
    return b"".join([*lines, HEX_END])


def test_runs_of_records_are_regions() -> None:
    """Where to flash stands in the records; the file goes to the lowest address."""
    image = read_ihex(FILE)

    assert replace(image.facts, payload=None) == ImageFacts(
        structure="intel-hex",
        chip="STM32",
        offset=0x08000000,
        regions=(Region(0x08000000, 0x08000100), Region(0x08020000, 0x08020100)),
    )


def test_a_string_that_two_records_share_is_found() -> None:
    """Records are flattened, even out of order and over a base, before they are searched."""
    says = bytes(0x8000) + bytes(0x8000 - 20) + strings()
    first, second = records(0, says[:0x10000]), records(0x10000, says[0x10000:])

    image = read_ihex(_lines(*second, *first))

    assert image.identity.versions == ("v1.28.0",)
    assert len(image.facts.regions) == 1


@pytest.mark.parametrize(
    ("start", "chip", "ports"),
    [
        (0x08000000, "STM32", frozenset({"stm32"})),
        (0x90000000, "STM32", frozenset({"stm32"})),
        (0x34180400, "STM32", frozenset({"stm32"})),
        (0x60000000, "MIMXRT", frozenset({"mimxrt"})),
        (0x30000400, "MIMXRT", frozenset({"mimxrt"})),
        (0x0, None, frozenset({"nrf", "renesas-ra"})),
        (0x26000, None, frozenset({"nrf", "renesas-ra"})),
        (0xF0000000, None, None),
    ],
)
def test_the_lowest_address_tells_the_port(
    start: int, chip: str | None, ports: frozenset[str] | None
) -> None:
    """As far as the flash of a port lies where no other's does."""
    image = read_ihex(ihex([(start, strings())]))

    assert (image.facts.chip, image.ports) == (chip, ports)


def test_user_configuration_words_are_those_of_an_nrf() -> None:
    """The words at 0x10001014 tell an nRF from a Renesas chip."""
    image = read_ihex(ihex([(0, strings()), (0x10001014, bytes(8))]))

    assert (image.facts.chip, image.ports) == ("nRF", frozenset({"nrf"}))


def test_a_segment_base_is_a_base_too() -> None:
    """Record type 2 counts in units of 16 bytes."""
    image = read_ihex(_lines(record(2, 0, b"\x10\x00"), record(0, 0x20, strings())))

    assert image.facts.offset == 0x10020


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (FILE[: len(FILE) // 2], "truncated"),
        (FILE[:-1], "truncated"),
        (FILE[:-2], "truncated"),
        (FILE.removesuffix(HEX_END), "truncated"),
        (FILE + b"\xff" * 512, "truncated"),
        (FILE + b"\r\n", "trailing"),
        (FILE + LINES[1], "trailing"),
        (FILE.lower(), "canonical"),
        (FILE.replace(b"\r\n", b"\n", 1), "canonical"),
        (FILE.replace(b"\r\n", b"\n\r", 1), "structure"),
        (FILE.replace(b"\r\n", b"\r\r\n", 1), "canonical"),
        (b"\n".join(FILE.rsplit(b"\r\n", 2)), "canonical"),
        (FILE.replace(b"12", b"13", 1), "checksum"),
        (FILE.replace(b":10", b":11", 1), "structure"),
        (FILE.replace(b":10", b";10", 1), "structure"),
        (FILE.replace(b"12", b"G2", 1), "structure"),
        (FILE.replace(b"1212", b"12", 1), "structure"),
        (_lines(b"\r\n"), "structure"),
        (_lines(b":00\r\n"), "structure"),
        (_lines(b":" + b"00" * 400 + b"\r\n"), "structure"),
        (_lines(record(6, 0, b"")), "structure"),
        (_lines(record(0x0D, 0, b"data")), "structure"),
        (_lines(record(4, 0, b"\1")), "structure"),
        (_lines(), "structure"),
        (_lines(record(0, 0, b"1234"), record(0, 3, b"5")), "overlap"),
        (_lines(LINES[1], LINES[1]), "overlap"),
        (_lines(record(0, 0, b"1"), record(0, SHORTEST_GAP, b"2")), "gap"),
        (_lines(*(record(0, 2 * at, b"1") for at in range(1025))), "structure"),
    ],
)
def test_a_broken_structure_is_refused_by_name(data: bytes, rule: str) -> None:
    """Each rule of lines, records and runs refuses what breaks it."""
    assert rule_of(read_ihex, data) == rule


@pytest.mark.parametrize("lost", range(2, 16))
def test_a_lost_record_is_noticed_by_its_gap(lost: int) -> None:
    """Any record but the last of a run leaves a gap that no linker leaves."""
    assert rule_of(read_ihex, b"".join(LINES[:lost] + LINES[lost + 1 :])) == "gap"


def test_a_lost_record_at_the_end_of_a_run_goes_unnoticed_and_that_is_said() -> None:
    """The limit of this kind, as a fact."""
    image = read_ihex(b"".join(LINES[:16] + LINES[17:]))

    assert image.facts.regions[0] == Region(0x08000000, 0x080000F0)
    assert "may go unnoticed" in image.limits[0]


def test_inside_a_container_any_form_is_flattened() -> None:
    """Lower case, line ends of Unix and small gaps are no damage where a CRC covers them."""
    data = _lines(record(0, 0, b"ab"), record(0, 16, b"cd")).replace(b"\r\n", b"\n").lower()

    assert flatten(data) == [(Region(0, 2), b"ab"), (Region(16, 18), b"cd")]


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(min_size=1, max_size=32)), max_size=8),
)
def test_flattening_keeps_every_byte_or_refuses(runs: list[tuple[int, bytes]]) -> None:
    """Regions are in order and apart, and hold as many bytes as the records."""
    data = _lines(*(record(0, at, content) for at, content in runs))
    try:
        content = flatten(data)
    except MalformedImageError:
        return

    regions = [region for region, _ in content]
    assert regions == sorted(regions, key=lambda region: region.start)
    assert sum(region.end - region.start for region in regions) == sum(
        len(piece) for _, piece in runs
    )
