"""The guides, one for each client: what it asks, and how it is led here.

Facts about the clients are from their sources and from running them; what could only be read
says so.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from mirror.publication.setup.fetching import curl_guide, own_guide
from mirror.publication.setup.model import Dialect, Guide, Lines, Place, Reach, Step, System, Way
from mirror.publication.setup.steps import ask_url, both, fetch_authority, in_file
from mirror.publication.setup.ways import ByName, by_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NODE: Final = "NODE_EXTRA_CA_CERTS"
_READ: Final = "Its requests were read in its source; it was not run against a mirror as a whole."
_TOKENS: Final = (
    "Start it without tokens in its environment (GITHUB_TOKEN, GH_TOKEN): it would send them to"
    " whoever answers for api.github.com. This mirror reads and logs none."
)


def guide(client: str, place: Place) -> Guide | None:
    """Return the guide for *client*, or None when there is none of this name."""
    make = GUIDES.get(client)
    return None if make is None else make(place)


def guides(place: Place) -> list[Guide]:
    """Return all guides."""
    return [make(place) for make in GUIDES.values()]


def _thonny(place: Place) -> Guide:
    prefix = f"{place.base}/thonny"
    setting = ("[general]", f"data_url_prefix = {prefix}")
    own = Way(
        "By its own setting, without any certificate",
        Reach.PROGRAM,
        (
            Step(
                "Close Thonny (it writes the file when it ends), and add these lines to its"
                " configuration. If [general] is there already, add the second line below it."
                " Tools, Open Thonny data folder shows where it is.",
                (
                    in_file("~/.config/Thonny/configuration.ini", *setting, system=System.LINUX),
                    in_file("~/Library/Thonny/configuration.ini", *setting, system=System.MACOS),
                    in_file(r"%APPDATA%\Thonny\configuration.ini", *setting, system=System.WINDOWS),
                ),
            ),
        ),
        (
            Step(
                "This answers a list of boards.", ask_url(f"{prefix}/micropython-variants-uf2.json")
            ),
            Step(
                "In Thonny: Run, Configure interpreter, Install or update MicroPython shows the"
                " versions that this mirror holds."
            ),
        ),
        (Step("Close Thonny and take the line data_url_prefix out of the file."),),
    )
    stock = ByName(
        ("raw.githubusercontent.com",),
        "SSL_CERT_FILE",
        "thonny",
        "/thonny/thonny/master/data/micropython-variants-uf2.json",
    )
    return Guide(
        "thonny",
        "Thonny",
        "Installs MicroPython from its own dialog. Since 4.1.7 it can be told where to look.",
        (own, *by_names(place, stock)),
        (
            "Before 4.1.7, only the later ways work.",
            (
                "For all users of a machine: the same two lines in thonny/defaults.ini, in the"
                " folder where Python keeps its packages."
            ),
        ),
    )


def _mpflash(place: Place) -> Guide:
    return Guide(
        "mpflash",
        "mpflash",
        "Downloads and flashes from the command line. Its hosts are compiled in.",
        by_names(
            place,
            ByName(
                ("api.github.com", "micropython.org"),
                "REQUESTS_CA_BUNDLE",
                "mpflash download -b RPI_PICO_W -v stable",
                "/repos/micropython/micropython",
            ),
        ),
        (
            _TOKENS,
            "For a pinned version (-v v1.28.0) it asks micropython.org only.",
            (
                "Without any network: `mpmirror export --mpflash DIR` writes a folder, and"
                " MPFLASH_FIRMWARE names it."
            ),
        ),
    )


def _mpremote(place: Place) -> Guide:
    index = shlex.quote(f"{place.base}/pi/v2")
    command = f"mpremote mip install --index {index} aioble"
    own = Way(
        "By an option, without any certificate",
        Reach.PROGRAM,
        (Step("Name the index with each installation.", both(command)),),
        (Step("This answers the list of packages.", ask_url(f"{place.base}/pi/v2/index.json")),),
        (Step("Leave the option out."),),
    )
    return Guide(
        "mpremote",
        "mpremote",
        "Installs packages onto a board (mip).",
        (
            own,
            *by_names(
                place,
                ByName(
                    ("micropython.org",),
                    "SSL_CERT_FILE",
                    "mpremote mip install aioble",
                    "/pi/v2/index.json",
                ),
            ),
        ),
        ("Packages named github:, gitlab: or codeberg: come from there, and not from a mirror.",),
    )


def _mip(place: Place) -> Guide:
    lines = Lines(
        System.ANY,
        Dialect.PYTHON,
        ("import mip", f'mip.install("aioble", index="{place.base}/pi/v2")'),
    )
    own = Way(
        "By an argument, without any certificate",
        Reach.PROGRAM,
        (Step("On the board, which must be in the mirror's network:", (lines,)),),
        (Step("This answers the list of packages.", ask_url(f"{place.base}/pi/v2/index.json")),),
        (Step("Leave the argument out."),),
    )
    return Guide("mip", "mip on the board", "Installs packages from the board itself.", (own,))


def _browser(place: Place) -> Guide:
    host = place.own_host or "mirror.lab"
    manifest = f"https://{host}/esp-web-tools/ESP32_GENERIC.json"
    page = Lines(
        System.ANY,
        Dialect.HTML,
        (f'<esp-web-install-button manifest="{manifest}"></esp-web-install-button>',),
    )
    own = Way(
        "By a manifest, over TLS",
        Reach.PROGRAM,
        (
            fetch_authority(place),
            Step(
                "Import it into the browser as an authority for websites (Chromium: Settings,"
                " Privacy and security, Security, Manage certificates)."
            ),
            Step("Name the manifest of the board in your page.", (page,)),
        ),
        (Step(f"The browser opens https://{host}/setup without a warning."),),
        (Step("Remove the authority in the same settings."),),
        place.lacks((host,)),
    )
    return Guide(
        "esp-web-tools",
        "Browser flashing with esp-web-tools",
        "Flashes ESP boards from a page. Browsers open serial ports for https pages only.",
        (own,),
        ("Chrome and Edge from 89, Opera from 76, Firefox from 151; not Safari.",),
    )


def _by_node(client: str, title: str, summary: str, by_name: ByName) -> Callable[[Place], Guide]:
    def make(place: Place) -> Guide:
        return Guide(client, title, summary, by_names(place, by_name), (_READ,))

    return make


GUIDES: Final[Mapping[str, Callable[[Place], Guide]]] = {
    "thonny": _thonny,
    "mpflash": _mpflash,
    "mpremote": _mpremote,
    "mip": _mip,
    "curl": curl_guide,
    "mpmirror": own_guide,
    "esp-web-tools": _browser,
    "micropico": _by_node(
        "micropico",
        "MicroPico (VS Code)",
        "Downloads firmware for the Pico boards from micropython.org.",
        ByName(("micropython.org",), _NODE, "code", "/download/RPI_PICO/", alone=True),
    ),
    "snakie": _by_node(
        "snakie",
        "Snakie",
        "Reads Thonny's lists and downloads what they name.",
        ByName(
            ("raw.githubusercontent.com", "micropython.org"),
            _NODE,
            "snakie",
            "/thonny/thonny/master/data/micropython-variants-uf2.json",
            alone=True,
        ),
    ),
    "arduino": _by_node(
        "arduino",
        "Arduino MicroPython Installer",
        "Reads Arduino's index and downloads what it names.",
        ByName(
            ("downloads.arduino.cc",),
            _NODE,
            "micropython-installer",
            "/micropython/index.json",
            alone=True,
        ),
    ),
}
