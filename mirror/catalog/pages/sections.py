"""The firmware sections of a board page: where each begins and ends, and how it is labelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mirror.catalog.pages.events import Opened
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.catalog.pages.events import Event
    from mirror.catalog.pages.markup import Heading

# Today: exactly "Firmware", or "Firmware (LABEL)".
_SECTION = re.compile(r"Firmware(?: ?\((?P<label>.*)\))?")
# To October 2021: "Firmware for ESP32 boards", "Firmware with ESP-IDF v3.x", …
_OLD_SECTION = re.compile(r"Firmware(?P<label> .*)?", re.IGNORECASE)
_LIST = re.compile(r"(?:Releases|Preview|Nightly|Daily|Unstable|Stable)\b.*", re.IGNORECASE)
_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Section:
    """One variant's part of the page, from its heading to *end* (exclusive)."""

    label: str
    start: int
    end: int


def sections(events: Sequence[Event], found: Sequence[Heading]) -> tuple[Section, ...]:
    """Return the sections in document order.

    A section ends at the next heading that is not one of its lists (``Releases``,
    ``Preview builds``, ``Nightly builds``), or at the footer.  The headings of the pages
    before November 2021 count only where no present one stands, because a board's own
    text may have headings that begin alike.
    """
    pattern = _SECTION if has_section_heading(found) else _OLD_SECTION
    footer = footer_start(events)
    starts = [heading for heading in found if not _LIST.fullmatch(heading.text)]
    ends = [heading.start for heading in starts[1:]] + [footer]
    return tuple(
        Section((match["label"] or "").strip(), heading.start, min(end, footer))
        for heading, end in zip(starts, ends, strict=True)
        if (match := pattern.fullmatch(heading.text)) and heading.start < footer
    )


def has_section_heading(found: Sequence[Heading]) -> bool:
    """Whether one of the headings is a firmware heading as upstream writes them today."""
    return any(_is_present(heading) for heading in found)


def footer_start(events: Sequence[Event]) -> int:
    """Return the position of the footer, or the end of the page."""
    for position, event in enumerate(events):
        if isinstance(event, Opened) and event.tag == "footer":
            return position
    return len(events)


def _is_present(heading: Heading) -> bool:
    return heading.level == _LEVEL and _SECTION.fullmatch(heading.text) is not None
