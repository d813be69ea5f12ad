"""Upstream's prose as quotations: plain passages, and the one fact that stands in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mirror.catalog.model import Passage, PassageKind
from mirror.catalog.pages.events import Opened, Words
from mirror.catalog.pages.markup import BLOCKS
from mirror.catalog.texts import lines, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirror.catalog.pages.events import Event

MAX_PASSAGES = 400
MAX_PASSAGE = 4000
"""Characters of one passage; a longer one ends in an ellipsis."""

_KINDS = {
    "li": PassageKind.ITEM,
    "pre": PassageKind.CODE,
    **{f"h{level}": PassageKind.HEADING for level in range(1, 7)},
}
_WRITE_FLASH = re.compile(r"write[_-]flash\b([^\n]*)")
# An offset stands before a file name; a size such as 4MB or a rate such as 460800 does not.
_OFFSET = re.compile(r"(?:^|\s)(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})\s+[^\s0-9-]")


def passages(events: Iterable[Event]) -> tuple[Passage, ...]:
    """Return the prose of *events* in order; more than `MAX_PASSAGES` are left out.

    The caller compares the length with `MAX_PASSAGES` + 1 to say so: one more is returned.
    """
    found: list[Passage] = []
    kind, pieces = PassageKind.PARAGRAPH, list[str]()
    for event in events:
        if isinstance(event, Words):
            pieces.append(event.text)
        elif event.tag == "br":
            pieces.append("\n")
        elif event.tag in BLOCKS:
            text = _text(kind, "".join(pieces))
            if text:
                found.append(Passage(kind, text))
            kind, pieces = _next_kind(kind, event, empty=not text), []
        if len(found) > MAX_PASSAGES:
            return tuple(found)
    text = _text(kind, "".join(pieces))
    return (*found, Passage(kind, text)) if text else tuple(found)


def flash_offsets(instructions: Sequence[Passage]) -> tuple[int, ...]:
    """Return the distinct offsets (bytes) that the instructions tell esptool to write at."""
    found: dict[int, None] = {}
    for passage in instructions:
        for command in _WRITE_FLASH.finditer(passage.text):
            offset = _OFFSET.search(command[1])
            if offset is not None:
                found[int(offset[1], 16 if offset[1][:2].lower() == "0x" else 10)] = None
    return tuple(found)


def _text(kind: PassageKind, text: str) -> str:
    return lines(text, MAX_PASSAGE) if kind is PassageKind.CODE else one_line(text, MAX_PASSAGE)


def _next_kind(kind: PassageKind, event: Event, *, empty: bool) -> PassageKind:
    if not isinstance(event, Opened):
        return PassageKind.PARAGRAPH
    # Markdown writes <li><p>…: the paragraph is the item.
    if event.tag == "p" and kind is PassageKind.ITEM and empty:
        return kind
    return _KINDS.get(event.tag, PassageKind.PARAGRAPH)
