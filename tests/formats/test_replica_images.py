"""The images that the replica of upstream serves are what upstream's would be."""

from __future__ import annotations

import pytest

from mirror.catalog.kinds import Kind
from mirror.formats.verdict import Claim
from mirror.formats.verify import verify
from tests.replica.images import Recipe, make_image

BOARDS = {
    "ESP32_GENERIC": ("esp32", "esp32", None, (Kind.BIN, Kind.APP_BIN, Kind.ELF, Kind.META_ZIP)),
    "ESP32_GENERIC_C5": ("esp32", "esp32c5", None, (Kind.BIN, Kind.APP_BIN, Kind.MAP)),
    "ESP32_GENERIC_S3": ("esp32", "esp32s3", None, (Kind.BIN, Kind.UF2)),
    "ESP8266_GENERIC": ("esp8266", "esp8266", "OTA", (Kind.BIN, Kind.ELF)),
    "RPI_PICO": ("rp2", "rp2040", None, (Kind.UF2,)),
    "RPI_PICO2": ("rp2", "rp2350", "RISCV", (Kind.UF2,)),
    "SEEED_WIO_TERMINAL": ("samd", "samd51", None, (Kind.UF2,)),
    "PYBV11": ("stm32", "stm32f4", "THREAD", (Kind.DFU, Kind.HEX)),
    "TEENSY41": ("mimxrt", "mimxrt", None, (Kind.HEX, Kind.BIN, Kind.UF2)),
    "PCA10056": ("nrf", "nrf52", None, (Kind.HEX, Kind.BIN)),
    "EK_RA6M2": ("renesas-ra", "ra6m2", None, (Kind.HEX, Kind.BIN)),
    "WIPY": ("cc3200", "cc3200", None, (Kind.ZIP,)),
    "ALIF_ENSEMBLE": ("alif", "AE722F80F55D5XX", None, (Kind.ZIP,)),
    "KIT_PSE84_AI": ("psoc-edge", "PSE846GPS2DBZC4", None, (Kind.ZIP,)),
}
FILES = [(board, kind) for board, facts in BOARDS.items() for kind in facts[3]]


@pytest.mark.parametrize(("board", "kind"), FILES)
@pytest.mark.parametrize(
    ("version", "date"),
    [("v1.18", "2022-01-17"), ("v1.29.0-preview.678.g5f2181f938", "2026-08-07")],
)
def test_a_synthetic_image_agrees_with_its_recipe(
    board: str, kind: Kind, version: str, date: str
) -> None:
    """Every kind of every port is accepted under its own name, with no reason but old ones."""
    port, mcu, variant, _ = BOARDS[board]
    data = make_image(Recipe(port, mcu, board, variant, version, date, kind))
    base = version.removeprefix("v").partition("-")[0]

    verdict = verify(data, Claim(kind.value, port, mcu, board, variant, version, base, date))

    assert {finding.rule for finding in verdict.reasons} <= {"no-family"}
    assert verdict.accepted
