"""The esp8266 port: with trailer, without, and behind the boot loader of the OTA variant."""

from __future__ import annotations

import struct

import pytest

from mirror.formats.esp8266 import OTA_OFFSET, is_esp8266, read_esp8266
from mirror.formats.verdict import Checksummed, Claim, Conclusion, Region
from mirror.formats.verify import verify
from tests.formats.esp_images import esp8266, esp_image
from tests.formats.images import patched, strings
from tests.formats.refusals import rule_of

FILE = esp8266()
OLD = esp8266(strings("v1.8.2-39-g2dd21d9", "2016-07-23"), trailer=False)
LOADER = esp_image([(0x40100000, b"yaota")], hashed=False).ljust(OTA_OFFSET, b"\xff")


def test_regions_are_ram_and_code() -> None:
    """The code behind the segments for RAM runs from flash."""
    image = read_esp8266(FILE)

    assert image.facts.offset == 0
    assert image.facts.regions[0] == Region(0x40100000, 0x40100100)
    assert image.facts.regions[3] == Region(0x40209000, 0x40209000 + 512)


def test_the_flash_size_in_the_header_is_no_fact() -> None:
    """Flashing tools patch it, and builds for larger chips say 1 MB."""
    assert read_esp8266(FILE).facts.flash_size is None


def test_the_ota_variant_is_read_behind_its_boot_loader() -> None:
    """Its trailer counts from 0x3C000, its code runs elsewhere, and a limit says what is left."""
    image = read_esp8266(LOADER + FILE)

    assert image.checksummed is Checksummed.MD5
    assert image.facts.regions[3] == Region(0x40245000, 0x40245000 + 512)
    assert "boot loader" in image.limits[0]


def test_a_build_before_the_trailer_is_accepted_with_a_warning() -> None:
    """v1.8.2 carries neither length nor MD5: accepted, and said to be checked by XOR only."""
    verdict = verify(OLD, Claim(kind="bin", base="1.8.2"))

    assert [finding.rule for finding in verdict.reasons] == ["no-trailer"]
    assert (verdict.conclusion, verdict.checksummed) == (Conclusion.WARNED, Checksummed.XOR)


@pytest.mark.parametrize("base", ["1.8.7", "1.22.1"])
def test_a_newer_build_without_trailer_is_refused(base: str) -> None:
    """From v1.8.7 on a missing trailer is damage."""
    image = esp8266(strings(f"v{base}"), trailer=False)

    verdict = verify(image, Claim(kind="bin", base=base))

    assert (verdict.conclusion, verdict.reasons[0].rule) == (Conclusion.REFUSED, "no-trailer")


def test_age_is_read_from_the_banner_where_nothing_is_claimed() -> None:
    """Without a claim the image's own version decides."""
    young = esp8266(trailer=False)

    assert [verify(data, Claim()).conclusion for data in (OLD, young)] == [
        Conclusion.WARNED,
        Conclusion.REFUSED,
    ]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (FILE[:6], "truncated"),
        (FILE[:200], "truncated"),
        (FILE[:310], "truncated"),
        (FILE[:0x8000], "truncated"),
        (FILE[:-1], "truncated"),
        (FILE + b"\xff" * 512, "truncated"),
        (patched(FILE, 1, b"\4"), "structure"),
        (patched(FILE, 12, b"\xff\xff\xff\xff"), "truncated"),
        (patched(FILE, 20, b"\0"), "checksum"),
        (patched(FILE, 4, b"\0"), "checksum"),
        (patched(FILE, 0x8FF0, b"\0"), "checksum"),
        (patched(FILE, 0x9000, b"\1"), "checksum"),
        (patched(FILE, -1, b"\x17"), "checksum"),
        (patched(FILE, 0x8FFC, bytes(4)), "truncated"),
        (OLD[:0x9000], "truncated"),
        (patched(LOADER + FILE, OTA_OFFSET + 0x9000, b"\1"), "checksum"),
        ((LOADER + FILE)[:-1], "truncated"),
    ],
)
def test_a_broken_structure_is_refused_by_name(data: bytes, rule: str) -> None:
    """Each rule of segments, trailer and length refuses what breaks it."""
    assert rule_of(read_esp8266, data) == rule


def test_segments_that_reach_into_the_code_are_refused() -> None:
    """The loader would overwrite what the length word stands for."""
    size = 0x9000 - 32
    body = struct.pack("<II", 0x40100000, size) + bytes(size)
    body += struct.pack("<II", 0x3FFE8000, 0) + struct.pack("<II", 0x3FFE8000, 0)
    head = struct.pack("<BBBBI", 0xE9, 3, 0, 0, 0x40100000) + body
    image = head + bytes(15 - len(head) % 16) + b"\xef" + bytes(64)

    assert rule_of(read_esp8266, image) == "overlap"


@pytest.mark.parametrize(
    ("data", "expected"),
    [(FILE, True), (LOADER + FILE, True), (esp_image([(0, b"x")]), False), (b"", False)],
)
def test_the_chip_is_told_from_the_family_of_the_esp32(data: bytes, *, expected: bool) -> None:
    """Both begin with 0xE9; three segments of which the first goes to RAM are an ESP8266."""
    assert is_esp8266(data) is expected
