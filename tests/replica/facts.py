"""The boards that MicroPython builds for, as facts: the replica's only knowledge of the world.

``boards.tsv`` holds one line per board, tab-separated.  An empty ``product`` is made from
the id, an empty ``photographs`` is ``<id in lower case>.jpg``, an empty ``website`` an
address of our own; ``none`` means that upstream has none.  A photograph written with ``!``
is named by upstream's pages and answers 404.  ``since`` is the first release of the default
build, ``never`` when there is no file at all.  A variant is written ``ID SINCE LABEL``, and
``ID FIRST..LAST LABEL (NOTE)`` when it is no longer built.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TABLE = Path(__file__).with_name("boards.tsv")
_COLUMNS = 11
_VARIANT = re.compile(
    r"(?P<variant>[A-Za-z0-9_]+) (?P<since>v[0-9.]+?)(?:\.\.(?P<until>v[0-9.]+))? (?P<label>.+?)"
    r"(?: \((?P<note>[^)]*)\))?"
)
WELL_KNOWN: Final = ("RPI_PICO_W", "ESP32_GENERIC", "ESP8266_GENERIC", "PYBV11", "RPI_PICO")
"""The boards that a small replica holds first."""


@dataclass(frozen=True, slots=True)
class Section:
    """One build of a board: the default (``variant`` None), or a variant with its label.

    ``since`` and ``until`` are versions of releases; ``until`` and ``note`` belong to a
    variant that is no longer built.
    """

    variant: str | None
    label: str
    since: str
    until: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture that a board names; ``missing`` when upstream answers 404 for it."""

    name: str
    missing: bool = False

    @property
    def thumbnail(self) -> str | None:
        """The name of the small one; upstream makes it for lower-case endings only."""
        stem, dot, ending = self.name.rpartition(".")
        return f"{stem}.thumb{dot}{ending}" if ending in {"jpg", "png"} else None


@dataclass(frozen=True, slots=True)
class BoardFact:
    """What is known of one board; the default build is the first of ``sections``."""

    board: str
    port: str
    mcu: str
    vendor: str
    product: str
    features: tuple[str, ...]
    sections: tuple[Section, ...]
    flash_offset: str
    photographs: tuple[Photograph, ...]
    website: str | None

    def section(self, variant: str | None) -> Section:
        """Return the section of *variant*; one that is not known is labelled with its id."""
        found = (section for section in self.sections if section.variant == variant)
        return next(found, Section(variant, variant or "", "v1.0"))


@functools.cache
def all_boards() -> tuple[BoardFact, ...]:
    """Return the 225 boards, sorted by id."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    facts = [line for line in lines if not line.startswith("#")][1:]
    return tuple(_board_of(line) for line in facts)


@functools.cache
def board_facts() -> dict[str, BoardFact]:
    """Return the 225 boards by id."""
    return {fact.board: fact for fact in all_boards()}


def some_boards(limit: int | None) -> tuple[BoardFact, ...]:
    """Return at most *limit* boards: the well-known ones, then one of each port in turn."""
    known = board_facts()
    first = [known[board] for board in WELL_KNOWN]
    turns: dict[str, int] = {}
    places = {}
    for fact in all_boards():
        turns[fact.port] = turns.get(fact.port, 0) + 1
        places[fact.board] = (turns[fact.port], fact.port)
    rest = [fact for fact in all_boards() if fact not in first]
    return tuple((first + sorted(rest, key=lambda fact: places[fact.board]))[:limit])


def _board_of(line: str) -> BoardFact:
    columns = line.split("\t")
    columns += [""] * (_COLUMNS - len(columns))
    board, port, mcu, vendor, product, features, since, variants, offset, pictures, website = (
        columns
    )
    return BoardFact(
        board=board,
        port=port,
        mcu=mcu,
        vendor=vendor,
        product=product or _product_of(board),
        features=tuple(filter(None, features.split(", "))),
        sections=(Section(None, "", since), *map(_section_of, filter(None, variants.split("; ")))),
        flash_offset=offset,
        photographs=_photographs_of(pictures or f"{board.lower()}.jpg"),
        website=_website_of(board, website),
    )


def _product_of(board: str) -> str:
    words = board.split("_")
    return " ".join(word if any(map(str.isdigit, word)) else word.capitalize() for word in words)


def _section_of(text: str) -> Section:
    found = _VARIANT.fullmatch(text)
    if found is None:
        raise AssertionError(f"boards.tsv: {text!r} is not a variant")
    return Section(**found.groupdict())


def _photographs_of(text: str) -> tuple[Photograph, ...]:
    if text == "none":
        return ()
    return tuple(Photograph(name.lstrip("!"), name.startswith("!")) for name in text.split(", "))


def _website_of(board: str, text: str) -> str | None:
    if text == "none":
        return None
    return text or f"https://boards.example/{board.lower()}"
