"""The esp32 port: one image, the combined file, the application alone."""

from __future__ import annotations

import functools
import operator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.formats.esp32 import read_esp32
from mirror.formats.esp_image import CHIPS, xor
from mirror.formats.verdict import Checksummed, ImageFacts, Region
from tests.formats.esp_images import (
    FACTORY,
    NVS,
    VFS,
    application,
    boot_loader,
    description,
    esp32_file,
    esp_image,
    partition,
    partition_table,
)
from tests.formats.images import patched
from tests.formats.refusals import rule_of

FILE = esp32_file()
APP_AT = 0xF000
TABLE_AT = 0x7000


def test_the_facts_are_those_of_the_flash() -> None:
    """Regions and partitions are addresses of the flash, the offset that of the boot ROM."""
    image = read_esp32(FILE)

    assert replace(image.facts, payload=None) == ImageFacts(
        structure="esp32-combined",
        chip="ESP32",
        offset=0x1000,
        flash_size=4 << 20,
        regions=(
            Region(0x1000, 0x1000 + len(boot_loader())),
            Region(0x8000, 0x8000 + 4 * 32),
            Region(0x10000, 0x10000 + len(application())),
        ),
        partitions=("nvs@0x9000+0x6000", "factory@0x10000+0x1f0000", "vfs@0x200000+0x200000"),
    )


@pytest.mark.parametrize("chip", CHIPS)
def test_the_chip_in_the_image_decides_where_the_file_goes(chip: int) -> None:
    """The id in the boot loader gives the offset, for every chip of the family."""
    base = CHIPS[chip].boot_offset

    image = read_esp32(esp32_file(boot_loader(chip), program=application(chip), base=base))

    assert (image.facts.chip, image.facts.offset) == (CHIPS[chip].name, base)


@pytest.mark.parametrize(
    ("name", "mcu"), [("ESP32", "esp32"), ("ESP32-C61", "esp32c61"), ("ESP32-S3", "esp32s3")]
)
def test_a_chip_has_a_name_for_people_and_one_of_micropython(name: str, mcu: str) -> None:
    """The two spellings belong together."""
    assert {chip.name: chip.mcu for chip in CHIPS.values()}[name] == mcu


def test_an_application_alone_has_no_place_in_flash() -> None:
    """It goes to a partition, never to the usual offset; its regions are load addresses."""
    image = read_esp32(application())

    assert image.facts.structure == "esp32-app"
    assert image.facts.offset is None
    assert image.facts.regions[1] == Region(0x40080000, 0x40080080)


def test_the_first_of_two_applications_is_where_the_file_has_it() -> None:
    """An OTA table holds the application at its first place, in whatever order it lists them."""
    first = partition(b"ota_0", 0, 0x10000, 0x180000)
    second = partition(b"ota_1", 0, 0x190000, 0x180000)

    image = read_esp32(esp32_file(table=partition_table(second, first)))

    assert image.facts.regions[2].start == 0x10000


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        (esp32_file(boot_loader(hashed=False)), ["no-sha256"]),
        (esp32_file(program=application(hashed=False)), ["no-sha256"]),
        (esp32_file(table=partition_table(NVS, FACTORY, hashed=False)), ["no-md5"]),
        (esp32_file(program=esp_image([(0, bytes(64))])), ["no-description"]),
    ],
)
def test_what_the_oldest_builds_lack_is_a_doubt(data: bytes, rules: list[str]) -> None:
    """A missing checksum or description is no damage before v1.13, and said by name."""
    doubts = read_esp32(data).doubts

    assert [doubt.finding.rule for doubt in doubts] == rules
    assert {doubt.before for doubt in doubts} == {(1, 13)}


def test_without_sha256_the_checksum_is_only_an_xor() -> None:
    """One part without SHA-256 is enough to say less of the whole."""
    image = read_esp32(esp32_file(boot_loader(hashed=False)))

    assert image.checksummed is Checksummed.XOR


def _overlapping() -> bytes:
    return partition_table(NVS, FACTORY, partition(b"vfs", 1, 0x1FF000, 0x1000))


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (FILE[:20], "truncated"),
        (FILE[:100], "truncated"),
        (FILE[:0x7010], "truncated"),
        (FILE[: APP_AT + 10], "truncated"),
        (FILE[:-1], "truncated"),
        (FILE[:-40], "truncated"),
        (FILE + b"\xff" * 512, "trailing"),
        (FILE + bytes(16), "trailing"),
        (patched(FILE, 0, b"\xe8"), "structure"),
        (patched(FILE, 1, b"\0"), "structure"),
        (patched(FILE, 1, b"\x11"), "structure"),
        (patched(FILE, 12, b"\1"), "chip"),
        (patched(FILE, 40, b"\0"), "checksum"),
        (patched(FILE, 2, b"\0"), "checksum"),
        (patched(FILE, len(boot_loader()) - 1, b"\0\0"), "checksum"),
        (esp32_file(esp_image([(0x40078000, b"boot")], entry=0x1000)), "structure"),
        (patched(FILE, APP_AT + 300, b"\0\1\2\3"), "checksum"),
        (patched(FILE, len(boot_loader()), b"\xfe"), "canonical"),
        (patched(FILE, APP_AT - 1, b"\0"), "canonical"),
        (esp32_file(fill=b"\0"), "canonical"),
        (patched(FILE, TABLE_AT, b"\0"), "structure"),
        (patched(FILE, TABLE_AT + 4, b"\1"), "checksum"),
        (patched(FILE, TABLE_AT + 32 * 3 + 20, b"\0"), "checksum"),
        (patched(FILE, TABLE_AT + 12, b"\xe9"), "structure"),
        (esp32_file(table=partition_table(NVS, VFS)), "structure"),
        (esp32_file(table=b""), "structure"),
        (esp32_file(table=_overlapping()), "overlap"),
        (esp32_file(table=NVS * 96), "structure"),
        (esp32_file(table=partition_table(partition(b"a", 0, 0x10000, 64))), "structure"),
        (esp32_file(table=partition_table(partition(b"a", 0, 0, 0x10000))), "truncated"),
        (esp32_file(table=partition_table(partition(b"a", 0, 0x8000, 64))), "structure"),
        (esp32_file(esp_image([(0, b"x" * 0x7000)])), "structure"),
        (esp32_file(program=application(5)), "chip"),
        (application() + bytes(16), "trailing"),
        (application()[:-1], "truncated"),
        (patched(application(), 30, b"\1"), "truncated"),
        (patched(application(), -1, b"\0"), "checksum"),
    ],
)
def test_a_broken_structure_is_refused_by_name(data: bytes, rule: str) -> None:
    """Each rule of image, table and combined file refuses what breaks it."""
    assert rule_of(read_esp32, data) == rule


def test_a_boot_loader_that_reaches_into_the_table_is_refused() -> None:
    """Parts that overlap in the file are no parts of one build, however sound each is."""
    lines = partition_table(NVS, FACTORY, VFS)
    content = (b"x" * (TABLE_AT - 32) + lines).ljust(0x7100, b"x")

    assert rule_of(read_esp32, esp32_file(esp_image([(0x40078000, content)]), b"")) == "overlap"


@given(st.binary(max_size=400))
def test_folding_gives_the_xor_of_all_bytes(data: bytes) -> None:
    """The checksum of a segment is that of its bytes one by one, of any length."""
    assert xor(memoryview(data)) == functools.reduce(operator.xor, data, 0)


def test_an_empty_first_segment_is_no_description() -> None:
    """What stands where a description would be is not read as one when it is elsewhere."""
    program = esp_image([(0x1000, b""), (0x2000, description())], entry=0x2000)

    doubts = read_esp32(esp32_file(program=program)).doubts

    assert [doubt.finding.rule for doubt in doubts] == ["no-description"]
