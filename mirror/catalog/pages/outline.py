"""Where the parts of a board page are, as positions among its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.pages.events import Opened
from mirror.catalog.pages.markup import Heading, headings
from mirror.catalog.pages.sections import Section, footer_start, has_section_heading, sections
from mirror.errors import PageRefusedError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.catalog.pages.events import Event

_TITLE = "micropython downloads"
_INSTRUCTIONS = "installation"
_PRODUCT_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Outline:
    """The headings that part a page; *text_end* is where the board's prose ends."""

    product: Heading | None
    instructions: Heading | None
    sections: tuple[Section, ...]
    text_end: int
    has_section_heading: bool


def outline(events: Sequence[Event], url: str) -> Outline:
    """Find the parts; raise `PageRefusedError` for an index page or one without headings."""
    if any(isinstance(event, Opened) and "board-card" in event.classes for event in events):
        raise PageRefusedError(f"{url}: an index page where a board's page was expected")
    footer = footer_start(events)
    found = [heading for heading in headings(events) if heading.start < footer]
    if not found:
        raise PageRefusedError(f"{url}: a whole page without a single heading")
    parts = sections(events, found)
    text_end = parts[0].start if parts else footer
    text = [heading for heading in found if heading.start < text_end]
    return Outline(
        product=_product(text),
        instructions=_instructions(text),
        sections=parts,
        text_end=text_end,
        has_section_heading=has_section_heading(found),
    )


def _product(text: Sequence[Heading]) -> Heading | None:
    for heading in text:
        if heading.text.lower().startswith(_INSTRUCTIONS):
            return None
        if heading.level <= _PRODUCT_LEVEL and _TITLE not in heading.text.lower():
            return heading
    return None


def _instructions(text: Sequence[Heading]) -> Heading | None:
    for heading in text:
        if heading.text.lower().startswith(_INSTRUCTIONS):
            return heading
    return None
