"""Builds as upstream's build farm makes and names them, and how its list rotates.

A build is one version of one variant of one board.  Pure: names and order in, names and
order out.  The rules are those of ``upstream.md`` sections 4 to 6 and 8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.catalog.versions import Version
from tests.replica.facts import Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.replica.facts import BoardFact

KEPT_PREVIEWS: Final = 4
"""How many previews of a section survive a rotation."""

_KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    "esp32": (Kind.BIN, Kind.APP_BIN, Kind.ELF, Kind.MAP),
    "esp8266": (Kind.BIN, Kind.ELF, Kind.MAP),
    "rp2": (Kind.UF2,),
    "samd": (Kind.UF2,),
    "stm32": (Kind.DFU, Kind.HEX),
    "nrf": (Kind.HEX, Kind.BIN),
    "mimxrt": (Kind.HEX, Kind.BIN),
    "renesas-ra": (Kind.HEX, Kind.BIN),
    "alif": (Kind.ZIP,),
    "cc3200": (Kind.ZIP,),
    "psoc-edge": (Kind.ZIP,),
}
_UF2_MCUS: Final = frozenset({"esp32s2", "esp32s3"})
# NXP's own kits are flashed over their debug probe: no UF2 boot loader.
_NO_UF2: Final = ("MIMXRT", "PHYBOARD")
_APP_BIN_SINCE: Final = (1, 21)
_TEENSY_UF2_SINCE: Final = (1, 25)
_DAILY = re.compile(r"v[0-9.]+-[0-9]+-g[0-9a-f]+")
_NUMBERED = re.compile(r"v(?P<base>[0-9.]+)-preview\.(?P<number>[0-9]+)\.g[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Build:
    """One version of one variant of one board, and the kinds that its build made.

    ``root`` is the name of its files up to the dot before the kind; ``date`` is
    ``YYYY-MM-DD``.  ``made_for`` is the id the board had when it was built: renaming the
    board renames the files, and leaves their bytes.  The first of ``kinds`` is linked first.
    """

    board: str
    variant: str | None
    version: str
    date: str
    kinds: tuple[Kind, ...]
    root: str
    made_for: str

    @property
    def finished(self) -> bool:
        """Whether it stands under *Releases*."""
        return _is_release(self.version) and "-unstable-" not in self.root

    def name(self, kind: Kind) -> str:
        """Return the name of its file of *kind*."""
        return f"{self.root}.{kind.value}"

    def moved_to(self, board: str) -> Build:
        """Return it as upstream has it after the board was renamed: files too, bytes not."""
        stem = self.root.removeprefix(self.board)
        return replace(self, board=board, root=board + stem)


@dataclass(frozen=True, slots=True)
class ListedBuild:
    """One line of a section: a build, and the kinds linked, the primary first, others sorted."""

    build: Build
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class ListedSection:
    """One section of a board page, in page order."""

    section: Section
    releases: tuple[ListedBuild, ...]
    previews: tuple[ListedBuild, ...]


def new_build(
    fact: BoardFact, variant: str | None, version: str, date: str, kinds: tuple[Kind, ...] | None
) -> Build:
    """Return the build of *version* on *date* (``YYYY-MM-DD``); *kinds* None: what the port makes.

    Old daily versions (``v1.19.1-113-g9af6a275d``) get ``unstable`` in their name.
    """
    stem = fact.board if variant is None else f"{fact.board}-{variant}"
    unstable = "unstable-" if _DAILY.fullmatch(version) else ""
    return Build(
        board=fact.board,
        variant=variant,
        version=version,
        date=date,
        kinds=kinds or kinds_of(fact, version),
        root=f"{stem}-{date.replace('-', '')}-{unstable}{version}",
        made_for=fact.board,
    )


def kinds_of(fact: BoardFact, version: str) -> tuple[Kind, ...]:
    """Return what the build of *fact* makes at *version*, the one to flash first."""
    base = Version.parse(version).base
    kinds = list(_KINDS[fact.port])
    if base < _APP_BIN_SINCE and Kind.APP_BIN in kinds:
        kinds.remove(Kind.APP_BIN)
    if fact.board == "NUCLEO_G0B1RE":
        return (Kind.HEX,)
    if not _makes_uf2(fact, base):
        return tuple(kinds)
    first = fact.port != "esp32" or fact.board == "ESP32_GENERIC_S3"
    return tuple([Kind.UF2, *kinds] if first else [*kinds, Kind.UF2])


def listed_kinds(build: Build, *, newest: bool) -> tuple[Kind, ...]:
    """Return the kinds on the page: of older releases ELF and map became one ``.meta.zip``."""
    packed = {Kind.ELF, Kind.MAP}
    if newest or not build.finished or not packed <= set(build.kinds):
        return build.kinds
    kept = [kind for kind in build.kinds if kind not in packed]
    return (*kept, Kind.META_ZIP)


def in_page_order(builds: Iterable[Build]) -> list[Build]:
    """Return releases by version, then previews by date, newest first.

    Of equals the one that came first stays first: a second build of a version stands below.
    """
    releases = [build for build in builds if build.finished]
    previews = [build for build in builds if not build.finished]
    releases.sort(key=lambda build: Version.parse(build.version).base, reverse=True)
    previews.sort(key=_preview_order, reverse=True)
    return releases + previews


def rotated(builds: Sequence[Build]) -> list[Build]:
    """Return what upstream's rotation leaves of the builds of one section.

    Previews are sorted by (date, version, number) *as byte strings*, newest first; one with
    the version and number of the one just kept is dropped, and four are kept.  Releases, and
    previews without a number, stay.
    """
    kept: list[Build] = []
    last = None
    for build in sorted(filter(_is_numbered, builds), key=_rotation_order, reverse=True):
        number = _rotation_order(build)[1:]
        if number != last and len(kept) < KEPT_PREVIEWS:
            kept.append(build)
            last = number
    return [build for build in builds if not _is_numbered(build) or build in kept]


def _makes_uf2(fact: BoardFact, base: tuple[int, ...]) -> bool:
    if fact.board.startswith("TEENSY"):
        return base >= _TEENSY_UF2_SINCE
    if fact.port == "mimxrt":
        return not fact.board.startswith(_NO_UF2)
    return fact.mcu in _UF2_MCUS or fact.board == "SEEED_XIAO_NRF52"


@cache
def _is_release(version: str) -> bool:
    return Version.parse(version).maturity == "release"


def _is_numbered(build: Build) -> bool:
    return _NUMBERED.fullmatch(build.version) is not None


def _rotation_order(build: Build) -> tuple[str, str, str]:
    found = _NUMBERED.fullmatch(build.version)
    return (build.date, found["base"], found["number"]) if found else (build.date, "", "")


def _preview_order(build: Build) -> tuple[str, Version]:
    return build.date, Version.parse(build.version)
