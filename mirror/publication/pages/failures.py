"""What people see where there is nothing: what is wrong, and where to go on."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from mirror.publication.pages import more_texts, texts
from mirror.publication.pages.layout import Section, layout
from mirror.publication.site.html import Markup, tag, void

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_NEAR: Final = 6
_LIKE: Final = 0.5
_LONGEST: Final = 64
_NOT_FOUND: Final = 404


def render_failure(status: int, message: str, asked: str, boards: Collection[str]) -> bytes:
    """Return the page for an answer with *status*; *message* says why.

    *asked* is the last part of the path, which may be nearly the id of one of *boards*.
    """
    title = more_texts.FAILURES.get(status, more_texts.FAILURE)
    near = near_boards(asked, boards) if status == _NOT_FOUND else []
    return layout(
        Section.BOARDS,
        title,
        tag("h1", title),
        tag("p", message, class_="lead"),
        *_near(near),
        _search(asked if status == _NOT_FOUND else ""),
        tag("p", tag("a", more_texts.ALL_BOARDS, href=Section.BOARDS)),
    )


def near_boards(asked: str, boards: Collection[str]) -> list[str]:
    """Return the ids of *boards* that are most like *asked*, the most alike first."""
    by_folded = {board.casefold(): board for board in boards}
    folded = asked[:_LONGEST].casefold().replace("-", "_").replace(" ", "_")
    inside = [one for one in by_folded if folded and (folded in one or one in folded)]
    alike = get_close_matches(folded, by_folded, n=_NEAR, cutoff=_LIKE)
    found = dict.fromkeys([*alike, *sorted(inside, key=len)])
    return [by_folded[one] for one in found][:_NEAR]


def _near(boards: Collection[str]) -> Iterator[Markup]:
    if boards:
        links = (tag("li", tag("a", board, href=f"/boards/{board}")) for board in boards)
        yield tag("h2", more_texts.NEAR)
        yield tag("ul", *links, by="\n")


def _search(asked: str) -> Markup:
    words = " ".join(asked.replace("_", " ").replace("-", " ").split())[:_LONGEST]
    field = void("input", type="search", name="q", value=words)
    label = tag("label", texts.SEARCH, field, class_="search")
    button = tag("div", tag("button", texts.SHOW, type="submit"), class_="line")
    return tag("form", label, button, method="get", action=Section.BOARDS, class_="filters")
