"""The catalogue of boards: cards, a search, and filters that work as a plain form.

All boards that the filters show are on the page; those that the search does not find are
hidden, so that a script can show them again when the words change.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass
from mirror.publication.pages import texts
from mirror.publication.pages.layout import Section, layout
from mirror.publication.site.html import Markup, breakable, picture, tag, void
from mirror.publication.site.index import Filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mirror.publication.photographs import PhotographsDocument
    from mirror.publication.site.index import Card

_LONGEST: Final = 80
_LONG: Final = 3
# As in the script, which searches while somebody types.
_APART: Final = re.compile(r"[^a-z0-9]+")

# Drawn once, and shown on every card without a photograph.
_PINS: Final = "M22 8v8M36 8v8M50 8v8M64 8v8M78 8v8M22 50v8M36 50v8M50 50v8M64 50v8M78 50v8"
_DRAWING: Final = tag(
    "svg",
    tag(
        "symbol",
        tag("rect", x="8", y="12", width="84", height="42", rx="5"),
        tag("path", d=_PINS),
        tag("rect", x="38", y="22", width="24", height="22", rx="2"),
        tag("path", d="M8 27h-5v12h5"),
        id="board",
        viewBox="0 0 100 66",
    ),
    class_="skip",
    aria_hidden="true",
)
_NO_PICTURE: Final = tag("svg", tag("use", href="#board"), class_="none", aria_hidden="true")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see: *filters* by facet, and *words* that are all to be found.

    A word of one or two letters is found where a word begins: of ``pico w`` no ``Raspberry``.
    """

    filters: Filters = field(default_factory=Filters)
    words: str = ""

    @classmethod
    def parse(cls, query: Iterable[tuple[str, str]]) -> Asked:
        """Read the *query* of a request; what a form leaves empty is not asked for."""
        pairs = [(key, value) for key, value in query if value]
        words = next((value for key, value in pairs if key == "q"), "")
        return cls(Filters.parse(pairs), " ".join(words[:_LONGEST].split()))

    def finds(self, card: Card) -> bool:
        """Whether all words stand on *card*."""
        said = " ".join(_said(card)).lower()
        begun = f" {_APART.sub(' ', said)}"
        words = self.words.lower().split()
        return all(word in said if len(word) >= _LONG else f" {word}" in begun for word in words)


def render_catalogue(
    cards: Sequence[Card], photographs: PhotographsDocument, asked: Asked | None, upstream: str
) -> bytes:
    """Return the page of those *cards* that are *asked* for.

    With None nobody can ask, as of a tree of files: there is the search that needs a script only.
    """
    search = _form(cards, asked) if asked else _search_by_script()
    asked = asked or Asked()
    shown = sorted(
        (card for card in cards if asked.filters.show(card)),
        key=lambda card: (card.vendor.lower(), card.product.lower(), card.board),
    )
    found = [card for card in shown if asked.finds(card)]
    items = (_item(card, photographs, hidden=not asked.finds(card)) for card in shown)
    return layout(
        Section.BOARDS,
        texts.CATALOGUE,
        tag("h1", texts.CATALOGUE),
        tag("p", texts.CATALOGUE_LEAD, class_="lead"),
        search,
        _count(len(found), len(cards)),
        tag("p", texts.NONE_FOUND, id="nothing", **_hidden(hidden=bool(found))),
        _DRAWING,
        tag("ul", *items, class_="boards", by="\n"),
        upstream=upstream,
    )


def render_nothing_yet() -> bytes:
    """Return the page of a mirror that has not published anything."""
    return layout(
        Section.BOARDS,
        texts.NOT_YET,
        tag("h1", texts.NOT_YET),
        tag("p", texts.NOT_YET_LEAD),
        tag("p", tag("a", texts.STATUS, href=Section.STATUS)),
    )


def _count(found: int, everything: int) -> Markup:
    words = texts.COUNT.replace("{all}", str(everything))
    return tag("p", words.format(shown=found), id="count", role="status", data_words=words)


def _search_by_script() -> Markup:
    return tag("div", _search(Asked()), class_="filters", hidden="")


def _search(asked: Asked) -> Markup:
    return tag(
        "label",
        texts.SEARCH,
        void(
            "input",
            type="search",
            id="q",
            name="q",
            value=asked.words,
            placeholder=texts.SEARCH_HINT,
            maxlength=str(_LONGEST),
            autocomplete="off",
        ),
        class_="search",
    )


def _form(cards: Sequence[Card], asked: Asked) -> Markup:
    search = _search(asked)
    facets = (_facet(cards, facet, name, asked) for facet, name in texts.FACETS.items())
    button = tag("button", texts.SHOW, type="submit")
    # The buttons stand together, whether anything can be reset or not.
    reset = [tag("a", texts.RESET, href=Section.BOARDS)] if asked != Asked() else []
    buttons = tag("div", button, *reset, class_="line")
    return tag(
        "form", search, *facets, buttons, method="get", action="/", class_="filters", by="\n"
    )


def _facet(cards: Sequence[Card], facet: str, name: str, asked: Asked) -> Markup:
    values = sorted({value for card in cards for value in card.values(facet)}, key=str.lower)
    active = asked.filters.of(facet)
    options = (_option(value, chosen=value in active) for value in values)
    first = tag("option", texts.ANY, value="")
    return tag("label", name, tag("select", first, *options, name=facet))


def _option(value: str, *, chosen: bool) -> Markup:
    return tag("option", value, **({"selected": ""} if chosen else {}))


def _item(card: Card, photographs: PhotographsDocument, *, hidden: bool) -> Markup:
    inside = tag(
        "a",
        _picture(card, photographs),
        tag("b", card.product or card.board),
        *(tag("small", words) for words in _below(card)),
        class_="card",
        href=f"/boards/{card.board}",
        # Words of two elements are two words, for a script and for a reader.
        by=" ",
    )
    return tag("li", inside, **_hidden(hidden=hidden))


def _picture(card: Card, photographs: PhotographsDocument) -> Markup:
    found = photographs.of_board(card.board, card.photographs)
    if not found:
        return _NO_PICTURE
    size = (found[0].thumbnail_width, found[0].thumbnail_height)
    return picture(found[0].thumbnail_path, size, "")


def _below(card: Card) -> Iterator[str]:
    # A dictionary, as port and MCU are often the same word.
    yield " · ".join(dict.fromkeys(part for part in (card.vendor, card.port, card.mcu) if part))
    yield breakable(card.board)
    newest = card.newest
    yield texts.CARD_NEWEST.format(version=newest) if newest else texts.CARD_NOTHING


def _said(card: Card) -> Iterator[str]:
    yield card.product
    yield card.board
    yield from _below(card)


def _hidden(*, hidden: bool) -> dict[str, str]:
    return {"hidden": ""} if hidden else {}
