"""How much random damage verification notices, per structure: `make bench-verify`.

Each cell is the share of damaged copies of one real image that are refused under the
claim of its own name.  Damage is one flipped bit, 64 bytes zeroed (where that alters a
byte), truncation anywhere, or 512 bytes appended.  Beside each stands the figure of
`formats.md` section 8, which is of structure alone and good to ± 5 points: where more is
noticed, the banner was lost (a raw image carries it near its end).  Without the real
images only the synthetic zip is measured.
"""

from __future__ import annotations

import argparse
import math
import random
import secrets
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from mirror.formats.verdict import Claim
from mirror.formats.verify import verify
from tests.formats.damage import APPENDING, RANDOM
from tests.formats.real import real_file, real_files
from tests.formats.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

POINTS = 5
_DEVIATIONS = 3


@dataclass(frozen=True, slots=True)
class Shares:
    """Percent noticed: one bit flipped, 64 bytes zeroed, truncated, and appended bytes."""

    flipped: float
    zeroed: float
    cut: float
    appended: float

    def cells(self) -> tuple[float, ...]:
        """Return the four figures in the order of the table."""
        return (self.flipped, self.zeroed, self.cut, self.appended)


@dataclass(frozen=True, slots=True)
class Row:
    """A structure, the real image that stands for it (None: a synthetic zip), its figures."""

    name: str
    file: str | None
    expected: Shares


@dataclass(frozen=True, slots=True)
class Measured:
    """What was noticed of one row, in so many trials per cell."""

    row: Row
    trials: int
    shares: Shares

    def shortfall(self) -> list[str]:
        """Return the cells that are below the figures of the row by more than chance explains."""
        pairs = zip(self.shares.cells(), self.row.expected.cells(), _CELLS, strict=True)
        return [
            cell
            for measured, expected, cell in pairs
            if measured < expected - _allowance(expected, self.trials)
        ]


def _allowance(expected: float, trials: int) -> float:
    """Return the points by which a sound cell may lie below: the reference's, and ours."""
    return POINTS + _DEVIATIONS * math.sqrt(expected * (100 - expected) / trials)


_CELLS: Final = ("one bit flipped", "64 bytes zeroed", "truncated", "appended")
_ALL = 100.0
ROWS: Final = (
    Row("UF2 rp2040", "RPI_PICO_W-20250415-v1.25.0.uf2", Shares(50, 30, _ALL, _ALL)),
    Row("UF2 rp2350", "RPI_PICO2_W-20260406-v1.28.0.uf2", Shares(51, 25, _ALL, _ALL)),
    Row("UF2 samd21", "ADAFRUIT_FEATHER_M0_EXPRESS_firmware.uf2", Shares(51, 26, _ALL, _ALL)),
    Row("UF2 samd51, no family", "SEEED_WIO_TERMINAL-v1.22.2.uf2", Shares(51, 26, _ALL, _ALL)),
    Row(
        "UF2 nrf",
        "micropython-NRF52840-feather-s140-v1.25.0-preview.uf2",
        Shares(51, 26, _ALL, _ALL),
    ),
    Row("UF2 esp32s3", "GENERIC_S3_SPIRAM-20220618-v1.19.1.uf2", Shares(_ALL, _ALL, _ALL, _ALL)),
    Row("ESP32 .bin", "ESP32_GENERIC-20241129-v1.24.1.bin", Shares(_ALL, 98, _ALL, _ALL)),
    Row("ESP32-C3 .bin", "ESP32_GENERIC_C3-20240105-v1.22.1.bin", Shares(_ALL, 99, _ALL, _ALL)),
    Row("app-bin", "ESP32_GENERIC_S3-20240602-v1.23.0.app-bin", Shares(_ALL, _ALL, _ALL, _ALL)),
    Row("ESP8266", "ESP8266_GENERIC-20240105-v1.22.1.bin", Shares(_ALL, _ALL, _ALL, _ALL)),
    Row("ESP8266 v1.8.2", "esp8266-2016-07-23-v1.8.2-39-g2dd21d9.bin", Shares(6, 8, 8, 0)),
    Row("DfuSe", "pybv11-20220117-v1.18.dfu", Shares(_ALL, _ALL, _ALL, _ALL)),
    Row("Intel HEX", "TEENSY41-20241129-v1.24.1.hex", Shares(_ALL, _ALL, _ALL, _ALL)),
    Row("universal hex", "uflash-2.0.0-microbit-universal.hex", Shares(_ALL, _ALL, _ALL, _ALL)),
    Row("zip around mcuimg.bin", None, Shares(_ALL, _ALL, _ALL, _ALL)),
    Row("ELF", "esp8266-20180511-v1.9.4.elf", Shares(0, 0, _ALL, 0)),
    Row("raw ARM", "firmware_arduino_nano_33_ble.bin", Shares(0, 0, 0, 0)),
)


def measure(row: Row, trials: int, seed: int) -> Measured:
    """Damage the image of *row*, *trials* times in each way, and count what is refused."""
    data, claim = _image_of(row)
    dice = random.Random(f"{seed} {row.name}")  # noqa: S311 - repeatable, not secret
    flipped, zeroed, cut = (_share(data, claim, [damage] * trials, dice) for damage in RANDOM)
    appended = _share(data, claim, APPENDING, dice)
    return Measured(row, trials, Shares(flipped, zeroed, cut, appended))


def _image_of(row: Row) -> tuple[bytes, Claim]:
    if row.file is None:
        return SAMPLES["zip"][1], Claim(kind="zip", base="1.28.0")
    file = real_file(row.file)
    # Only refusals count: date and tag would warn, damaged or not.
    return file.read(), replace(file.claim, version=None, date=None)


def _share(
    data: bytes, claim: Claim, damages: Sequence[Callable[[bytes, Random], bytes]], dice: Random
) -> float:
    refused = sum(not verify(damage(data, dice), claim).accepted for damage in damages)
    return 100 * refused / len(damages)


def _table(rows: Sequence[Measured], trials: int, seed: int) -> Table:
    table = Table(
        "structure",
        *_CELLS,
        title=f"Share of random damage noticed, and the figure of reference (seed {seed})",
        caption=f"{trials} trials per cell; *: below the reference by more than chance explains",
    )
    for measured in rows:
        short = measured.shortfall()
        pairs = zip(measured.shares.cells(), measured.row.expected.cells(), _CELLS, strict=True)
        table.add_row(
            measured.row.name,
            *(
                f"{got:.0f} % / {want:.0f} %{'*' if cell in short else ''}"
                for got, want, cell in pairs
            ),
        )
    return table


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 when a cell is below its reference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400, help="damaged copies per cell")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    options = parser.parse_args(arguments)
    rows = [row for row in ROWS if row.file is None or real_files()]
    results = [measure(row, options.trials, options.seed) for row in rows]
    Console(width=110).print(_table(results, options.trials, options.seed))
    return int(any(measured.shortfall() for measured in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
