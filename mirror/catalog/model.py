"""The words of upstream's pages as values: boards, listings, and a whole crawl.

A *listing* is upstream's unverified claim that a file exists at a URL.  A *catalog* is
all listings of one crawl.  Nothing here says what the mirror holds.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.errors import MalformedValueError
from mirror.frozen import dataclass


class PassageKind(StrEnum):
    """What a passage of upstream's prose is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of upstream's prose as plain text: a quotation, never markup, never a command."""

    kind: PassageKind
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something on a page that was left out, by name, so that nothing is dropped in silence.

    ``rule`` is a fixed word (``unrecognised-name``, ``other-host``, ``outside-tree``,
    ``none-link``, ``too-long``, ``not-http``, …); ``text`` is what was found, cut to 200
    characters; ``page`` is the URL it stood on.
    """

    rule: str
    text: str
    page: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Upstream's claim that a file exists at a URL.

    ``folder`` is the URL of what the file lies in, with its final slash: there are twenty
    thousand listings, and they share a few folders.  ``board`` is the id of the page it stood
    on: an old name can stand on the page of a board that was renamed.  ``position`` counts
    from 0 in the page's order, in which the newest of a section comes first (`upstream.md`
    U7: position before date).  ``digest`` and ``size`` (bytes) are what another mirror says of
    the file; upstream's pages say neither.
    """

    name: ArtifactName
    folder: str
    board: str
    position: int
    notes: str | None = None
    digest: Digest | None = None
    size: int | None = None

    @classmethod
    def at(cls, url: str, name: ArtifactName, board: str, position: int = 0) -> Listing:
        """Return the listing of the file at *url*; raise `MalformedValueError` for another name."""
        folder = url.removesuffix(str(name))
        if not folder.endswith("/"):
            raise MalformedValueError(f"{url[:200]!r} is not where {name} is")
        return cls(name, folder, board, position)

    @property
    def url(self) -> str:
        """Where upstream says that the file is."""
        return f"{self.folder}{self.name}"


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """A section of a board page: which variant, and upstream's free label for it."""

    variant: str | None
    label: str


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """What upstream's pages say about one board.

    ``port`` and ``mcu`` are None where no page told; ``flash_offset`` is the offset in
    upstream's instructions (bytes), which an image may contradict (`upstream.md` U14).
    ``photographs`` are file names, ``website`` an http(s) URL or None.
    """

    board: str
    page: str
    product: str
    vendor: str = ""
    port: str | None = None
    mcu: str | None = None
    features: tuple[str, ...] = ()
    website: str | None = None
    flash_offset: int | None = None
    photographs: tuple[str, ...] = ()
    description: tuple[Passage, ...] = ()
    instructions: tuple[Passage, ...] = ()
    variants: tuple[VariantFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class BoardPage:
    """A complete board page, read: facts (port maybe, mcu never), listings, problems."""

    facts: BoardFacts
    listings: tuple[Listing, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A board on an index page."""

    board: str
    product: str
    vendor: str
    thumbnail: str | None = None


@dataclass(frozen=True, slots=True)
class IndexPage:
    """The index or one facet page, read: its cards, and the values of each facet.

    ``ports`` and ``mcus`` are the values of the links of those facets, in the page's order.
    """

    cards: tuple[Card, ...]
    ports: tuple[str, ...] = ()
    mcus: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogBoard:
    """One board of a crawl.

    ``stale`` says why its page could not be read this time; facts and listings are then
    those of the last good page.  ``notes`` are release notes by version, of releases that are
    known without a listing.
    """

    facts: BoardFacts
    listings: tuple[Listing, ...]
    stale: str | None = None
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """All listings of one crawl of *upstream* (a base URL without final slash), by board id."""

    upstream: str
    boards: tuple[CatalogBoard, ...]
    problems: tuple[Problem, ...] = field(default=())
