"""The terms under which others let have what this mirror serves.

What is inside images is as MicroPython's own LICENSE tells (its list of third parties), and as the
parts themselves say; each row names the file that says so, or that none was found.  It is a summary
for people, which gives no permission and takes none away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass
from mirror.publication.pages import more_texts, texts
from mirror.publication.pages.layout import Section, layout, outside
from mirror.publication.pages.releases import table
from mirror.publication.site.html import Markup, tag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from mirror.publication.pages.flasher import Flasher

PATH: Final = "/licenses"

_MEDIA: Final = "https://github.com/micropython/micropython-media"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of images: what it is called, its terms, and the file that says so."""

    name: str
    terms: str
    source: str


_BSD_3: Final = "BSD-3-Clause"
_APACHE: Final = "Apache-2.0"
# Where each fact was read, in November 2026.
_MICROPYTHON: Final = "https://github.com/micropython/micropython/blob/master/LICENSE"
_ESP_IDF: Final = "https://github.com/espressif/esp-idf/blob/master/docs/en/COPYRIGHT.rst"
_ESP8266: Final = "https://github.com/espressif/ESP8266_NONOS_SDK/blob/master/License"
_MBED_TLS: Final = "https://github.com/Mbed-TLS/mbedtls/blob/development/LICENSE"
_RENESAS: Final = "https://github.com/renesas/fsp/blob/master/LICENSE.md"
_ZEPHYR: Final = "https://github.com/zephyrproject-rtos/zephyr/blob/main/LICENSE"
_BTSTACK: Final = (
    "https://github.com/raspberrypi/pico-sdk/blob/master/src/rp2_common/pico_btstack/LICENSE.RP"
)
_CYW43: Final = "https://github.com/georgerobotics/cyw43-driver/blob/main/LICENSE"
# Nobody was found who says it; the page says that.
_NOBODY: Final = ""

_WIRELESS: Final = (
    _Part("cyw43-driver (boards with Wi-Fi)", more_texts.CYW43, _CYW43),
    _Part("firmware of the radio (boards with Wi-Fi)", more_texts.TERMS_UNKNOWN, _NOBODY),
)
_CMSIS: Final = _Part("CMSIS", _APACHE, _MICROPYTHON)
_NIMBLE: Final = _Part("Apache NimBLE (boards with Bluetooth)", _APACHE, _MICROPYTHON)
_EVERYWHERE: Final = (
    _Part("MicroPython", "MIT", _MICROPYTHON),
    _Part("littlefs, lwIP, axTLS, re1.5", _BSD_3, _MICROPYTHON),
    _Part("Mbed TLS", "Apache-2.0 OR GPL-2.0-or-later", _MBED_TLS),
    _Part("FatFs (oofatfs)", "BSD-1-Clause", _MICROPYTHON),
    _Part("uzlib", "Zlib", _MICROPYTHON),
    _Part("TinyUSB, WIZnet's drivers", "MIT", _MICROPYTHON),
    _Part("Berkeley DB 1.xx", "BSD-4-Clause", _MICROPYTHON),
    _Part("crypto-algorithms", more_texts.TERMS_NONE, _MICROPYTHON),
)
_INSIDE: Final[Mapping[str, tuple[_Part, ...]]] = {
    "cc3200": (
        _Part("TI CC3200 HAL and SimpleLink", _BSD_3, _MICROPYTHON),
        _Part("FreeRTOS", "GPL-2.0 with the FreeRTOS exception", _MICROPYTHON),
    ),
    "esp32": (
        _Part("Espressif ESP-IDF", _APACHE, _ESP_IDF),
        _Part(more_texts.ESP_IDF_OTHERS, more_texts.ESP_IDF_TERMS, _ESP_IDF),
        _Part("Espressif's radio libraries, as binaries", more_texts.TERMS_UNKNOWN, _NOBODY),
    ),
    "esp8266": (_Part("Espressif ESP8266 SDK", more_texts.ESPRESSIF_MIT, _ESP8266),),
    "mimxrt": (_Part("NXP drivers", _BSD_3, _MICROPYTHON), _CMSIS),
    "nrf": (
        _Part("Nordic nrfx", _BSD_3, _MICROPYTHON),
        _Part("Nordic SoftDevice (builds with Bluetooth)", more_texts.TERMS_UNKNOWN, _NOBODY),
    ),
    "renesas-ra": (_Part("Renesas FSP: drivers for MCU and board", _BSD_3, _RENESAS), _CMSIS),
    "rp2": (
        _Part("Raspberry Pi Pico SDK", _BSD_3, _MICROPYTHON),
        _Part("BTstack (boards with Bluetooth)", more_texts.BTSTACK, _BTSTACK),
        *_WIRELESS,
    ),
    "samd": (_Part("Microchip ASF4", _APACHE, _MICROPYTHON), _CMSIS),
    "stm32": (
        _Part("ST STM32 library", _BSD_3, _MICROPYTHON),
        _Part("ST USB library", "MCD-ST Liberty SW License Agreement V2", _MICROPYTHON),
        _Part("OpenAMP, libmetal", _BSD_3, _MICROPYTHON),
        _CMSIS,
        _NIMBLE,
        *_WIRELESS,
    ),
    "zephyr": (_Part("Zephyr", _APACHE, _ZEPHYR),),
}


def render_licenses(ports: Collection[str], upstream: str, flasher: Flasher | None) -> bytes:
    """Return the page, with what is inside images of these *ports*, and *flasher* if built in."""
    parts = list(_parts(ports))
    sources = list(dict.fromkeys(part.source for _, part in parts if part.source != _NOBODY))
    rows = (_row(port, part, sources) for port, part in parts)
    return layout(
        Section.LICENSES,
        texts.LICENSES,
        tag("h1", texts.LICENSES),
        tag("p", more_texts.LICENSES_LEAD, class_="lead"),
        tag("h2", more_texts.LICENSES_IMAGES),
        tag("p", more_texts.LICENSES_IMAGES_LEAD, " ", outside(_MICROPYTHON)),
        table((texts.PORT, more_texts.COMPONENT, more_texts.TERMS, more_texts.SAID_BY), rows),
        tag("h3", more_texts.SAID_BY),
        tag("ol", *(tag("li", outside(source)) for source in sources), by="\n"),
        tag("h2", more_texts.LICENSES_PHOTOGRAPHS),
        tag("p", more_texts.LICENSES_PHOTOGRAPHS_TEXT),
        tag("p", outside(_MEDIA)),
        tag("h2", more_texts.LICENSES_TEXTS),
        tag("p", more_texts.LICENSES_TEXTS_TEXT),
        tag("h2", more_texts.LICENSES_PACKAGES),
        tag("p", more_texts.LICENSES_PACKAGES_TEXT),
        tag("h2", more_texts.LICENSES_OWN),
        tag("p", more_texts.LICENSES_OWN_TEXT),
        *_flasher(flasher),
        upstream=upstream,
    )


def _flasher(flasher: Flasher | None) -> Iterator[Markup]:
    if flasher is not None:
        words = more_texts.LICENSES_FLASHER.format(version=flasher.version)
        link = tag("a", more_texts.LICENSES_FLASHER_LINK, href=flasher.terms_path)
        yield tag("p", words, " ", link)


def _parts(ports: Collection[str]) -> Iterator[tuple[str, _Part]]:
    unknown = (_Part(more_texts.COMPONENT_UNKNOWN, more_texts.TERMS_UNKNOWN, _NOBODY),)
    for part in _EVERYWHERE:
        yield more_texts.EVERY_PORT, part
    for port in sorted(ports):
        for part in _INSIDE.get(port, unknown):
            yield port, part


def _row(port: str, part: _Part, sources: Sequence[str]) -> Markup:
    number = (
        f"[{sources.index(part.source) + 1}]"
        if part.source != _NOBODY
        else more_texts.SAID_BY_NOBODY
    )
    return tag("tr", *(tag("td", cell) for cell in (port, part.name, part.terms, number)))
