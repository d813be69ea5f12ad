"""More of what the pages for people say; the rest is in `mirror.publication.pages.texts`."""

from __future__ import annotations

from typing import Final

from mirror.publication.changes import What
from mirror.publication.setup.model import System

# Where there is nothing
FAILURES: Final = {
    400: "That can not be asked",
    404: "There is nothing here",
    410: "This was recalled",
    503: "Not now",
}
FAILURE: Final = "That did not work"
NEAR: Final = "Did you mean"
ALL_BOARDS: Final = "All boards"

# Flashing from the browser
FLASH_TITLE: Final = "Flash {product} from the browser"
FLASH_BACK: Final = "Back to the board"
FLASH_FILE: Final = "File"
FLASH_CHIP: Final = "For the chip"
FLASH_PLACE: Final = "Written at"
FLASH_NOT_BUILT_IN: Final = (
    "Flashing from the browser is not built into this mirror. Its operator installs a wheel that "
    "was made after `make assets`. Until then, the page of the board has commands for a terminal."
)
FLASH_NO_SCRIPT: Final = "Flashing from the browser needs JavaScript, which is off in this browser."
FLASH_INSECURE: Final = (
    "Browsers open serial ports only for pages that came over https, or from the machine itself."
)
FLASH_SECURE: Final = "Open this page at"
FLASH_SET_UP: Final = "How this mirror is trusted over https"
FLASH_NO_SERIAL: Final = (
    "This browser can not open serial ports (Web Serial). Take Chrome, Edge or Opera on a "
    "computer, or Firefox from 151 on; or flash in a terminal with the commands on the page of "
    "the board."
)
FLASH_PLUG: Final = "Connect the board by a USB cable that carries data."
FLASH_FETCH_CHECK: Final = "Fetch the file from this mirror and check every byte."
FLASH_INSTALL: Final = (
    "Choose the board's serial port. If it does not answer, hold BOOT while you connect. Erase the "
    "flash only if the board had no MicroPython before: its files go, too."
)
FLASH_START: Final = "Fetch and check"
FLASH_FETCHING: Final = "Fetching …"
FLASH_CHECKED: Final = "✓ All bytes are right. SHA-256:"
FLASH_DIFFERS: Final = (
    "These are other bytes than this mirror has checked: nothing is flashed. Tell the operator. "
    "SHA-256 found:"
)
FLASH_FAILED: Final = "That did not work; try again."
FLASH_CONNECT: Final = "Connect and flash"
FLASH_BY: Final = "Flashed by esp-web-tools {version}, served by this mirror, under Apache-2.0."

# At the end of a board's page
QUOTATION: Final = "Upstream's installation instructions"
QUOTATION_LEAD: Final = (
    "A quotation of {page}, as text. Names of files and addresses in it are upstream's; the "
    "commands above are made for the file that is held here."
)
SHORT_LINK: Final = "This page on another device"
QR: Final = "QR code of this page's address"

# What changed
CHANGES: Final = "What changed"
CHANGES_FROM: Final = "From publication {sequence} of"
CHANGES_TO: Final = "to publication {sequence} of"
CHANGES_NOT_YET: Final = (
    "This mirror has published once. As soon as it publishes again, this page tells what is new."
)
COMPARE: Final = "Compare"
EACH_PUBLICATION: Final = "What changed with each publication"
FROM: Final = "From"
TO: Final = "To"
OFFERED: Final = "{sequence} of {published}"
RECALLS: Final = "Recalled"
ALLOWED: Final = "recalled no more:"
CHANGED_BOARDS: Final = "Boards ({count})"
SAME_FIRMWARE: Final = "The firmware of all boards is the same in both."
ARRIVED: Final = "new board"
LEFT: Final = "no longer here"
CHANGED_FILES: Final = "({count})"
MORE: Final = "and {count} more"
CHANGED_FACTS: Final = "Upstream says otherwise now: {facts}"
CHANGED: Final = {
    What.NEW: "new",
    What.GONE: "gone",
    What.OTHER_BYTES: "other bytes under this name",
    What.JUDGED: "judged anew",
    What.WITHDRAWN: "withdrawn upstream",
    What.LISTED: "listed again upstream",
    What.HIDDEN: "hidden by the operator",
    What.SHOWN: "shown again",
}
FACT_NAMES: Final = {
    "product": "name",
    "vendor": "vendor",
    "port": "port",
    "mcu": "MCU",
    "features": "features",
    "website": "product page",
    "flash_offset": "flash offset",
    "variants": "variants",
    "instructions": "installation instructions",
    "description": "description",
    "renamed_to": "a new id",
}
BESIDE: Final = "Beside the firmware"
CHANGED_PACKAGES: Final = "The packages for mip are others."
CHANGED_PHOTOGRAPHS: Final = "The photographs are others."

# Set-up
SET_UP_TITLE: Final = "Set a program up for this mirror"
SET_UP_LEAD: Final = (
    "Choose your program. Each way says what it changes, how to see that it works, and how to undo "
    "it; take the first that fits."
)
SET_UP_TOKENS: Final = (
    "Start programs that you lead here without tokens in their environment, such as "
    "`GITHUB_TOKEN`: they would send them to whoever answers."
)
SET_UP_WITHOUT: Final = "Without any of it, every file is in"
SET_UP_FEED: Final = "the feed"
SET_UP_AND: Final = " and in "
SET_UP_OF: Final = "{title} and this mirror"
SET_UP_OTHERS: Final = "Other programs"
SET_UP_AT: Final = "This mirror is at"
SET_UP_REACH: Final = "Changes {reach}."
SET_UP_MISSING: Final = "Not yet:"
SYSTEMS: Final = {
    System.ANY: "Everywhere",
    System.UNIX: "Linux and macOS",
    System.LINUX: "Linux",
    System.MACOS: "macOS",
    System.WINDOWS: "Windows",
}
POWERSHELL: Final = "in PowerShell"

# Licences
LICENSES_LEAD: Final = (
    "This mirror hands on what others made, byte for byte. Their terms hold; this page only says "
    "where to read them."
)
LICENSES_IMAGES: Final = "Inside the images"
LICENSES_IMAGES_LEAD: Final = (
    "MicroPython is under the MIT licence. An image also contains libraries of others, by port; "
    "which of them are in one image depends on its board. The list that counts is MicroPython's:"
)
COMPONENT: Final = "Component"
TERMS: Final = "Terms"
EVERY_PORT: Final = "any"
COMPONENT_UNKNOWN: Final = "the maker's libraries"
TERMS_UNKNOWN: Final = "not known here: ask its maker"
TERMS_NONE: Final = "none stated"
SAID_BY: Final = "Said by"
SAID_BY_NOBODY: Final = "nobody"
ESP_IDF_OTHERS: Final = (
    "libraries of others inside ESP-IDF: FreeRTOS, lwIP, NimBLE, wpa_supplicant, …"
)
ESP_IDF_TERMS: Final = "each its own, as listed there: MIT, BSD, Apache-2.0, …"
ESPRESSIF_MIT: Final = "Espressif MIT licence: on the ESP8266 only"
BTSTACK: Final = (
    "BlueKitchen's: for personal benefit, not for commercial purposes; Raspberry Pi's, for its "
    "Pico W, Pico 2 W and RM2 and products with them: any use"
)
CYW43: Final = (
    "MIT today; an earlier licence (2019-2022) allowed personal benefit only, and its LICENSE.RP "
    "any use with chips of Raspberry Pi: older images are under that"
)
LICENSES_PHOTOGRAPHS: Final = "Photographs of boards"
LICENSES_PHOTOGRAPHS_TEXT: Final = (
    "They come from micropython.org. Its collection of them states no licence, so they belong to "
    "who made them. This mirror draws them anew in the same size, without metadata. An operator "
    "leaves them out with policy.photographs = false."
)
LICENSES_TEXTS: Final = "Descriptions and instructions"
LICENSES_TEXTS_TEXT: Final = (
    "Texts about boards are quotations of upstream's pages and are marked as such. No licence is "
    "stated for them. Names of boards and vendors belong to their owners."
)
LICENSES_PACKAGES: Final = "Packages for mip"
LICENSES_PACKAGES_TEXT: Final = (
    "Each package of micropython-lib has its own terms, which its files and the index name; what "
    "belongs to none of them is under the MIT licence."
)
LICENSES_OWN: Final = "This mirror's own software"
LICENSES_OWN_TEXT: Final = "mpmirror is under the MIT licence."
LICENSES_FLASHER: Final = (
    "The page that flashes from the browser uses esp-web-tools {version}, under Apache-2.0, with "
    "libraries of others inside:"
)
LICENSES_FLASHER_LINK: Final = "their licences"
