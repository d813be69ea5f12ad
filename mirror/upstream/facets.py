"""From facet pages to the port and the MCU of each board.

A board has one port and one MCU.  If several pages of a facet show it, they disagree, or
upstream ignores the filter: then none of them is believed, and the board is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirror.catalog.model import IndexPage


@dataclass(frozen=True, slots=True)
class Placing:
    """The value of a facet by board, and the boards for which the pages do not agree."""

    values: dict[str, str]
    ambiguous: tuple[str, ...]


def placing(pages: Mapping[str, IndexPage]) -> Placing:
    """Return which value each board has, from the page of each value.

    Values that differ only in case are one (``RA6M5`` and ``ra6m5`` both exist upstream,
    and a filter may take either); the one that sorts first stands for both.
    """
    shown: dict[str, set[str]] = {}
    for value, page in pages.items():
        for card in page.cards:
            shown.setdefault(card.board, set()).add(value)
    values = {board: min(found) for board, found in shown.items() if _agree(found)}
    return Placing(values, tuple(sorted(shown.keys() - values.keys())))


def _agree(values: set[str]) -> bool:
    return len({value.casefold() for value in values}) == 1
