"""The terms under which others let have what this mirror serves.

What is inside images is as MicroPython's own LICENSE tells (its list of third parties, 2026);
a summary for people, which gives no permission and takes none away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication.pages import more_texts, texts
from mirror.publication.pages.layout import Section, layout, outside
from mirror.publication.pages.releases import table
from mirror.publication.site.html import Markup, tag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mirror.publication.pages.flasher import Flasher

PATH: Final = "/licenses"

_SUMMARY: Final = "https://github.com/micropython/micropython/blob/master/LICENSE"
_MEDIA: Final = "https://github.com/micropython/micropython-media"

_EVERYWHERE: Final = (
    ("MicroPython", "MIT"),
    ("littlefs, lwIP, axTLS, re1.5", "BSD-3-Clause"),
    ("Mbed TLS", "Apache-2.0 OR GPL-2.0-or-later"),
    ("FatFs (oofatfs)", "BSD-1-Clause"),
    ("uzlib", "Zlib"),
    ("TinyUSB", "MIT"),
    ("Berkeley DB 1.xx", "BSD-4-Clause"),
)
_INSIDE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "cc3200": (
        ("TI CC3200 HAL and SimpleLink", "BSD-3-Clause"),
        ("FreeRTOS", "GPL-2.0 with the FreeRTOS exception"),
    ),
    "esp32": (
        ("Espressif ESP-IDF, its radio libraries as binaries", "Apache-2.0"),
        ("Apache NimBLE", "Apache-2.0"),
    ),
    "esp8266": (("Espressif ESP8266 SDK", more_texts.ESPRESSIF_MIT),),
    "mimxrt": (("NXP drivers", "BSD-3-Clause"), ("CMSIS", "Apache-2.0")),
    "nrf": (("Nordic nrfx", "BSD-3-Clause"), ("Nordic SoftDevice", more_texts.NORDIC)),
    "renesas-ra": (("Renesas FSP", "BSD-3-Clause"), ("CMSIS", "Apache-2.0")),
    "rp2": (
        ("Raspberry Pi Pico SDK", "BSD-3-Clause"),
        ("BTstack (boards with Bluetooth)", more_texts.BTSTACK),
        ("cyw43-driver and its radio firmware (boards with Wi-Fi)", more_texts.CYW43),
    ),
    "samd": (("Microchip ASF4", "Apache-2.0"), ("CMSIS", "Apache-2.0")),
    "stm32": (
        ("ST STM32 library", "BSD-3-Clause"),
        ("ST USB library", "MCD-ST Liberty SW License Agreement V2"),
        ("CMSIS", "Apache-2.0"),
        ("Apache NimBLE (boards with Bluetooth)", "Apache-2.0"),
    ),
    "zephyr": (("Zephyr", "Apache-2.0"),),
}


def render_licenses(ports: Collection[str], upstream: str, flasher: Flasher | None) -> bytes:
    """Return the page, with what is inside images of these *ports*, and *flasher* if built in."""
    return layout(
        Section.LICENSES,
        texts.LICENSES,
        tag("h1", texts.LICENSES),
        tag("p", more_texts.LICENSES_LEAD, class_="lead"),
        tag("h2", more_texts.LICENSES_IMAGES),
        tag("p", more_texts.LICENSES_IMAGES_LEAD, " ", outside(_SUMMARY)),
        table((texts.PORT, more_texts.COMPONENT, more_texts.TERMS), _rows(ports)),
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


def _rows(ports: Collection[str]) -> Iterator[Markup]:
    for component, terms in _EVERYWHERE:
        yield _row(more_texts.EVERY_PORT, component, terms)
    for port in sorted(ports):
        unknown = ((more_texts.COMPONENT_UNKNOWN, more_texts.TERMS_UNKNOWN),)
        for component, terms in _INSIDE.get(port, unknown):
            yield _row(port, component, terms)


def _row(*cells: str) -> Markup:
    return tag("tr", *(tag("td", cell) for cell in cells))
