"""UF2: blocks, families, and what each chip asks of its payload."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.formats import rp2
from mirror.formats.uf2 import BLOCK, read_uf2
from mirror.formats.verdict import Checksummed, ImageFacts, Region
from tests.formats import images
from tests.formats.esp_images import application
from tests.formats.images import (
    ESP32S2,
    ESP32S3,
    MIMXRT,
    NO_FAMILY_FLAG,
    NRF52840,
    PICO_FLASH,
    RP2040,
    RP2350_ARM,
    RP2350_RISCV,
    SAMD21,
    SAMD51,
    cortex_program,
    crc32_mpeg2,
    e10_block,
    patched,
    rp2040_program,
    rp2350_program,
    uf2,
    uf2_block,
    vectors,
)
from tests.formats.refusals import rule_of

PICO = uf2(rp2040_program())
SAMD = cortex_program("Trinket M0 with SAMD21E18A")


def test_addresses_and_chip_come_from_the_blocks() -> None:
    """A file goes to its lowest address, and ends behind its last payload."""
    image = read_uf2(PICO)

    assert image.facts == ImageFacts(
        structure="uf2",
        chip="RP2040",
        offset=PICO_FLASH,
        regions=(Region(PICO_FLASH, PICO_FLASH + 1024),),
    )


def test_a_string_that_two_blocks_share_is_found() -> None:
    """The payload is flattened before it is searched for the banner."""
    says = bytes(150) + images.strings()

    assert read_uf2(uf2(rp2040_program(says))).identity.versions == ("v1.28.0",)


@pytest.mark.parametrize(
    ("data", "chip", "mcu"),
    [
        (PICO, "RP2040", "rp2040"),
        (uf2(rp2350_program(), RP2350_ARM), "RP2350", "rp2350"),
        (uf2(rp2350_program(), RP2350_RISCV), "RP2350 RISC-V", "rp2350"),
        (uf2(SAMD, SAMD21, 0x2000), "SAMD21", "samd21"),
        (uf2(SAMD, SAMD51, 0x4000), "SAMD51", "samd51"),
        (uf2(SAMD, NRF52840, 0x27000), "nRF52840", "nrf52"),
        (uf2(SAMD, MIMXRT, 0x3000C000), "MIMXRT", "mimxrt"),
        (uf2(application(2), ESP32S2, 0), "ESP32-S2", "esp32s2"),
        (uf2(application(9), ESP32S3, 0), "ESP32-S3", "esp32s3"),
    ],
)
def test_the_family_decides_the_chip(data: bytes, chip: str, mcu: str) -> None:
    """Each family is one chip, in the words of people and in MicroPython's."""
    image = read_uf2(data)

    assert (image.facts.chip, image.mcus) == (chip, frozenset({mcu}))


@pytest.mark.parametrize(("start", "chip"), [(0x2000, "SAMD21"), (0x4000, "SAMD51")])
def test_without_a_family_only_samd_is_read_with_a_warning(start: int, chip: str) -> None:
    """Builds before v1.24.0 name no family; the address tells the chip."""
    image = read_uf2(uf2(SAMD, 0, start, NO_FAMILY_FLAG))

    assert image.facts.chip == chip
    assert [finding.rule for finding in image.findings] == ["no-family"]


@pytest.mark.parametrize("tail", [(0xA000, bytes.fromhex("04e35799")), (0x2000, b"")])
def test_the_block_for_rp2350_e10_is_counted_apart(tail: tuple[int, bytes]) -> None:
    """Both forms of the block are read, and are no part of the program."""
    image = read_uf2(e10_block(*tail) + uf2(rp2350_program(), RP2350_ARM))

    assert image.facts.regions == (Region(PICO_FLASH, PICO_FLASH + 1024),)


def test_an_unusual_address_warns_where_boot_loaders_differ() -> None:
    """An nRF build behind an unknown soft device is not refused."""
    image = read_uf2(uf2(SAMD, NRF52840, 0x1C000))

    assert [finding.rule for finding in image.findings] == ["unusual-address"]


def test_blocks_that_are_not_for_main_flash_do_not_count() -> None:
    """A comment block between the others changes nothing."""
    comment = uf2_block((0x1, 0, 4, 0, 1, 0), b"note")

    assert read_uf2(PICO[:BLOCK] + comment + PICO[BLOCK:]) == read_uf2(PICO)


def test_the_sha256_of_an_application_inside_counts_for_the_file() -> None:
    """ESP32-S3: the payload is covered, so damage does not go unnoticed."""
    image = read_uf2(uf2(application(9), ESP32S3, 0))

    assert (image.checksummed, image.limits) == (Checksummed.SHA256, ())
    assert image.facts.flash_size == 4 << 20


def _field(block: int, field: int, value: int) -> bytes:
    return patched(PICO, BLOCK * block + 4 * field, struct.pack("<I", value))


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (PICO[:-1], "truncated"),
        (PICO[:-BLOCK], "truncated"),
        (PICO + bytes(BLOCK), "structure"),
        (PICO + b"\xff" * BLOCK, "structure"),
        (_field(1, 1, 0x9E5D5156), "structure"),
        (patched(PICO, 2 * BLOCK - 4, bytes(4)), "structure"),
        (_field(2, 4, 0), "structure"),
        (_field(2, 4, 477), "structure"),
        (_field(2, 4, 255), "canonical"),
        (_field(2, 5, 3), "structure"),
        (_field(2, 6, 5), "truncated"),
        (_field(2, 3, PICO_FLASH), "canonical"),
        (_field(3, 3, PICO_FLASH + 0x1000), "canonical"),
        (_field(2, 7, RP2350_ARM), "canonical"),
        (_field(2, 2, 0x2004), "canonical"),
        (patched(PICO, BLOCK + 300, b"\1"), "canonical"),
        (PICO[:BLOCK] + PICO, "truncated"),
        (uf2(rp2040_program(), flags=0xA000), "canonical"),
        (uf2_block((1, 0, 4, 0, 1, 0), b"note"), "structure"),
        (uf2(rp2040_program(), 0xDEADBEEF), "family"),
        (uf2(rp2040_program(), 0, PICO_FLASH, NO_FAMILY_FLAG), "family"),
        (uf2(rp2040_program(), RP2040, PICO_FLASH + 0x100), "address"),
        (uf2(SAMD, SAMD21, 0x4000), "address"),
        (uf2(bytes(vectors()) * 0x4000, SAMD21, 0x2000), "address"),
        (uf2(SAMD, NRF52840, 0x800), "address"),
        (uf2(SAMD, NRF52840, 0x100000), "address"),
        (uf2(b"FCFB" + SAMD, MIMXRT, 0x6000C000), "address"),
        (e10_block() + PICO, "family"),
        (patched(e10_block(), 100, b"\0") + uf2(rp2350_program(), RP2350_ARM), "canonical"),
        (e10_block(), "structure"),
        (uf2(patched(rp2040_program(), 17, b"\xaa")), "checksum"),
        (uf2(rp2040_program()[:250]), "checksum"),
        (uf2(patched(rp2040_program(), 256, bytes(8))), "vector-table"),
        (uf2(rp2040_program()[:256]), "vector-table"),
        (uf2(rp2040_program(end=PICO_FLASH + 1025)), "binary-end"),
        (uf2(rp2040_program().ljust(0x1800, b"\1")), "binary-end"),
        (uf2(rp2350_program(image_definition=bytes(4)), RP2350_ARM), "image-definition"),
        (uf2(rp2350_program(image_definition=bytes(4)), RP2350_RISCV), "image-definition"),
        (uf2(patched(rp2350_program(), 0, bytes(8)), RP2350_ARM), "vector-table"),
        (uf2(patched(SAMD, 4, b"\0"), SAMD21, 0x2000), "vector-table"),
        (uf2(patched(SAMD, 0, bytes(4)), NRF52840, 0x26000), "vector-table"),
        (uf2(application(0), ESP32S3, 0), "chip"),
        (uf2(application(9), ESP32S3, 0x1000), "address"),
        (uf2(application(9) + b"\1", ESP32S3, 0), "trailing"),
        (uf2(application(9).ljust(2048, b"\0"), ESP32S3, 0), "trailing"),
        (uf2(patched(application(9), 60, b"\1"), ESP32S3, 0), "checksum"),
    ],
)
def test_a_broken_structure_is_refused_by_name(data: bytes, rule: str) -> None:
    """Each rule of blocks, families and programs refuses what breaks it."""
    assert rule_of(read_uf2, data) == rule


def test_a_riscv_program_needs_no_vector_table() -> None:
    """RISC-V begins with code, not with a table."""
    program = patched(rp2350_program(), 0, bytes(16))

    assert read_uf2(uf2(program, RP2350_RISCV)).facts.chip == "RP2350 RISC-V"


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_the_boot_stage_crc_is_that_of_the_data_sheet(data: bytes) -> None:
    """The quick way by zlib gives what the definition, bit by bit, gives."""
    assert rp2.crc32_mpeg2(data) == crc32_mpeg2(data)


@settings(max_examples=200)
@given(st.integers(0, 60), st.binary(min_size=4, max_size=40))
def test_any_binary_information_is_read_or_left(at: int, table: bytes) -> None:
    """Pointers that lead anywhere are never followed outside the payload."""
    payload = bytes(at) + struct.pack("<I", 0x7188EBF2) + table

    assert rp2.find_binary_end(payload) is None


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (4, PICO_FLASH + 0x1000),
        (4, PICO_FLASH + 22),
        (8, PICO_FLASH + 0x2000),
        (16, 0),
        (20, PICO_FLASH + 30),
        (20, 0),
        (24, 6),
        (28, 0),
    ],
)
def test_broken_binary_information_is_left(offset: int, value: int) -> None:
    """Marks, pointers and entries that do not fit say nothing, and nothing is refused for them."""
    table = patched(images.binary_info(0, PICO_FLASH), offset, struct.pack("<I", value))

    assert rp2.find_binary_end(table) is None


@given(st.integers(0, 0xFFFFFFFF))
def test_the_end_of_the_program_is_read_wherever_it_points(end: int) -> None:
    """The table of binary information says one address, and that is returned."""
    payload = images.binary_info(0, end)

    assert rp2.find_binary_end(payload) == end


def test_pointers_of_binary_information_are_not_followed_outside() -> None:
    """A table that was made for another place in the payload points behind its end."""
    assert rp2.find_binary_end(images.binary_info(0x800, PICO_FLASH)) is None
