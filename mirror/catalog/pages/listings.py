"""The firmware files that a board page lists, and the variants they show."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

from mirror.catalog.model import Listing, VariantFacts
from mirror.catalog.pages.events import Opened
from mirror.catalog.pages.links import FirmwareLink, NotesLink, OddLink, read_link
from mirror.catalog.pages.markup import BLOCKS
from mirror.catalog.urls import FIRMWARE, firmware_folder
from mirror.errors import PageRefusedError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.catalog.pages.events import Event
    from mirror.catalog.pages.problems import Problems
    from mirror.catalog.pages.sections import Section

MAX_LISTINGS = 5000
"""Files on one page; the largest real page has about 400."""

# Each build stands in an element of its own; the oldest pages had only line breaks.
_BUILD_STARTS = BLOCKS | {"br"}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose page it is: its URL, the board's id, and the port if the page told it."""

    url: str
    board: str
    port: str | None


class ListingReader:
    """Collects the listings of one page, event by event, in document order."""

    def __init__(self, place: Place, sections: Sequence[Section], problems: Problems) -> None:
        self._place = place
        self._sections = sections
        self._problems = problems
        self._listings: list[Listing] = []
        self._names: set[str] = set()
        self._build_start = 0
        self._variants: dict[str | None, str] = {}
        self._begun: set[Section] = set()
        self._folder = firmware_folder(place.url)

    def read(self, events: Sequence[Event]) -> None:
        """Take every link of *events*."""
        for position, event in enumerate(events):
            if not isinstance(event, Opened):
                continue
            if event.tag in _BUILD_STARTS:
                self._build_start = len(self._listings)
            elif event.tag == "a" and event.href is not None:
                self._take(event.href, position)
        for section in self._sections:
            if section.label and section not in self._begun:
                self._problems.add("empty-section", section.label)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The listings so far, each name once."""
        return tuple(self._listings)

    @property
    def variants(self) -> tuple[VariantFacts, ...]:
        """The variants so far, in the order of their first file, with their section's label."""
        return tuple(VariantFacts(variant, label) for variant, label in self._variants.items())

    def _take(self, href: str, position: int) -> None:
        section = self._section_at(position)
        match read_link(href, self._place.url):
            case FirmwareLink() as link:
                self._list(link, section)
            case NotesLink(url) if section is not None:
                self._note(sys.intern(url))
            # Elsewhere on the page a link is prose, unless it wants to be firmware.
            case OddLink(rule) if section is not None or FIRMWARE.strip("/") in href:
                self._problems.add(rule, href)

    def _section_at(self, position: int) -> Section | None:
        for section in self._sections:
            if section.start <= position < section.end:
                return section
        return None

    def _list(self, link: FirmwareLink, section: Section | None) -> None:
        name = str(link.name)
        if name in self._names:
            self._problems.add("listed-twice", name)
            return
        if len(self._listings) >= MAX_LISTINGS:
            raise PageRefusedError(f"{self._place.url}: more than {MAX_LISTINGS} files on one page")
        self._names.add(name)
        self._listings.append(
            Listing(link.name, self._folder, self._place.board, position=len(self._listings))
        )
        self._show_variant(link.name.present(self._place.port).variant, section)

    def _show_variant(self, variant: str | None, section: Section | None) -> None:
        label = ""
        # The first file of a section says whose label it is; others may be guests there,
        # such as the builds of an older toolchain under plain "Firmware".
        if section is not None and section not in self._begun:
            self._begun.add(section)
            label = section.label
        self._variants[variant] = self._variants.get(variant) or label

    def _note(self, url: str) -> None:
        for position in range(self._build_start, len(self._listings)):
            self._listings[position] = dataclasses.replace(self._listings[position], notes=url)
