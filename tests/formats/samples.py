"""One sound image of every structure, with the kind that may carry it."""

from __future__ import annotations

import random
from typing import Final

from tests.formats import esp_images, images

NOISE: Final = random.Random(8).randbytes(60_000)  # noqa: S311 - bytes that do not compress
SAMPLES: Final[dict[str, tuple[str, bytes]]] = {
    "uf2-rp2040": ("uf2", images.uf2(images.rp2040_program())),
    "uf2-rp2350": (
        "uf2",
        images.e10_block() + images.uf2(images.rp2350_program(), images.RP2350_ARM),
    ),
    "uf2-samd": (
        "uf2",
        images.uf2(images.cortex_program("Trinket M0 with SAMD21E18A"), images.SAMD21, 0x2000),
    ),
    "uf2-nrf": (
        "uf2",
        images.uf2(images.cortex_program("Feather with NRF52840"), images.NRF52840, 0x26000),
    ),
    "uf2-mimxrt": (
        "uf2",
        images.uf2(images.cortex_program("Metro M7 with MIMXRT1011"), images.MIMXRT, 0x6000C000),
    ),
    "uf2-esp32s3": ("uf2", images.uf2(esp_images.application(9), images.ESP32S3, 0)),
    "esp32-combined": ("bin", esp_images.esp32_file()),
    "esp32-app": ("app-bin", esp_images.application()),
    "esp8266": ("bin", esp_images.esp8266()),
    "dfuse": ("dfu", images.dfu()),
    "intel-hex": ("hex", images.ihex()),
    "universal-hex": ("hex", images.universal_hex()),
    "elf": ("elf", images.elf()),
    "map": ("map", images.LINKER_MAP),
    "zip": ("zip", images.zip_of({"mcuimg.bin": images.mcuimg(NOISE + images.strings())})),
    "meta-zip": (
        "meta.zip",
        images.zip_of({"firmware.elf": images.elf(), "firmware.map": images.LINKER_MAP}),
    ),
    "raw-arm": ("bin", images.raw_arm()),
    "raw-mimxrt": ("bin", images.raw_mimxrt()),
}
