"""The lines at the head of a board page: vendor, features, source, website."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mirror.catalog.pages.events import Opened
from mirror.catalog.pages.links import MAX_HREF
from mirror.catalog.pages.markup import words_from
from mirror.catalog.texts import cut, one_line
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.catalog.pages.events import Event
    from mirror.catalog.pages.problems import Problems

MAX_FEATURES = 100

_MAX_LINE = 4000
_MAX_VENDOR = 300
_MAX_FEATURE = 60
# What the template builds the head of; Markdown, which follows, makes none of these first.
_HEAD_TAGS = frozenset({"a", "b", "br", "div", "em", "img", "span", "strong"})
_SOURCE = re.compile(
    r"https://github\.com/micropython/micropython/(?:tree|blob)/[A-Za-z0-9_.-]+/ports/"
    r"(?P<port>[a-z0-9][a-z0-9-]{0,31})/boards/(?P<board>[A-Za-z0-9_-]{1,64})/?"
)
_WEBSITE = re.compile(r"https?://[!-;=?-~]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """What the lines say; *board* is the id in the source link, *end* the next position."""

    vendor: str
    features: tuple[str, ...]
    website: str | None
    port: str | None
    board: str | None
    end: int

    @property
    def bare(self) -> bool:
        """Whether not one line was there."""
        return not (self.vendor or self.features or self.website or self.board)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    href: str | None


def read_head(events: Sequence[Event], start: int, stop: int, problems: Problems) -> Head:
    """Read the lines between *start*, just behind the product's heading, and *stop*."""
    end = _head_end(events, start, stop)
    found = _lines(events, start, end)
    source = found.get("source on github")
    match = _SOURCE.fullmatch(source.href or "") if source else None
    if source and match is None:
        problems.add("odd-source", source.href or source.text)
    return Head(
        vendor=cut(found["vendor"].text, _MAX_VENDOR) if "vendor" in found else "",
        features=_features(found.get("features"), problems),
        website=_website(found.get("more info"), problems),
        port=match["port"] if match else None,
        board=match["board"] if match else None,
        end=end,
    )


def _head_end(events: Sequence[Event], start: int, stop: int) -> int:
    for position in range(start, stop):
        event = events[position]
        if isinstance(event, Opened) and event.tag not in _HEAD_TAGS:
            return position
    return stop


def _lines(events: Sequence[Event], start: int, end: int) -> dict[str, _Line]:
    """Return each line by its label, the first of equal ones."""
    found: dict[str, _Line] = {}
    for position in range(start, end):
        event = events[position]
        if not isinstance(event, Opened) or event.tag != "strong":
            continue
        label, _, text = words_from(events, position + 1).partition(":")
        line = _Line(one_line(text, _MAX_LINE), _href(events, position, end))
        found.setdefault(one_line(label, _MAX_LINE).lower(), line)
    return found


def _href(events: Sequence[Event], position: int, end: int) -> str | None:
    for event in events[position + 1 : min(end, position + 10)]:
        if isinstance(event, Opened):
            return event.href if event.tag == "a" else None
    return None


def _features(line: _Line | None, problems: Problems) -> tuple[str, ...]:
    if line is None:
        return ()
    names = [name for name in (part.strip() for part in line.text.split(",")) if name]
    taken = tuple(name for name in names if len(name) <= _MAX_FEATURE)[:MAX_FEATURES]
    if len(taken) < len(names):
        problems.add("odd-features", line.text)
    return tuple(dict.fromkeys(taken))


def _website(line: _Line | None, problems: Problems) -> str | None:
    if line is None or not line.href:
        return None
    if len(line.href) <= MAX_HREF and _WEBSITE.fullmatch(line.href):
        return line.href
    problems.add("odd-website", line.href)
    return None
