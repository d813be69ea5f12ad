"""Old ids and the boards they are today, from MicroPython's history of board.json.

Facts only (``upstream.md`` section 5).  An id that is not here is equal to the board's name.
"""

from __future__ import annotations

from typing import Final

_Present = tuple[str, str | None]

UPPER_CASE: Final = frozenset({"pybv10", "pybv11", "pyblitev10"})
"""Ids that became their own upper case, and whose variants did the same."""

PRESENT_OF_STEM: Final[dict[str, _Present]] = {
    "esp32": ("ESP32_GENERIC", None),
    "esp32-d2wd": ("ESP32_GENERIC", "D2WD"),
    "esp32-ota": ("ESP32_GENERIC", "OTA"),
    "esp32-unicore": ("ESP32_GENERIC", "UNICORE"),
    "esp32spiram": ("ESP32_GENERIC", "SPIRAM"),
    "esp32c3": ("ESP32_GENERIC_C3", None),
    "esp32c3-usb": ("ESP32_GENERIC_C3", "USB"),
    "esp32c6": ("ESP32_GENERIC_C6", None),
    "esp8266": ("ESP8266_GENERIC", None),
    "esp8266-1m": ("ESP8266_GENERIC", "FLASH_1M"),
    "esp8266-512k": ("ESP8266_GENERIC", "FLASH_512K"),
    "rp2-pico": ("RPI_PICO", None),
    "rp2-pico-w": ("RPI_PICO_W", None),
    "featherS2": ("UM_FEATHERS2", None),
    "featherS2neo": ("UM_FEATHERS2NEO", None),
    "feathers3": ("UM_FEATHERS3", None),
    "pros3": ("UM_PROS3", None),
    "tinypico": ("UM_TINYPICO", None),
    "tinys2": ("UM_TINYS2", None),
    "tinys3": ("UM_TINYS3", None),
    "nanos3": ("UM_NANOS3", None),
    "omgs3": ("UM_OMGS3", None),
    "wesp32": ("SIL_WESP32", None),
    "wipy": ("WIPY", None),
    "pybv10": ("PYBV10", None),
    "pybv11": ("PYBV11", None),
    "pyblitev10": ("PYBLITEV10", None),
    "PYBD-SF2": ("PYBD_SF2", None),
    "PYBD-SF3": ("PYBD_SF3", None),
    "PYBD-SF6": ("PYBD_SF6", None),
    "MIKROE-QUAIL": ("MIKROE_QUAIL", None),
    "EK-RA4M1": ("EK_RA4M1", None),
    "EK-RA4W1": ("EK_RA4W1", None),
    "EK-RA6M1": ("EK_RA6M1", None),
    "EK-RA6M2": ("EK_RA6M2", None),
    "RA4M1-CLICKER": ("RA4M1_CLICKER", None),
}
"""Ids of the lower-case age, and those with a hyphen: unambiguous without their port."""

PRESENT_OF_ID: Final[dict[tuple[str | None, str], _Present]] = {
    ("esp32", "GENERIC"): ("ESP32_GENERIC", None),
    ("esp32", "GENERIC_D2WD"): ("ESP32_GENERIC", "D2WD"),
    ("esp32", "GENERIC_OTA"): ("ESP32_GENERIC", "OTA"),
    ("esp32", "GENERIC_SPIRAM"): ("ESP32_GENERIC", "SPIRAM"),
    ("esp32", "GENERIC_UNICORE"): ("ESP32_GENERIC", "UNICORE"),
    ("esp32", "GENERIC_C3"): ("ESP32_GENERIC_C3", None),
    ("esp32", "GENERIC_C3_USB"): ("ESP32_GENERIC_C3", "USB"),
    ("esp32", "GENERIC_S2"): ("ESP32_GENERIC_S2", None),
    ("esp32", "GENERIC_S3"): ("ESP32_GENERIC_S3", None),
    ("esp32", "GENERIC_S3_SPIRAM"): ("ESP32_GENERIC_S3", "SPIRAM"),
    ("esp32", "GENERIC_S3_SPIRAM_OCT"): ("ESP32_GENERIC_S3", "SPIRAM_OCT"),
    ("esp8266", "GENERIC"): ("ESP8266_GENERIC", None),
    ("esp8266", "GENERIC_1M"): ("ESP8266_GENERIC", "FLASH_1M"),
    ("esp8266", "GENERIC_512K"): ("ESP8266_GENERIC", "FLASH_512K"),
    ("rp2", "PICO"): ("RPI_PICO", None),
    ("rp2", "PICO_W"): ("RPI_PICO_W", None),
    # The default build of PIMORONI_PICOLIPO is the one for 4 MB.
    ("rp2", "PIMORONI_PICOLIPO_4MB"): ("PIMORONI_PICOLIPO", None),
    ("rp2", "PIMORONI_PICOLIPO_16MB"): ("PIMORONI_PICOLIPO", "FLASH_16M"),
}
"""Boards that were renamed or merged later, by port and the id of their time."""


def present_page(board: str) -> _Present | None:
    """Return board and variant that the page of an old id is about today; None for no old id.

    An id that stood for two boards, of two ports, tells neither.
    """
    if board in PRESENT_OF_STEM:
        return PRESENT_OF_STEM[board]
    found = {present for (_, old), present in PRESENT_OF_ID.items() if old == board}
    return found.pop() if len(found) == 1 else None
