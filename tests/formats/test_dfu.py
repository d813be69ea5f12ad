"""DfuSe: every byte is accounted for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mirror.formats.dfu import read_dfu
from mirror.formats.verdict import ImageFacts, Region
from tests.formats.images import dfu, patched, with_dfu_crc
from tests.formats.refusals import rule_of

FILE = dfu()
TARGET = 11
ELEMENT = TARGET + 274


def _sound_but(offset: int, new: bytes) -> bytes:
    return with_dfu_crc(patched(FILE, offset, new))


def test_elements_are_regions_by_address() -> None:
    """Where to flash stands in the elements; the file goes to the lowest of them."""
    image = read_dfu(dfu([(0x90000000, b"far"), (0x08008000, b"near")]))

    assert replace(image.facts, payload=None) == ImageFacts(
        structure="dfuse",
        chip="STM32",
        offset=0x08008000,
        regions=(Region(0x08008000, 0x08008004), Region(0x90000000, 0x90000003)),
    )


@pytest.mark.parametrize(
    ("usb", "rules"),
    [((0x0483, 0xDF11), []), ((0x2341, 0x035B), []), ((0x1209, 0xABD1), ["usb-id"])],
)
def test_an_unknown_usb_id_only_warns(usb: tuple[int, int], rules: list[str]) -> None:
    """Upstream builds for several vendors; another is told, not refused."""
    assert [finding.rule for finding in read_dfu(dfu(usb=usb)).findings] == rules


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (FILE[:10], "truncated"),
        (FILE[:-1], "structure"),
        (FILE[:-200], "structure"),
        (FILE + bytes(512), "structure"),
        (patched(FILE, -1, b"\0"), "checksum"),
        (patched(FILE, 400, b"\xee"), "checksum"),
        (_sound_but(5, b"\2"), "structure"),
        (_sound_but(6, b"\0"), "truncated"),
        (_sound_but(10, b"\0"), "trailing"),
        (_sound_but(10, b"\2"), "structure"),
        (_sound_but(TARGET, b"t"), "structure"),
        (_sound_but(TARGET + 266, b"\0"), "structure"),
        (_sound_but(TARGET + 270, b"\1"), "structure"),
        (_sound_but(TARGET + 270, b"\xff\xff"), "structure"),
        (_sound_but(TARGET + 270, b"\3"), "truncated"),
        (_sound_but(ELEMENT + 4, b"\xff\xff\xff\x7f"), "truncated"),
        (_sound_but(len(FILE) - 8, b"u"), "structure"),
        (_sound_but(len(FILE) - 10, b"\0"), "structure"),
        (dfu(more=b"\0"), "trailing"),
        (dfu([(0x08000000, b"abcd"), (0x08000003, b"efgh")]), "overlap"),
        (patched(with_dfu_crc(FILE[:10] + b"\0" + FILE[-16:]), 6, b"\x0b\0"), "checksum"),
    ],
)
def test_a_broken_structure_is_refused_by_name(data: bytes, rule: str) -> None:
    """Each rule of prefix, targets, elements and suffix refuses what breaks it."""
    assert rule_of(read_dfu, data) == rule


def test_a_file_without_elements_is_refused() -> None:
    """A sound frame around nothing is no image."""
    empty = FILE[:5] + b"\1" + (11).to_bytes(4, "little") + b"\0" + FILE[-16:]

    assert rule_of(read_dfu, with_dfu_crc(empty)) == "structure"
