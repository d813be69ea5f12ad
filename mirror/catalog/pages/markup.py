"""A page as one flat sequence of events in document order.

Only complete pages get that far: at most `MAX_PAGE` bytes of UTF-8 that end in ``</html>``.
Comments, scripts and styles are left out, so nothing in them can be mistaken for the page.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup

from mirror.catalog.texts import one_line
from mirror.errors import PageRefusedError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from bs4.element import NavigableString, Tag

MAX_PAGE = 4 * 1024 * 1024
"""Bytes; the largest real page has 73 kB."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TEXT = {"address", "blockquote", "dd", "div", "dl", "dt", "hr", "li", "ol", "p", "pre", "ul"}
_TABLE = {"table", "tbody", "td", "tfoot", "th", "thead", "tr"}
_PARTS = {"article", "aside", "body", "footer", "header", "html", "main", "nav", "section"}

BLOCKS = frozenset(_TEXT | _TABLE | _PARTS | set(_HEADINGS))
"""Elements that end a line of text, whichever way they stand in the tree."""

MAX_DEPTH = 1000
"""Elements; a real page has 12, but one that never closes its paragraphs nests them all."""

MAX_HEADING = 200
_CLASS = re.compile(r"\S+")
_END = re.compile(r"</html\s*>", re.IGNORECASE)
# After the end only a comment may stand, such as a cache's note of how long it took.
_TAIL = 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """An element begins."""

    tag: str
    href: str | None = None
    source: str | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """An element ends; where, is the parser's opinion."""

    tag: str


@dataclass(frozen=True, slots=True)
class Words:
    """Text between elements, entities resolved."""

    text: str


Event = Opened | Closed | Words


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
            return _Flat(text, "html.parser", store_line_numbers=False).whole()
    # ValueError: a character reference of more than 4,300 digits.
    except (ParserRejectedMarkup, ValueError, RecursionError) as error:
        raise PageRefusedError(f"{url}: no HTML parser can read this page") from error
    except _TooDeepError as error:
        raise PageRefusedError(f"{url}: elements nested more than {MAX_DEPTH} deep") from error
    except _NeverClosedError as error:
        raise PageRefusedError(f"{url}: a tag <{error}…> that is never closed") from error


class _TooDeepError(Exception):
    """More elements are open than any page has."""


class _NeverClosedError(Exception):
    """A tag that has swallowed the next one; named in one line."""


class _Flat(BeautifulSoup):
    """What Beautiful Soup hears of a page in document order; the tree is left out.

    Making the tree, only to walk it once, took most of the time of reading a page.
    """

    def reset(self) -> None:
        """Begin."""
        super().reset()
        self._heard: list[Event] = []
        self._open: list[str] = []
        #: How often each of them is.
        self._often: Counter[str] = Counter()
        # Who is told of this one closes it at once.
        self._void = self.new_tag("br")

    def whole(self) -> tuple[Event, ...]:
        """Return all events: what is open is closed at the end, and then the page."""
        self._close(len(self._open))
        return (*self._heard, Closed(""))

    def handle_starttag(  # noqa: PLR0913, PLR0917 - the parser's own interface
        self,
        name: str,
        namespace: str | None,  # noqa: ARG002 - see above
        nsprefix: str | None,  # noqa: ARG002 - see above
        attrs: Mapping[Any, Any],
        sourceline: int | None = None,  # noqa: ARG002 - see above
        sourcepos: int | None = None,  # noqa: ARG002 - see above
        namespaces: dict[str, str] | None = None,  # noqa: ARG002 - see above
    ) -> Tag | None:
        """Hear that an element begins; return something if nothing can be in it."""
        self.endData()
        if len(self._open) >= MAX_DEPTH:
            raise _TooDeepError
        self._heard.append(_opened(name, attrs))
        self._open.append(name)
        self._often[name] += 1
        return self._void if self.builder.can_be_empty_element(name) else None

    def handle_endtag(self, name: str, nsprefix: str | None = None) -> None:  # noqa: ARG002
        """Hear that an element ends, and with it what is open in it."""
        self.endData()
        if name in self._often:
            self._close(self._open[::-1].index(name) + 1)

    def endData(self, containerClass: type[NavigableString] | None = None) -> None:  # noqa: N802, N803
        """Hear that a text ends.

        Comments and declarations have a class, and are no text; nor are scripts and styles.
        """
        if not self.current_data:
            return
        text, self.current_data = "".join(self.current_data), []
        builder = self.builder
        if containerClass is None and self._often.keys().isdisjoint(builder.string_containers):
            if not text.strip(self.ASCII_SPACES) and self._often.keys().isdisjoint(
                builder.preserve_whitespace_tags
            ):
                text = "\n" if "\n" in text else " "
            self._heard.append(Words(text))

    def _close(self, count: int) -> None:
        for _ in range(count):
            name = self._open.pop()
            self._often[name] -= 1
            if not self._often[name]:
                del self._often[name]
            self._heard.append(Closed(name))


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


def _opened(name: str, attributes: Mapping[Any, Any]) -> Opened:
    if any("<" in attribute for attribute in attributes):
        raise _NeverClosedError(one_line(name, 20))
    return Opened(
        tag=name,
        href=attributes.get("href"),
        source=attributes.get("src"),
        classes=tuple(_CLASS.findall(attributes.get("class", ""))),
    )


def _heading(events: Sequence[Event], start: int, tag: str) -> Heading:
    text = one_line(words_from(events, start + 1), MAX_HEADING)
    return Heading(_HEADINGS[tag], text, start)
