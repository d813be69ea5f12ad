"""The page of all boards, and its facets: one port, one MCU, one vendor, one feature."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

from mirror.catalog.model import Card, IndexPage
from mirror.catalog.pages.events import Closed, Opened
from mirror.catalog.pages.links import OddLink, path_on_host
from mirror.catalog.pages.markup import BLOCKS, headings, read_markup, words_from
from mirror.catalog.pages.photographs import photograph
from mirror.catalog.pages.problems import Problems
from mirror.catalog.texts import one_line
from mirror.errors import PageRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.catalog.pages.events import Event

MAX_CARDS = 5000
"""Boards on one page; more is no page of upstream's, which has about 220."""

_BOARD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_FACET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_DOWNLOAD = "/download/"
_TITLE = "micropython downloads"
_MAX_TEXT = 300
_CARD_ENDS = frozenset({"a", "footer", "nav"})


def read_index_page(html: bytes, url: str) -> IndexPage:
    """Read the index or a facet page that came from *url*.

    Cards stand in the page's order, each board once; ids are checked
    (``[A-Za-z0-9_][A-Za-z0-9_-]*``), product and vendor are plain text.  Cards and facet
    links that can not be taken are in ``problems``.  Raises `PageRefusedError` for a page
    that is not whole, not an index page, or has no card at all.
    """
    events = read_markup(html, url)
    if not any(_TITLE in heading.text.lower() for heading in headings(events)):
        raise PageRefusedError(f"{url}: not an index page, no heading 'MicroPython downloads'")
    problems = Problems(url)
    cards = tuple(_cards(events, url, problems))
    if not cards:
        raise PageRefusedError(f"{url}: an index page without a single board")
    return IndexPage(
        cards=cards,
        ports=_facet(events, "port", problems),
        mcus=_facet(events, "mcu", problems),
        problems=problems.all(),
    )


def _cards(events: Sequence[Event], url: str, problems: Problems) -> Iterator[Card]:
    links = [
        (start, event)
        for start, event in enumerate(events)
        if isinstance(event, Opened) and event.tag == "a"
    ]
    cards = [(start, event) for start, event in links if "board-card" in event.classes]
    # To October 2021 the index was a list of plain links to the pages of boards.
    found = cards or [(start, event) for start, event in links if _is_plain(event)]
    if len(found) > MAX_CARDS:
        raise PageRefusedError(f"{url}: {len(found)} boards, more than {MAX_CARDS}")
    seen: set[str] = set()
    for start, event in found:
        board = _board_id(event.href or "", url, problems)
        if board is None:
            continue
        if board in seen:
            problems.add("listed-twice", board)
            continue
        seen.add(board)
        yield _card(events, start, board) if cards else _plain_card(events, start, board)


def _is_plain(event: Opened) -> bool:
    return (event.href or "").startswith(_DOWNLOAD) and event.href != _DOWNLOAD


def _board_id(href: str, url: str, problems: Problems) -> str | None:
    # A page without the final slash would resolve its cards beside itself, not below.
    path = path_on_host(href.strip(), urllib.parse.urljoin(url, _DOWNLOAD))
    if isinstance(path, OddLink):
        problems.add(path.rule, href)
        return None
    board = path.removeprefix(_DOWNLOAD).removesuffix("/")
    if board == "None":
        problems.add("none-link", href)
        return None
    if not path.startswith(_DOWNLOAD) or _BOARD.fullmatch(board) is None:
        problems.add("unrecognised-board", href)
        return None
    return board


def _card(events: Sequence[Event], start: int, board: str) -> Card:
    product, vendor, thumbnail = "", "", None
    for position in range(start + 1, len(events)):
        event = events[position]
        if isinstance(event, Opened | Closed) and event.tag in _CARD_ENDS:
            break
        if not isinstance(event, Opened):
            continue
        if "board-product" in event.classes:
            product = product or one_line(words_from(events, position + 1), _MAX_TEXT)
        elif "board-vendor" in event.classes:
            vendor = vendor or one_line(words_from(events, position + 1), _MAX_TEXT)
        elif event.tag == "img":
            thumbnail = thumbnail or photograph(event.source, board)
    return Card(board, product or board, vendor, thumbnail)


def _plain_card(events: Sequence[Event], start: int, board: str) -> Card:
    product = one_line(words_from(events, start + 1, BLOCKS | _CARD_ENDS), _MAX_TEXT)
    return Card(board, product or board, vendor="")


def _facet(events: Sequence[Event], facet: str, problems: Problems) -> tuple[str, ...]:
    values: dict[str, None] = {}
    for event in events:
        if not isinstance(event, Opened) or "filter-option" not in event.classes:
            continue
        href = event.href or ""
        name, _, value = href.removeprefix("?").partition("=")
        if name != facet:
            continue
        value = urllib.parse.unquote(value, errors="replace")
        if _FACET.fullmatch(value):
            values[value] = None
        else:
            problems.add("odd-facet", href)
    return tuple(values)
