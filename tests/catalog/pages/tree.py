"""A page by way of the tree that Beautiful Soup makes of it: what the reader must agree with."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from mirror.catalog.pages.events import Closed, Event, Opened, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4.element import PageElement


def events_of_tree(html: str) -> tuple[Event, ...]:
    """Return the events of *html*, read from its tree in document order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        soup = BeautifulSoup(html, "html.parser")
    return (*_inside(soup.contents), Closed(""))


def _inside(nodes: list[PageElement]) -> Iterator[Event]:
    for node in nodes:
        if isinstance(node, Tag):
            href, source = node.get("href"), node.get("src")
            yield Opened(
                node.name,
                href if isinstance(href, str) else None,
                source if isinstance(source, str) else None,
                tuple(node.get_attribute_list("class")) if node.get("class") else (),
            )
            yield from _inside(node.contents)
            yield Closed(node.name)
        # Comments, scripts, styles and declarations are subclasses, and are not text.
        elif type(node) is NavigableString:
            yield Words(str(node))
