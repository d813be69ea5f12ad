"""Every sentence that the pages for people say, in one place for whoever translates them.

Names in braces are filled in, by ``format``, with what is escaped afterwards.  The verdicts'
words are those of the feed (`mirror.publication.words`), the guides' those of
`mirror.publication.setup.guides`; more are in `mirror.publication.pages.more_texts`.
"""

from __future__ import annotations

from typing import Final

from mirror.catalog.kinds import Kind, Maturity

LANGUAGE: Final = "en"

# Everywhere
BRAND: Final = "MicroPython firmware mirror"
SKIP: Final = "Skip to the content"
NAVIGATION: Final = "Main"
BOARDS: Final = "Boards"
RELEASES: Final = "Releases"
SET_UP: Final = "Set-up"
STATUS: Final = "Status"
INTERFACE: Final = "For programs"
THEME: Final = "Dark or light"
MIRRORED: Final = "Mirrored from {upstream}. "
FOOTER: Final = "Files are checked by what is inside them; MicroPython signs none."
OUTSIDE: Final = "outside this room"
TABLE: Final = "Table"
COPY: Final = "Copy"
COPIED: Final = "Copied"
LICENSES: Final = "Licences"

# The catalogue
CATALOGUE: Final = "Find your board"
CATALOGUE_LEAD: Final = "Choose a board to get its firmware, checked, and how to flash it."
SEARCH: Final = "Search"
SEARCH_HINT: Final = "Name, vendor, chip or id"
FACETS: Final = {"port": "Port", "vendor": "Vendor", "mcu": "MCU", "features": "Feature"}
ANY: Final = "any"
SHOW: Final = "Show"
RESET: Final = "Show all boards"
COUNT: Final = "{shown} of {all} boards"
NONE_FOUND: Final = "No board fits. Take a word away, or show all boards."
CARD_NEWEST: Final = "newest: {version}"
CARD_NOTHING: Final = "nothing held"
NOT_YET: Final = "Nothing is published yet"
NOT_YET_LEAD: Final = (
    "This mirror has not finished its first sync. The status page says how far it is."
)

# A board
PHOTOGRAPH: Final = "Photograph of {product}"
FACTS: Final = "Facts"
FACT_BOARD: Final = "Board id"
FACT_FEATURES: Final = "Features"
FACT_FLASH: Final = "Flash offset in upstream's instructions"
FACT_WEBSITE: Final = "Product page"
FACT_UPSTREAM: Final = "Upstream's page"
FACT_SOURCE: Final = "Source"
RENAMED_TO: Final = "This board is now called"
RENAMED_FROM: Final = "Once called"
ABOUT: Final = "What upstream says of the board"
VARIANTS: Final = "Variants"
VARIANTS_LEAD: Final = (
    "The same board can have firmware of several sorts. If in doubt, take the default."
)
DEFAULT_VARIANT: Final = "Default"
DEFAULT_WHY: Final = "what most people need"
VARIANT_UNEXPLAINED: Final = "upstream does not explain it"
FIRMWARE: Final = "Firmware"
FIRMWARE_OF: Final = "Firmware: {label}"
NO_FIRMWARE: Final = "No firmware of this board is held here."
NEWEST: Final = {Maturity.RELEASE: "Newest release", Maturity.PREVIEW: "Newest preview"}
PREVIEW_LEAD: Final = "An automatic build of the development branch: for trying, not for teaching."
OWN: Final = "Builds of this mirror's operator"
OWN_LEAD: Final = "These were added by whoever runs this mirror. They are not from MicroPython."
OLDER: Final = "Older builds ({count})"
DOWNLOAD: Final = "Download .{kind}"
OTHER_FILES: Final = "Other files of this build"
KINDS: Final = {
    Kind.APP_BIN: "for updates over the air",
    Kind.ELF: "for debugging",
    Kind.MAP: "for debugging",
    Kind.META_ZIP: "for debugging",
    Kind.DFU: "for USB DFU",
    Kind.HEX: "for programmers",
    Kind.BIN: "image",
    Kind.UF2: "for the USB drive",
    Kind.ZIP: "for the vendor's tool",
}
OF: Final = "of {date}, {size}"
NOTES: Final = "Release notes:"
WITHDRAWN: Final = "no longer listed upstream since {day}; kept here"
SHA256: Final = "SHA-256"
VERDICT: Final = {"verified": "Verified", "warned": "Warned"}
REASONS: Final = "Why it is warned"
LIMITS: Final = "What can not be known"
ON_DEMAND: Final = "On demand ({count})"
ON_DEMAND_MARK: Final = "on demand"
ON_DEMAND_LEAD: Final = (
    "Upstream lists these and this mirror does not hold them. The first request fetches and checks "
    "a file, which can take a while and needs a way to upstream."
)
FLASH: Final = "Flash it"
FLASH_FETCH: Final = "fetch the file from this mirror"
FLASH_CHECK: Final = "check that every byte arrived"
FLASH_ERASE: Final = "only if the board had no MicroPython before: erase the whole flash"
FLASH_VOLUME: Final = (
    "VOLUME is the folder where the board's drive shows up after you start its boot loader"
)
FLASH_LABEL: Final = "; it is usually called {label}"
NO_ADDRESS: Final = (
    "This mirror does not know by which address you reach it, so download the file with the button."
)
UNFLASHABLE: Final = "No command is given here: {why}."
IN_A_TERMINAL: Final = "The same in a terminal"
FLASH_HERE: Final = "Flash from the browser"
FLASH_HERE_WHY: Final = "with Chrome, Edge, Opera or Firefox, over USB; or in a terminal:"
UF2_BOOT: Final = {
    **dict.fromkeys(
        ("RP2040", "RP2350", "RP2350 RISC-V"),
        "Hold the button BOOTSEL or BOOT, and plug the board into USB.",
    ),
    **dict.fromkeys(
        ("SAMD21", "SAMD51", "nRF52840", "MIMXRT"),
        "Plug the board into USB, and press its reset button twice, quickly.",
    ),
}
UF2_BOOTS: Final = "Plug the board into USB, and start its UF2 boot loader as its maker says."
UF2_DRIVE: Final = "A drive called {label} shows up on the computer."
UF2_ANY_DRIVE: Final = "A new drive shows up on the computer."
UF2_COPY: Final = "Copy {name} onto it. The drive vanishes, and MicroPython starts."

# Releases
RELEASES_LEAD: Final = "What came out when, and for how many boards it is here."
RELEASE: Final = "MicroPython {version}"
RELEASE_LEAD: Final = "First built on {date}; for {boards} boards."
VERSION: Final = "Version"
DATE: Final = "Date"
HELD: Final = "Held"
BOARD: Final = "Board"
NO_RELEASES: Final = "No release is known here yet."
PREVIEWS: Final = "Previews"
SEE_CHANGES: Final = "What changed lately on this mirror"

# Status
STATUS_TITLE: Final = "How this mirror is"
STATUS_GREEN: Final = "Everything asked for is held and accepted, and no alarm is open."
STATUS_NOT: Final = "Not everything is as it should be: see below."
STATUS_UNKNOWN: Final = "The daemon can not be asked at this moment. What is held is served."
ALARMS: Final = "Open alarms"
NO_ALARMS: Final = "None."
SINCE: Final = "since"
TODO: Final = "What to do: "
NOW: Final = "Now"
RUNNING: Final = "A sync run is under way ({phase}): {done} of {total}"
RESTING: Final = "No sync run is under way."
PUBLICATION: Final = "Publication"
PUBLISHED: Final = "{sequence}, of "
UNPUBLISHED: Final = "none yet"
CHANNELS: Final = "Channels"
CHANNEL_WORDS: Final = "{channel}: {sequence}, of "
CHANNEL_EMPTY: Final = "{channel}: shows nothing yet"
CHANNEL_WAITS: Final = "; {waiting} promotions wait for approval"
LAST_RUN: Final = "Last sync run"
LAST_RUN_WAS: Final = "{outcome}, ended "
NEVER: Final = "none yet"
NEXT_RUN: Final = "Next sync run"
NOT_PLANNED: Final = "not planned"
OFFLINE: Final = "Works without Internet: upstream is not asked"
COMPLETENESS: Final = "Complete"
COMPLETE_WORDS: Final = "{held} of {wanted} files that are asked for are held"
HELD_FILES: Final = "Held files"
HELD_WORDS: Final = "{artifacts} files, {size}"
DISK: Final = "Disk"
DISK_WORDS: Final = "{free} free of {total}"
UPSTREAMS: Final = "Upstream"
HOST_WORDS: Final = "{host}: {state}"
BREAKERS: Final = {
    "closed": "asked as usual",
    "open": "left alone after failures",
    "half-open": "being tried again",
}
STALE: Final = "Data are older than they should be"
QUARANTINED: Final = "In quarantine, never served"
BY_PORT: Final = "Held bytes by port"
PORT: Final = "Port"
FILES: Final = "Files"
SIZE: Final = "Size"
MISSING: Final = "Missing"
NO_PORT: Final = "unknown"
OVER_TIME: Final = "Over time"
OVER_TIME_LEAD: Final = "Hours of the last two weeks and the last hundred sync runs, in UTC."
PLOT_HELD: Final = "Held bytes"
PLOT_SYNC: Final = "Duration of sync runs"
PLOT_REQUESTS: Final = "Requests in an hour"
PLOT_ERRORS: Final = "Errors of upstream in an hour"
PLOT_WORDS: Final = "{title}: last {last}, at most {most}"
LAST: Final = "last {last}"
NO_NUMBERS: Final = "Nothing was noted yet."
AS_JSON: Final = "The same for programs: "
