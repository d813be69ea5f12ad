"""The page of all boards, ``/download/``, and its filters.

A card is ``<a class="board-card" href="BOARD">`` in exactly these letters, with
``board-product`` and ``board-vendor`` inside (mpflash, chiptui and the maker of Thonny's lists
compare the text).  Cards are sorted by vendor, then product; facets stand in upstream's order
and always show every value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import rfc8785
from pydantic import TypeAdapter

from mirror.publication.site.html import Markup, joined, page, tag
from mirror.publication.site.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirror.publication.documents import BoardDocument

INDEX_PATH: Final = "/download/"
CARDS_PATH: Final = "/download/boards.json"

#: What can be asked for, in the order of the page, and how it is called there.
FACETS: Final = {"port": "Port", "features": "Feature", "vendor": "Vendor", "mcu": "MCU"}


@dataclass(frozen=True, slots=True)
class Card:
    """What the page of all boards says of one, and what it can be filtered by."""

    board: str
    product: str
    vendor: str
    port: str | None
    mcu: str | None
    features: tuple[str, ...]

    def values(self, facet: str) -> tuple[str, ...]:
        """Return what the board has of *facet*."""
        match facet:
            case "port":
                return (self.port,) if self.port else ()
            case "mcu":
                return (self.mcu,) if self.mcu else ()
            case "vendor":
                return (self.vendor,) if self.vendor else ()
            case _:
                return self.features


@dataclass(frozen=True, slots=True)
class Filters:
    """What the boards of a page have, by facet; empty: all boards are on it."""

    asked: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def parse(cls, query: Iterable[tuple[str, str]]) -> Filters:
        """Read the *query* of a request; what is no facet is left out, as upstream does."""
        return cls(tuple(sorted({(key, value) for key, value in query if key in FACETS})))

    def show(self, card: Card) -> bool:
        """Whether *card* has everything that was asked for."""
        return all(value in card.values(facet) for facet, value in self.asked)

    def of(self, facet: str) -> list[str]:
        """Return what was asked for of *facet*."""
        return [value for key, value in self.asked if key == facet]


_CARD = TypeAdapter(Card)
_CARDS = TypeAdapter(tuple[Card, ...])


def card_of(board: BoardDocument) -> Card:
    """Return the card of *board*."""
    return Card(board.board, board.product, board.vendor, board.port, board.mcu, board.features)


def encode_card(card: Card) -> bytes:
    """Return *card* as `decode_cards` reads it in a list."""
    return rfc8785.dumps(_CARD.dump_python(card, mode="json"))


def join_cards(cards: Iterable[bytes]) -> bytes:
    """Return a list of cards, each of which `encode_card` made."""
    return b"[" + b",\n".join(cards) + b"]\n"


def decode_cards(cards: bytes) -> tuple[Card, ...]:
    """Read what `join_cards` made."""
    return _CARDS.validate_json(cards)


def render_index_page(cards: Sequence[Card], filters: Filters) -> bytes:
    """Return the page of those of *cards* that *filters* show."""
    shown = sorted(
        (card for card in cards if filters.show(card)),
        key=lambda card: (card.vendor, card.product, card.board),
    )
    return page(
        "MicroPython downloads",
        STYLE,
        tag("h1", "MicroPython downloads"),
        tag("div", *_filters(cards, filters), class_="filters"),
        tag("p", f"{len(shown)} of {len(cards)} boards"),
        tag("div", *map(_card, shown), class_="boards"),
        tag("footer", "A mirror of micropython.org; rebuilt from its facts."),
    )


def _card(card: Card) -> Markup:
    return tag(
        "a",
        "\n",
        tag("div", card.product, class_="board-product"),
        "\n",
        tag("div", card.vendor, class_="board-vendor"),
        "\n",
        class_="board-card",
        href=card.board,
    )


def _filters(cards: Sequence[Card], filters: Filters) -> Iterable[Markup]:
    for facet, words in FACETS.items():
        values = sorted({value for card in cards for value in card.values(facet)})
        yield tag(
            "p",
            tag("span", f"{words}:", class_="filter-name"),
            " ",
            *_facet(facet, values, filters.of(facet)),
        )


def _facet(facet: str, values: Iterable[str], active: Sequence[str]) -> Iterable[Markup]:
    if active:
        drop = tag("a", "[x]", href="?", class_="filter-option")
        return [joined(", ".join(active), " ", drop)]
    links = (
        tag("a", value, href=f"?{facet}={quote(value, safe='')}", class_="filter-option")
        for value in values
    )
    return [joined(*links, by=", ")]
