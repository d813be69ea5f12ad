"""How a file gets onto a board: a closed table of tools and argument lists of our own.

What decides is what was verified inside the image (structure, chip, offset) and the kind in
its name.  No word of upstream's instructions is in a command: a row that is not here gives
`UnflashableError` with a sentence, never a guess.  The commands write the file as it is, to
the place that the image itself shows.

Sources: `formats.md` sections 3 and 11; esptool 4 and 5 (both take the spelling with ``_``);
dfu-util(1) 0.11, which forbids ``-s`` for DfuSe files; ``teensy_loader_cli --help`` 2.2; the
identity file of UF2 boot loaders (github.com/microsoft/uf2, "Files exposed by bootloaders").
"""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.errors import UnflashableError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

VOLUME: Final = "VOLUME"
"""What stands in a command for the folder at which the board's volume is mounted."""

_BAUD: Final = "460800"


class Tool(StrEnum):
    """The programs that bring an image onto a board; the value is the program's name."""

    ESPTOOL = "esptool"
    COPY = "cp"
    DFU_UTIL = "dfu-util"
    TEENSY = "teensy_loader_cli"


@dataclass(frozen=True, slots=True)
class Flashable:
    """What is known of one file: its kind, and what the verified image shows.

    ``structure``, ``chip`` and ``offset`` are as in `mirror.formats.verdict.ImageFacts`;
    ``board`` is the id of the board that the file was listed for.
    """

    board: str
    kind: Kind
    structure: str | None
    chip: str | None
    offset: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One program to run: ``words`` are its name and arguments; ``does`` says what it does."""

    tool: Tool
    words: tuple[str, ...]
    does: str

    def quoted(self) -> str:
        """Return the command as a shell takes it, each word quoted where it must be."""
        return shlex.join(self.words)


@dataclass(frozen=True, slots=True)
class Way:
    """The way onto one sort of board: the tool, its word for the chip, and the offset in bytes.

    ``volume`` is for UF2 only: which boot loaders take the file.
    """

    tool: Tool
    chip: str | None = None
    offset: int | None = None
    volume: VolumeKind | None = None

    def steps(
        self, file: str, *, serial: str | None = None, volume: str = VOLUME, erase: bool = False
    ) -> tuple[Step, ...]:
        """Return what to run, in order, to bring *file* onto the board.

        *serial* is the serial port (esptool) or the USB serial number (dfu-util), None to let
        the tool find the only board; *volume* is where a UF2 boot loader is mounted.  With
        *erase* the whole flash is erased first, where the tool can do that by itself.
        """
        # A tool would read a name that begins with a dash as an option.
        path = f"./{file}" if file.startswith("-") else file
        match self.tool:
            case Tool.ESPTOOL:
                return self._esptool(path, serial, erase=erase)
            case Tool.COPY:
                folder = volume.rstrip("/") + "/"
                return (self._step("copy the file onto the volume", "--", path, folder),)
            case Tool.DFU_UTIL:
                chosen = ("-S", serial) if serial else ()
                words = ("-a", "0", *chosen, "-D", path)
                return (self._step("write the image to its own addresses", *words),)
            case Tool.TEENSY:
                words = (f"--mcu={self.chip}", "-w", "-v", path)
                return (self._step("wait for the boot loader and write the image", *words),)

    @property
    def erases(self) -> bool:
        """Whether the whole flash can be erased first."""
        return self.tool is Tool.ESPTOOL

    def _esptool(self, path: str, serial: str | None, *, erase: bool) -> tuple[Step, ...]:
        start = ("--chip", self.chip or "auto", *(("--port", serial) if serial else ()))
        erased = self._step("erase the whole flash", *start, "erase_flash")
        # Modules of the ESP8266 have flashes of all sizes: the one that is there is asked.
        size = ("-fs", "detect") if self.chip == "esp8266" else ()
        offset = f"{self.offset or 0:#x}"
        words = (*start, "--baud", _BAUD, "write_flash", *size, offset, path)
        written = self._step(f"write the image at {offset}", *words)
        return (erased, written) if erase else (written,)

    def _step(self, does: str, *arguments: str) -> Step:
        return Step(self.tool, (self.tool.value, *arguments), does)


@dataclass(frozen=True, slots=True)
class VolumeKind:
    """Which UF2 boot loaders take a file: their ``Board-ID`` begins with one of ``prefixes``.

    Compared without case, and without anything but letters and digits; ``label`` is how the
    volume is usually called, None where each board has a name of its own.
    """

    prefixes: tuple[str, ...]
    label: str | None = None

    def takes(self, board_id: str) -> bool:
        """Whether a boot loader of this *board_id* takes the file."""
        return _plain(board_id).startswith(self.prefixes)


def way_of(found: Flashable) -> Way:
    """Return the way onto the board; raise `UnflashableError` where none is known to be right."""
    if found.kind in _NEVER:
        raise UnflashableError(_NEVER[found.kind])
    way = _way(found)
    if way is None:
        raise UnflashableError(
            f"no flashing command is known for a .{found.kind} of {found.structure or 'no'} "
            f"structure, chip {found.chip or 'unknown'}: see the board's own instructions"
        )
    if way.offset is not None and way.offset != found.offset:
        raise UnflashableError(
            f"the image shows the offset {_shown(found.offset)}, and {found.chip} boots from "
            f"{way.offset:#x}: no command is given"
        )
    return way


def kinds_of_boot_loader(board_id: str) -> frozenset[str]:
    """Return the chips of this module's table that a boot loader of this *board_id* is for."""
    return frozenset(chip for chip, kind in _VOLUMES.items() if kind.takes(board_id))


def _way(found: Flashable) -> Way | None:
    match found.kind, found.structure:
        case Kind.BIN, "esp32-combined" | "esp8266":
            return _ESPTOOL.get(found.chip or "")
        case Kind.UF2, "uf2":
            kind = _VOLUMES.get(found.chip or "")
            return Way(Tool.COPY, volume=kind) if kind else None
        case Kind.DFU, "dfuse":
            return Way(Tool.DFU_UTIL) if found.chip == "STM32" else None
        case Kind.HEX, "intel-hex":
            return _TEENSIES.get(found.board) if found.chip == "MIMXRT" else None
        case _:
            return None


def _shown(offset: int | None) -> str:
    return "unknown" if offset is None else f"{offset:#x}"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _esp(word: str, offset: int) -> Way:
    return Way(Tool.ESPTOOL, chip=word, offset=offset)


_ESPTOOL: Final[Mapping[str, Way]] = {
    "ESP8266": _esp("esp8266", 0),
    "ESP32": _esp("esp32", 0x1000),
    "ESP32-S2": _esp("esp32s2", 0x1000),
    "ESP32-S3": _esp("esp32s3", 0),
    "ESP32-C2": _esp("esp32c2", 0),
    "ESP32-C3": _esp("esp32c3", 0),
    "ESP32-C5": _esp("esp32c5", 0x2000),
    "ESP32-C6": _esp("esp32c6", 0),
    "ESP32-C61": _esp("esp32c61", 0),
    "ESP32-H2": _esp("esp32h2", 0),
    "ESP32-P4": _esp("esp32p4", 0x2000),
}
_RP2350: Final = VolumeKind(("rp2350",), "RP2350")
_VOLUMES: Final[Mapping[str, VolumeKind]] = {
    "RP2040": VolumeKind(("rpirp2",), "RPI-RP2"),
    "RP2350": _RP2350,
    "RP2350 RISC-V": _RP2350,
    "SAMD21": VolumeKind(("samd21",)),
    "SAMD51": VolumeKind(("samd51", "same51", "same54")),
    "nRF52840": VolumeKind(("nrf52840",)),
    "MIMXRT": VolumeKind(("mimxrt", "imxrt")),
    "ESP32-S2": VolumeKind(("esp32s2",)),
    "ESP32-S3": VolumeKind(("esp32s3",)),
}
_TEENSIES: Final[Mapping[str, Way]] = {
    board: Way(Tool.TEENSY, chip=board) for board in ("TEENSY40", "TEENSY41")
}
_NEVER: Final[Mapping[Kind, str]] = {
    Kind.APP_BIN: "an .app-bin is the bare application, for updates over the air: written like a "
    ".bin it would leave the board without boot loader",
    Kind.ELF: "an .elf is for debugging, not for flashing",
    Kind.MAP: "a .map is for debugging, not for flashing",
    Kind.META_ZIP: "a .meta.zip is for debugging, not for flashing",
    Kind.ZIP: "a .zip is flashed by its vendor's own tool",
}
