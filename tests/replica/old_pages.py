"""Upstream's pages of long ago: one long page, and later a page of links for each board.

Only fragments of them are known: what they linked, and how; the rest is a guess.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from tests.replica.pages import FIRMWARE
from tests.replica.shapes import legacy_id
from tests.replica.skeleton import whole_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.replica.builds import ListedBuild
    from tests.replica.facts import BoardFact
    from tests.replica.pages import BoardMatter


def long_page(boards: Sequence[BoardMatter]) -> str:
    """Return the page of April 2020: every board with an anchor, absolute links, file names."""
    return whole_page("<h1> MicroPython downloads </h1>\n\n" + "".join(map(_anchored, boards)))


def list_index(boards: Sequence[BoardFact]) -> str:
    """Return the index of October 2021: links to the pages by lower-case id."""
    items = [(legacy_id(fact.board), html.escape(fact.product)) for fact in boards]
    links = "".join(f'<li><a href="/download/{old}/">{text}</a></li>\n' for old, text in items)
    return whole_page(f"<h1> MicroPython downloads </h1>\n\n<ul>\n{links}</ul>\n")


def list_page(matter: BoardMatter) -> str:
    """Return a board's page of October 2021: a list of links, each with the file's name."""
    items = "".join(f"<li>{_plain_link(FIRMWARE, name)}</li>\n" for name in _names(matter))
    return whole_page(f"<h2> {html.escape(matter.fact.product)} </h2>\n\n<ul>\n{items}</ul>\n")


def _anchored(matter: BoardMatter) -> str:
    base = f"http://micropython.org{FIRMWARE}"
    names = _names(matter)
    lines = [
        f"<li>{_plain_link(base, name)}{' (latest)' if place == 0 else ''}</li>\n"
        for place, name in enumerate(names)
    ]
    anchor = legacy_id(matter.fact.board)
    heading = f'<h3 id="{anchor}">Firmware for {html.escape(matter.fact.product)}</h3>\n'
    return f"{heading}<ul>\n{''.join(lines)}</ul>\n"


def _plain_link(base: str, name: str) -> str:
    return f'<a href="{base}/{name}">{name}</a>'


def _names(matter: BoardMatter) -> list[str]:
    listed: list[ListedBuild] = []
    for section in matter.sections:
        listed += [*section.releases, *section.previews]
    return [line.build.name(line.kinds[0]) for line in listed]
