"""What is heard of a page, in document order."""

from __future__ import annotations

from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Opened:
    """An element begins."""

    tag: str
    href: str | None = None
    source: str | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """An element ends; where, is the parser's opinion."""

    tag: str


@dataclass(frozen=True, slots=True)
class Words:
    """Text between elements, entities resolved."""

    text: str


Event = Opened | Closed | Words
