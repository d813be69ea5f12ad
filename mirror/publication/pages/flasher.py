"""What flashes boards from the browser: esp-web-tools, as far as `make assets` put it here.

It is never part of the sources.  Where it is missing, pages say that flashing is not built in.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from mirror.frozen import dataclass
from mirror.publication.pages.assets import FOLDER

#: The page of one file, by its name.
FLASH: Final = "/flash/"
#: Where the modules are served, below it the version and the name.
MODULES: Final = f"{FOLDER}esp-web-tools/"
_ENTRY: Final = "install-button.js"
#: The file of the licences, beside the modules.
TERMS: Final = "LICENSES.txt"
_VERSION: Final = "VERSION.txt"


@dataclass(frozen=True, slots=True)
class Flasher:
    """esp-web-tools of one *version*; *modules* are its files by name, *terms* their licences."""

    version: str
    modules: Mapping[str, bytes]
    terms: str = ""

    @property
    def terms_path(self) -> str:
        """The path of the licences of everybody whose code is in it."""
        return f"{MODULES}{self.version}/{TERMS}"

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path at which a part of it is served."""
        return tuple(f"{MODULES}{self.version}/{name}" for name in (*self.modules, TERMS))

    @property
    def entry(self) -> str:
        """The path of the module that a page loads; it finds the others beside it."""
        return f"{MODULES}{self.version}/{_ENTRY}"


@cache
def find_flasher() -> Flasher | None:
    """Return what is built in, None when nothing is."""
    place = files("mirror.publication.pages").joinpath("esp_web_tools")
    if not place.joinpath(_VERSION).is_file():
        return None
    modules = {one.name: one.read_bytes() for one in place.iterdir() if one.name.endswith(".js")}
    version = place.joinpath(_VERSION).read_text(encoding="ascii").strip()
    return Flasher(version, modules, place.joinpath(TERMS).read_text(encoding="utf-8"))


def flash_path(name: str) -> str:
    """Return the path of the page that flashes the file *name* from the browser."""
    return f"{FLASH}{name}"
