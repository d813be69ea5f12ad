"""ELF and the linker's map: what debugging needs, and nothing can vouch for."""

from __future__ import annotations

import pytest

from mirror.formats.elf import read_elf
from mirror.formats.linker_map import read_map
from mirror.formats.verdict import Region
from tests.formats.images import LINKER_MAP, elf, patched, strings
from tests.formats.refusals import rule_of

FILE = elf()


def test_loaded_segments_are_regions() -> None:
    """Physical addresses tell where the program goes; the file as a whole goes nowhere."""
    image = read_elf(FILE)

    assert image.facts.regions == (Region(0x10000000, 0x10000000 + len(strings())),)
    assert (image.facts.offset, image.facts.chip) == (None, None)


def test_strings_outside_the_program_are_not_searched() -> None:
    """What stands in debugging sections only is not what the image says."""
    image = read_elf(FILE + strings("v9.9.9"))

    assert image.identity.versions == ("v1.28.0",)


@pytest.mark.parametrize(
    ("machine", "port", "mcu"),
    [(94, "esp8266", "esp32s3"), (94, "esp32", "esp8266"), (243, "esp32", "esp32c61")],
)
def test_the_machine_tells_ports_and_mcus(machine: int, port: str, mcu: str) -> None:
    """Xtensa is ESP8266 and ESP32, RISC-V the newer ones."""
    image = read_elf(elf(machine))

    assert image.ports is not None
    assert image.mcus is not None
    assert (port in image.ports, mcu in image.mcus) == (True, True)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (FILE[:40], "truncated"),
        (FILE[:-1], "truncated"),
        (FILE[: len(FILE) // 2], "truncated"),
        (patched(FILE, 4, b"\2"), "structure"),
        (patched(FILE, 5, b"\2"), "structure"),
        (elf(62), "chip"),
        (patched(FILE, 42, b"\x38"), "structure"),
        (patched(FILE, 46, b"\x40"), "structure"),
        (patched(FILE, 44, b"\0"), "structure"),
        (patched(FILE, 52 + 16, b"\xff\xff\xff\x7f"), "truncated"),
        (patched(FILE, -20, b"\xff\xff"), "truncated"),
        (elf(loads=9), "overlap"),
    ],
)
def test_a_broken_structure_is_refused_by_name(data: bytes, rule: str) -> None:
    """Each rule of header, segments and sections refuses what breaks it."""
    assert rule_of(read_elf, data) == rule


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (LINKER_MAP + b"\0", "structure"),
        (LINKER_MAP + b"\xff", "structure"),
        (LINKER_MAP.replace(b".text", b"text"), "text"),
    ],
)
def test_a_map_that_is_none_is_refused_by_name(data: bytes, rule: str) -> None:
    """A map is UTF-8 without NUL, and names sections."""
    assert rule_of(read_map, data) == rule


def test_a_map_may_name_things_in_any_script() -> None:
    """UTF-8 is read across the pieces in which it is decoded."""
    image = read_map(LINKER_MAP + "é".encode() * (1 << 20))

    assert image.speaks is False
