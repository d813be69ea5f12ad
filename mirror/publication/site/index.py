"""The page of all boards, ``/download/``, and its filters.

A card is ``<a class="board-card" href="BOARD">`` in exactly these letters, with
``board-product`` and ``board-vendor`` inside (mpflash, chiptui and the maker of Thonny's lists
compare the text), and the thumbnail of a photograph where one is held.  Cards are sorted by
vendor, then product; facets stand in upstream's order and always show every value.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mirror.catalog.kinds import Maturity
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.publication.hiding import without_hidden
from mirror.publication.photographs import Shown
from mirror.publication.site.html import Markup, joined, page, picture, tag
from mirror.publication.site.style import STYLE
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirror.publication.documents import BoardDocument

INDEX_PATH: Final = "/download/"
CARDS_PATH: Final = "/download/boards.json"

#: What can be asked for, in the order of the page, and how it is called there.
FACETS: Final = {"port": "Port", "features": "Feature", "vendor": "Vendor", "mcu": "MCU"}


@dataclass(frozen=True, slots=True)
class CardRelease:
    """One version of a board, and how many files of it are held and how many on demand."""

    version: str
    maturity: Maturity
    date: str
    held: int = 0
    on_demand: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """What pages of all boards say of one, and what it can be filtered by.

    ``photographs`` are upstream's names, and ``shown`` the first of them that is held;
    ``releases`` are newest first, those held before those on demand.
    """

    board: str
    product: str
    vendor: str
    port: str | None
    mcu: str | None
    features: tuple[str, ...]
    photographs: tuple[str, ...] = ()
    releases: tuple[CardRelease, ...] = ()
    shown: Shown | None = None

    @property
    def newest(self) -> str | None:
        """The newest version that is held: a release, or a preview where there is none."""
        held = [release for release in self.releases if release.held]
        held.sort(key=lambda release: release.maturity is not Maturity.RELEASE)
        return held[0].version if held else None

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


_CARD = Shape(Card)
_CARDS = Shape(tuple[Card, ...])


def card_of(board: BoardDocument, photographs: Sequence[Shown] = ()) -> Card:
    """Return the card of *board*, of which these *photographs* are held."""
    return Card(
        board=board.board,
        product=board.product,
        vendor=board.vendor,
        port=board.port,
        mcu=board.mcu,
        features=board.features,
        photographs=board.photographs,
        releases=tuple(_releases(board)),
        shown=next(iter(photographs), None),
    )


def _releases(board: BoardDocument) -> Iterable[CardRelease]:
    waiting = Counter((offer.version, offer.maturity, offer.date) for offer in board.on_demand)
    by_version: dict[str, list[tuple[Maturity, str, int]]] = {}
    for (version, maturity, date), number in waiting.items():
        by_version.setdefault(version, []).append((maturity, date, number))
    for release in without_hidden(board).releases:
        offers = by_version.pop(release.version, [])
        yield CardRelease(
            version=release.version,
            maturity=release.maturity,
            date=release.date,
            held=len(release.files),
            on_demand=sum(number for _, _, number in offers),
        )
    for version, offers in by_version.items():
        first = min(date for _, date, _ in offers)
        number = sum(number for _, _, number in offers)
        yield CardRelease(version, offers[0][0], first, on_demand=number)


def encode_card(card: Card) -> bytes:
    """Return *card* as `decode_card` reads it, and `decode_cards` in a list."""
    return canonical(_CARD.dump_python(card, mode="json"))


def decode_card(card: bytes) -> Card:
    """Read what `encode_card` made."""
    return _CARD.validate_json(card)


def join_cards(cards: Iterable[bytes]) -> bytes:
    """Return a list of cards, each of which `encode_card` made."""
    # One by one: all of them are more than a megabyte.
    joined = io.BytesIO()
    joined.write(b"[")
    for place, card in enumerate(cards):
        joined.write(b",\n" if place else b"")
        joined.write(card)
    joined.write(b"]\n")
    return joined.getvalue()


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
        "",
        *_image(card),
        tag("div", card.product, class_="board-product"),
        tag("div", card.vendor, class_="board-vendor"),
        "",
        class_="board-card",
        href=card.board,
        by="\n",
    )


def _image(card: Card) -> Iterable[Markup]:
    if card.shown is not None:
        size = (card.shown.thumbnail_width, card.shown.thumbnail_height)
        yield tag("div", picture(card.shown.thumbnail_path, size, ""), class_="board-image")


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
