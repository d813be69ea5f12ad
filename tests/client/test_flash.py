"""Flashing with tools that are made up: which words they get, and what is believed of boards."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.client.downloads import Brought
from mirror.client.flasher import Choice, Flasher
from mirror.client.getting import Got
from mirror.client.lockfile import locked_file
from mirror.client.tools import Tools
from mirror.client.volumes import mounted
from mirror.errors import BoardError, RefusedError, ToolMissingError, UnflashableError
from mirror.formats.verdict import Claim
from mirror.formats.verify import verify
from mirror.publication.documents import encode
from mirror.publication.offered import read_offered_board
from tests.client.bench import Bench, BootLoader, runs
from tests.client.room import (
    ESP,
    ESP_APP,
    PICO,
    PYBOARD,
    TEENSY,
    boards_of,
    name_of,
)
from tests.replica.images import Recipe, make_image

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Typist

USB = "/dev/ttyUSB0"
ACM = "/dev/ttyACM7"
ALL_TOOLS = ("mpremote", "esptool", "dfu-util", "teensy_loader_cli")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with all tools, and no board."""
    bench = Bench.at(tmp_path / "bench")
    bench.have(*ALL_TOOLS)
    return bench


def got(folder: Path, recipe: Recipe) -> Got:
    """Return the file of *recipe* as it is here after it was got."""
    data = make_image(recipe)
    path = folder / name_of(recipe)
    path.write_bytes(data)
    (document,) = boards_of([recipe])
    offered = read_offered_board(encode(document), "http://a.test/", recipe.board)
    verdict = verify(data, Claim(kind=recipe.kind.value))
    brought = Brought(path, Digest.of(data), len(data), verdict)
    return Got(locked_file(recipe.board, offered.files[0]), brought, offered.facts)


def flasher(bench: Bench, *places: Path) -> Flasher:
    """Return somebody at the bench, who sees volumes at *places* only."""
    return Flasher(Tools(bench.environment), lambda _text: None, lambda: places)


def test_an_esp32_is_written_on_its_port_and_asked_afterwards(bench: Bench, tmp_path: Path) -> None:
    """With the only board on USB there is no doubt which is meant; erasing comes first."""
    bench.plug(USB)
    bench.board(USB, runs("v1.27.0"))
    bench.board(USB, runs("v1.28.0", build="ESP32_GENERIC"), after=True)
    file, somebody = got(tmp_path, ESP), flasher(bench)

    running = somebody.flash(somebody.aim(file, Choice(erase=True, seconds=5)))

    assert running is not None
    assert running.version == "v1.28.0"
    start = ["esptool", "--chip", "esp32", "--port", USB]
    assert bench.given == [
        [*start, "erase_flash"],
        [*start, "--baud", "460800", "write_flash", "0x1000", str(file.brought.path)],
    ]


@pytest.mark.parametrize(
    ("recipe", "choice", "words"),
    [
        (PYBOARD, Choice(seconds=5), ["dfu-util", "-a", "0", "-D"]),
        (PYBOARD, Choice(serial="336", seconds=5), ["dfu-util", "-a", "0", "-S", "336", "-D"]),
        (TEENSY, Choice(seconds=5), ["teensy_loader_cli", "--mcu=TEENSY41", "-w", "-v"]),
    ],
    ids=["dfu", "dfu-serial", "teensy"],
)
def test_boards_in_an_update_mode_come_back_as_a_new_port(
    bench: Bench, tmp_path: Path, recipe: Recipe, choice: Choice, words: list[str]
) -> None:
    """What was plugged in before, and runs the same already, is another board."""
    bench.plug(USB)
    bench.board(USB, runs("v1.28.0"))
    bench.plug(ACM, after=True)
    bench.board(ACM, runs("v1.28.0"), after=True)
    file, somebody = got(tmp_path, recipe), flasher(bench)

    running = somebody.flash(somebody.aim(file, choice))

    assert running is not None
    assert bench.given == [[*words, str(file.brought.path)]]


def test_a_board_that_runs_something_else_afterwards_is_not_called_flashed(
    bench: Bench, tmp_path: Path
) -> None:
    """Neither another version nor another build."""
    bench.plug(USB)
    file, somebody = got(tmp_path, ESP), flasher(bench)
    for said in (runs("v1.27.0"), runs("v1.28.0", build="ESP32_GENERIC-SPIRAM")):
        bench.board(USB, said)

        with pytest.raises(BoardError, match="flashed, but not confirmed"):
            somebody.flash(somebody.aim(file, Choice(seconds=0)))


def test_a_tool_that_fails_ends_it(bench: Bench, tmp_path: Path) -> None:
    bench.plug(USB)
    (bench.folder / "bin" / "esptool").write_text("#!/bin/sh\nexit 2\n")
    somebody = flasher(bench)
    aim = somebody.aim(got(tmp_path, ESP), Choice(seconds=0))

    with pytest.raises(BoardError, match="esptool ended with status 2"):
        somebody.flash(aim)


@pytest.mark.parametrize(
    ("recipe", "missing", "how"),
    [
        (ESP, "esptool", "pip install esptool"),
        (PYBOARD, "dfu-util", "apt install dfu-util"),
        (TEENSY, "teensy_loader_cli", "apt install teensy-loader-cli"),
        (PICO, "mpremote", r"pip install 'mpmirror\[boards\]'"),
    ],
)
def test_a_missing_tool_is_named_with_how_to_install_it_before_anything_is_written(
    tmp_path: Path, recipe: Recipe, missing: str, how: str
) -> None:
    bench = Bench.at(tmp_path / "bench")
    bench.have(*(name for name in ALL_TOOLS if name != missing))
    environment = {"PATH": str(bench.folder / "bin")}
    somebody = Flasher(Tools(environment), lambda _text: None, lambda: ())

    with pytest.raises(ToolMissingError, match=f"{missing} is needed and is not installed.*{how}"):
        somebody.aim(got(tmp_path, recipe), Choice())

    assert bench.given == []


def test_nobody_guesses_which_board_is_meant(bench: Bench, tmp_path: Path) -> None:
    """Two serial ports, or none: the port has to be said; a serial number does too."""
    file, somebody = got(tmp_path, ESP), flasher(bench)
    with pytest.raises(BoardError, match="USB: none; say --port"):
        somebody.aim(file, Choice())
    bench.plug(USB, "AB1")
    bench.plug(ACM, "AB2")

    with pytest.raises(BoardError, match=f"{USB}, {ACM}; say --port"):
        somebody.aim(file, Choice())
    with pytest.raises(BoardError, match="no serial port on USB has"):
        somebody.aim(file, Choice(serial="AB3"))

    assert somebody.aim(file, Choice(serial="AB2")).port == ACM
    assert somebody.aim(file, Choice(port=USB)).port == USB


def test_what_has_no_command_is_not_flashed(bench: Bench, tmp_path: Path) -> None:
    bench.plug(USB)

    with pytest.raises(UnflashableError):
        flasher(bench).aim(got(tmp_path, ESP_APP), Choice())


def test_a_uf2_is_copied_whole_and_the_volume_leaves(bench: Bench, tmp_path: Path) -> None:
    """Also when the volume comes only after the command has begun."""
    file, volume = got(tmp_path, PICO), tmp_path / "RPI-RP2"
    bench.plug(ACM, after=True)
    bench.board(ACM, runs("v1.28.0", build="RPI_PICO_W"), after=True)
    somebody = flasher(bench, tmp_path / "elsewhere", volume)
    aim = somebody.aim(file, Choice(seconds=20))
    loader = BootLoader(volume, "RPI-RP2", file.brought.size, bench)
    loader.start()

    running = somebody.flash(aim)

    loader.join()
    assert loader.taken == make_image(PICO)
    assert running is not None
    assert running.build == "RPI_PICO_W"


def test_only_the_boot_loader_of_the_right_chip_gets_the_file(bench: Bench, tmp_path: Path) -> None:
    """Not that of another, not a stick, and with two of them the volume has to be said."""
    file = got(tmp_path, PICO)
    other, stick, odd = (tmp_path / name for name in ("other", "stick", "odd"))
    BootLoader(other, "SAMD21G18A-XIAO-v0", 1, bench)
    BootLoader(odd, "HT-n5262G", 1, bench)
    stick.mkdir()
    somebody = flasher(bench, other, stick, odd)

    assert somebody.aim(file, Choice()).volume is None
    with pytest.raises(RefusedError, match="is for another chip"):
        somebody.aim(file, Choice(volume=other))
    with pytest.raises(BoardError, match=r"there is no INFO_UF2\.TXT"):
        somebody.aim(file, Choice(volume=stick))
    assert somebody.aim(file, Choice(volume=odd)).volume is not None
    for name in ("one", "two"):
        BootLoader(tmp_path / name, "RPI-RP2", 1, bench)
    with pytest.raises(BoardError, match="several boards wait"):
        flasher(bench, tmp_path / "one", tmp_path / "two").aim(file, Choice())


def test_a_boot_loader_that_does_not_take_the_file_is_said(bench: Bench, tmp_path: Path) -> None:
    """Copied is not flashed."""
    BootLoader(tmp_path / "RPI-RP2", "RPI-RP2", 1, bench)
    somebody = flasher(bench, tmp_path / "RPI-RP2")
    aim = somebody.aim(got(tmp_path, PICO), Choice(seconds=0))

    with pytest.raises(BoardError, match="the file was not taken"):
        somebody.flash(aim)


def test_volumes_are_looked_for_where_something_is_mounted() -> None:
    assert any(str(path) == "/" for path in mounted())


async def test_who_says_no_has_nothing_written(typist: Typist, bench: Bench) -> None:
    """At a terminal, what would run is said before it is asked for."""
    bench.plug(USB)
    hand, terminal = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "mirror", "flash", "--from", typist.room.url, "ESP32_GENERIC"),
        stdin=terminal,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **bench.environment},
    )
    os.write(hand, b"n\n")
    _, told = await process.communicate()
    for end in (hand, terminal):
        os.close(end)

    assert process.returncode == 1
    assert f"Write {name_of(ESP)} to {USB}? [y/N]" in told.decode()
    assert f"esptool --chip esp32 --port {USB} --baud" in told.decode()
    assert "Nothing was done." in told.decode()
    assert bench.given == []


async def test_flash_from_the_mirror_to_the_board(
    typist: Typist, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First what would run, then it runs; nobody to ask and no --yes is a wrong usage."""
    monkeypatch.setenv("PATH", bench.environment["PATH"])
    bench.plug(USB)
    bench.board(USB, runs("v1.28.0"), after=True)
    words = ("--json", "--wait", "5", "ESP32_GENERIC")

    unasked = await typist.types("flash", *words)
    dry = await typist.types("flash", "--dry-run", *words)
    before = bench.given
    real = await typist.types("flash", "--yes", *words)

    assert (unasked.status, dry.status, real.status) == (2, 0, 0)
    assert "say --yes" in unasked.err
    assert before == []
    assert dry.document["commands"] == bench.given == real.document["commands"]
    assert not dry.document["flashed"]
    assert real.document["runs"] == "v1.28.0"
