"""A page as one flat sequence of events in document order.

Only complete pages get that far: at most `MAX_PAGE` bytes of UTF-8 that end in ``</html>``.
Comments, scripts and styles are left out, so nothing in them can be mistaken for the page.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from bs4.exceptions import ParserRejectedMarkup

from mirror.catalog.pages.events import Opened, Words
from mirror.catalog.pages.flat import MAX_DEPTH, Flat, NeverClosedError, TooDeepError
from mirror.catalog.texts import one_line
from mirror.errors import PageRefusedError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.catalog.pages.events import Event

MAX_PAGE = 4 * 1024 * 1024
"""Bytes; the largest real page has 73 kB."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TEXT = {"address", "blockquote", "dd", "div", "dl", "dt", "hr", "li", "ol", "p", "pre", "ul"}
_TABLE = {"table", "tbody", "td", "tfoot", "th", "thead", "tr"}
_PARTS = {"article", "aside", "body", "footer", "header", "html", "main", "nav", "section"}

BLOCKS = frozenset(_TEXT | _TABLE | _PARTS | set(_HEADINGS))
"""Elements that end a line of text, whichever way they stand in the tree."""

MAX_HEADING = 200
_END = re.compile(r"</html\s*>", re.IGNORECASE)
# After the end only a comment may stand, such as a cache's note of how long it took.
_TAIL = 1000


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level, its text in one line, and its position among the events."""

    level: int
    text: str
    start: int


def read_markup(html: bytes, url: str) -> tuple[Event, ...]:
    """Return the events of a whole page; raise `PageRefusedError` when it is not whole."""
    text = _complete(html, url)
    try:
        with warnings.catch_warnings():
            # bs4 warns of text that looks like a file name or XML: both are refusals later.
            warnings.simplefilter("ignore")
            return Flat(text).whole()
    # ValueError: a character reference of more than 4,300 digits.
    except (ParserRejectedMarkup, ValueError, RecursionError) as error:
        raise PageRefusedError(f"{url}: no HTML parser can read this page") from error
    except TooDeepError as error:
        raise PageRefusedError(f"{url}: elements nested more than {MAX_DEPTH} deep") from error
    except NeverClosedError as error:
        raise PageRefusedError(f"{url}: a tag <{error}…> that is never closed") from error


def headings(events: Sequence[Event]) -> tuple[Heading, ...]:
    """Return every heading with text, in document order."""
    found = (
        _heading(events, start, event.tag)
        for start, event in enumerate(events)
        if isinstance(event, Opened) and event.tag in _HEADINGS
    )
    return tuple(heading for heading in found if heading.text)


def words_from(events: Sequence[Event], start: int, stops: frozenset[str] = BLOCKS) -> str:
    """Return the text from *start* to the first event that opens or closes one of *stops*."""
    pieces: list[str] = []
    for position in range(start, len(events)):
        event = events[position]
        if isinstance(event, Words):
            pieces.append(event.text)
        elif event.tag in stops:
            break
    return "".join(pieces)


def _complete(html: bytes, url: str) -> str:
    if len(html) > MAX_PAGE:
        raise PageRefusedError(f"{url}: {len(html)} bytes, a page has at most {MAX_PAGE}")
    try:
        text = html.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PageRefusedError(f"{url}: not UTF-8 at byte {error.start}") from error
    if not _ends_whole(text[-_TAIL:]):
        raise PageRefusedError(f"{url}: cut short, {len(html)} bytes that do not end in </html>")
    if text.rfind("<!--") > text.rfind("-->"):
        raise PageRefusedError(f"{url}: a comment that never ends")
    return text


def _ends_whole(tail: str) -> bool:
    ends = list(_END.finditer(tail))
    if not ends:
        return False
    rest = tail[ends[-1].end() :].strip()
    return not rest or (rest.startswith("<!--") and rest.endswith("-->"))


def _heading(events: Sequence[Event], start: int, tag: str) -> Heading:
    text = one_line(words_from(events, start + 1), MAX_HEADING)
    return Heading(_HEADINGS[tag], text, start)
