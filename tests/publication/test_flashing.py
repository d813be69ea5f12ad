"""The closed table of flashing commands: ours in every word, and right for the chip."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.errors import UnflashableError
from mirror.formats.esp_image import CHIPS, Chip
from mirror.formats.uf2_families import FAMILIES, Family
from mirror.formats.verify import verify
from mirror.publication.flashing import (
    Flashable,
    Tool,
    Way,
    kinds_of_boot_loader,
    way_of,
)
from tests.formats.real import RealFile, needs_real_images, real_files

ESP32 = Flashable("ESP32_GENERIC", Kind.BIN, "esp32-combined", "ESP32", 0x1000)
ESP8266 = Flashable("ESP8266_GENERIC", Kind.BIN, "esp8266", "ESP8266", 0)
PICO = Flashable("RPI_PICO", Kind.UF2, "uf2", "RP2040", 0x10000000)
PYBOARD = Flashable("PYBV11", Kind.DFU, "dfuse", "STM32", 0x08000000)
TEENSY = Flashable("TEENSY41", Kind.HEX, "intel-hex", "MIMXRT", 0x60000000)


def words_of(found: Flashable, serial: str | None = None, *, erase: bool = False) -> list[str]:
    """Return the commands for a file, as a person would type them."""
    return [step.quoted() for step in way_of(found).steps("x.bin", serial=serial, erase=erase)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ESP32, "esptool --chip esp32 --baud 460800 write_flash 0x1000 x.bin"),
        (ESP8266, "esptool --chip esp8266 --baud 460800 write_flash -fs detect 0x0 x.bin"),
        (PICO, "cp -- x.bin VOLUME/"),
        (PYBOARD, "dfu-util -a 0 -D x.bin"),
        (TEENSY, "teensy_loader_cli --mcu=TEENSY41 -w -v x.bin"),
    ],
    ids=lambda one: one.board if isinstance(one, Flashable) else "",
)
def test_each_tool_has_its_command(found: Flashable, expected: str) -> None:
    """Without a choice of the board's port, the tool looks for the only one."""
    assert words_of(found) == [expected]


def test_the_port_and_an_erased_flash_are_where_the_tool_wants_them() -> None:
    """Erasing comes first, on the same port."""
    assert words_of(ESP32, serial="/dev/ttyUSB0", erase=True) == [
        "esptool --chip esp32 --port /dev/ttyUSB0 erase_flash",
        "esptool --chip esp32 --port /dev/ttyUSB0 --baud 460800 write_flash 0x1000 x.bin",
    ]
    assert words_of(PYBOARD, serial="3363375") == ["dfu-util -a 0 -S 3363375 -D x.bin"]


def test_a_name_that_looks_like_an_option_or_needs_quotes_stays_a_name() -> None:
    """No tool and no shell takes it for anything else."""
    (step,) = way_of(PICO).steps("-rf *; reboot.uf2", volume="/media/a b/")

    assert step.words == ("cp", "--", "./-rf *; reboot.uf2", "/media/a b/")
    assert shlex.split(step.quoted()) == list(step.words)
    assert way_of(TEENSY).steps("-x.hex")[0].words[-1] == "./-x.hex"


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_every_chip_of_the_family_is_written_where_its_rom_looks(chip: Chip) -> None:
    """The offset of the table is the one that the verification of images knows."""
    found = Flashable("A", Kind.BIN, "esp32-combined", chip.name, chip.boot_offset)

    (step,) = way_of(found).steps("x.bin")

    assert step.words[-2:] == (f"{chip.boot_offset:#x}", "x.bin")
    assert step.words[2] == chip.mcu


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.chip)
def test_every_family_of_uf2_has_its_volume(family: Family) -> None:
    """A file that can be verified can be copied."""
    way = way_of(Flashable("A", Kind.UF2, "uf2", family.chip, 0))

    assert way.volume is not None


@pytest.mark.parametrize(
    ("board_id", "chips"),
    [
        ("RPI-RP2", {"RP2040"}),
        ("RP2350", {"RP2350", "RP2350 RISC-V"}),
        ("SAMD21G18A-XIAO-v0", {"SAMD21"}),
        ("SAMD51P19A-Wio-Terminal-v0", {"SAMD51"}),
        ("nRF52840-SeeedXiao-v1", {"nRF52840"}),
        ("ESP32S3-T_Dongle_S3-rev2", {"ESP32-S3"}),
        ("MIMXRT1011-Metro-revB", {"MIMXRT"}),
        ("", set()),
        ("HT-n5262G", set()),
    ],
)
def test_a_boot_loader_says_for_which_chip_it_is(board_id: str, chips: set[str]) -> None:
    """What is not known is nobody's."""
    assert kinds_of_boot_loader(board_id) == chips


@pytest.mark.parametrize(
    "found",
    [
        Flashable("ESP32_GENERIC", Kind.APP_BIN, "esp32-app", "ESP32", None),
        Flashable("ESP32_GENERIC", Kind.BIN, "esp32-combined", "ESP32", 0),
        Flashable("ESP32_GENERIC", Kind.BIN, "esp32-combined", "ESP32", None),
        Flashable("ESP32_GENERIC", Kind.BIN, "esp32-app", "ESP32", 0x1000),
        Flashable("ESP32_GENERIC", Kind.BIN, None, None, None),
        Flashable("PYBV11", Kind.HEX, "intel-hex", "STM32", 0x08000000),
        Flashable("SEEED_ARCH_MIX", Kind.HEX, "intel-hex", "MIMXRT", 0x60000000),
        Flashable("TEENSY41", Kind.HEX, "intel-hex", "STM32", 0x08000000),
        Flashable("X", Kind.UF2, "uf2", "nothing", 0),
        *(Flashable("X", kind, "zip", None, None) for kind in (Kind.ZIP, Kind.ELF, Kind.MAP)),
    ],
    ids=lambda found: f"{found.kind}-{found.structure}-{found.chip}",
)
def test_what_is_not_in_the_table_gets_no_command(found: Flashable) -> None:
    """Nor does an image whose offset is not that of its chip."""
    with pytest.raises(UnflashableError):
        way_of(found)


@given(
    st.builds(
        Flashable,
        board=st.text(),
        kind=st.sampled_from(Kind),
        structure=st.sampled_from(["esp32-combined", "esp8266", "uf2", "dfuse", "intel-hex"]),
        chip=st.sampled_from(["ESP32", "ESP32-C5", "ESP8266", "RP2040", "STM32", "MIMXRT"])
        | st.text(),
        offset=st.sampled_from([0, 0x1000, 0x2000]) | st.none(),
    )
)
def test_no_word_of_a_command_is_foreign_but_the_file(found: Flashable) -> None:
    """Whatever board, chip and offset say: a row of the table, or a refusal."""
    try:
        way = way_of(found)
    except UnflashableError:
        return

    words = [word for step in way.steps("FILE", erase=True) for word in step.words]
    assert set(words) <= _known_words(found)


def _known_words(found: Flashable) -> set[str]:
    ours = "esptool --chip --baud 460800 erase_flash write_flash -fs detect cp -- VOLUME/ FILE"
    ours += " dfu-util -a 0 -D teensy_loader_cli -w -v --mcu=TEENSY40 --mcu=TEENSY41 esp8266"
    chips = {chip.mcu for chip in CHIPS.values()}
    return {*ours.split(), *chips, f"{found.offset or 0:#x}"}


@needs_real_images
def test_every_real_image_of_micropython_has_a_command_or_a_reason() -> None:
    """Each goes where its chip looks for it; what has no command is what no tool here takes."""
    ways = {real.name: _way_of_real(real) for real in real_files() if real.micropython}

    left = {name for name, way in ways.items() if way is None}
    assert {way.tool for way in ways.values() if way is not None} == set(Tool)
    assert left == {
        "ARCH_MIX_firmware.bin",
        "ESP32_GENERIC_S3-20240602-v1.23.0.app-bin",
        "esp8266-20180511-v1.9.4.elf",
        "firmware_arduino_nano_33_ble.bin",
        "firmware_internal_rom_stm32f411_25mhz_v1.22.hex",
        "microbit-micropython-v2.hex",
        "thonny-microbit-firmware.hex",
        "uflash-2.0.0-microbit-universal.hex",
    }


def _way_of_real(real: RealFile) -> Way | None:
    facts = verify(real.read(), real.claim).facts
    assert facts is not None
    kind, board = Kind(real.claim.kind or ""), real.claim.board or ""
    try:
        return way_of(Flashable(board, kind, facts.structure, facts.chip, facts.offset))
    except UnflashableError:
        return None
