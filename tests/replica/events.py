"""What a page consists of, in document order: tags with their attributes, and texts."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

_ROUTINE: Final = frozenset({"src", "rel", "style"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = [f"{name}={value}" for name, value in attrs if name not in _ROUTINE]
        self.events.append(" ".join([tag, *told]))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.events.append(f"'{data.strip()}'")


def events_of(html: str) -> list[str]:
    """Return the tags (``a href=…``) and the texts (in quotes) of *html*."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.events


def between(html: str, start: str, end: str) -> str:
    """Return the part of *html* from *start* up to *end*; `ValueError` when one is not there."""
    first = html.index(start)
    return html[first : html.index(end, first)]
