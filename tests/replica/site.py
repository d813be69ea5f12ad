"""micropython.org's download site, in memory: the stock, and the pages that show it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from mirror.catalog.versions import Version
from tests.replica import old_pages, pages
from tests.replica.facts import BoardFact, board_facts, some_boards
from tests.replica.history import Depth, depth_for
from tests.replica.packages import PackageStock
from tests.replica.pages import BoardMatter, IndexMatter
from tests.replica.photographs import photograph
from tests.replica.shapes import Shape, legacy_id
from tests.replica.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INDEX: Final = "/download/"
"""The path of the index; with a query, of a facet page."""


class Site(Stock):
    """The stock of upstream and its pages, which tests spoil and mend."""

    def __init__(self, facts: Sequence[BoardFact] = (), *, seed: int = 0, size: int = 0) -> None:
        super().__init__(facts, seed=seed, size=size)
        self.packages = PackageStock()
        #: Draws the photograph that has this name behind its board.
        self.photograph = photograph
        self._hidden: frozenset[str] = frozenset()
        self._added: defaultdict[str, list[str]] = defaultdict(list)
        self._moved: dict[str, str] = {}
        self._drawn: dict[str, str | None] = {}
        # Most edits of the stock change no index: they are kept as long as they show the same.
        self._indexes: dict[tuple[tuple[str, str], ...], str] = {}
        self._shown: object = None
        self._edited_since = True

    @classmethod
    def of_boards(
        cls,
        limit: int | None = None,
        *,
        seed: int = 0,
        depth: Depth | None = None,
        size: int = 0,
    ) -> Self:
        """Return a site of the first *limit* boards (None: all 225) with *depth* of their past.

        A small site holds the well-known boards first, then some of every port.  Without
        *depth*: three releases and one preview of each section.  *size* is the least number
        of bytes of each program; 0 is as small as the formats allow.
        """
        site = cls(some_boards(limit), seed=seed, size=size)
        site.fill(depth or Depth())
        return site

    @classmethod
    def of(cls, *boards: str, seed: int = 0, size: int = 0) -> Self:
        """Return a site of exactly these *boards*, without any build."""
        return cls([board_facts()[board] for board in boards], seed=seed, size=size)

    @classmethod
    def of_many(cls, files: int, limit: int | None = None, *, seed: int = 0, size: int = 0) -> Self:
        """Return a site that lists at least *files* files, old versions invented if need be."""
        depth = depth_for(some_boards(limit), files)
        return cls.of_boards(limit, seed=seed, depth=depth, size=size)

    # --- edits ---------------------------------------------------------------------------

    def rename_board(self, old: str, new: str) -> None:
        """Give *old* the id *new*: files too; the old page redirects, old file names answer 404."""
        super().rename_board(old, new)
        self._moved[old] = new
        self._shown_otherwise()

    def retitle(self, board: str, product: str) -> None:
        """Change the free text that the pages show for *board*."""
        self._facts[board] = replace(self._facts[board], product=product)
        self._shown_otherwise()

    def lose_boards(self, share: float) -> None:
        """Leave *share* (0 to 1) of the boards out of the index and its facet pages."""
        count = round(len(self._facts) * share)
        self._hidden = frozenset(sorted(self._facts)[:count])
        self._shown_otherwise()

    def find_boards(self) -> None:
        """Undo `lose_boards`."""
        self._hidden = frozenset()
        self._shown_otherwise()

    def add_link(self, page: str, href: str) -> None:
        """Put a link on *page*: a board's id, or `INDEX` for the index and its facet pages."""
        self._added[page].append(href)
        self._shown_otherwise()

    def remove_links(self) -> None:
        """Undo every `add_link`."""
        self._added.clear()
        self._shown_otherwise()

    # --- pages ---------------------------------------------------------------------------

    def index(self, query: Mapping[str, str]) -> str:
        """Return the index, or the facet page of *query* (``port``, ``mcu``, …; all must fit)."""
        if self._edited_since:
            self._edited_since = False
            shown, self._shown = self._shown, self._shown_on_indexes()
            if shown != self._shown:
                self._indexes.clear()
        key = tuple(sorted(query.items()))
        drawn = self._indexes.get(key)
        if drawn is None:
            drawn = self._indexes[key] = self._index_page(query)
        return drawn

    def find_page(self, board: str) -> str | None:
        """Return the page of *board*, or None when there is none under this id."""
        if board not in self._drawn:
            self._drawn[board] = self._board_page(board)
        return self._drawn[board]

    def find_moved(self, board: str) -> str | None:
        """Return the present id of a board that was renamed, or of a legacy id; else None."""
        if self.shape.has_legacy_ids:
            return None
        present = self._moved.get(board) or self._present(board)
        return present if present != board else None

    # --- how -----------------------------------------------------------------------------

    def _shown_otherwise(self) -> None:
        super()._shown_otherwise()
        self._drawn.clear()
        self._edited_since = True

    def _shown_on_indexes(self) -> object:
        """Return all that an index shows: another one when anything of it is another."""
        if self.shape is Shape.APRIL_2020:
            return object()  # every build stood on it
        facts = tuple(self._facts.values())
        return self.shape, facts, self._hidden, tuple(self._added[INDEX]), self._newest()

    def _index_page(self, query: Mapping[str, str]) -> str:
        shown = [fact for fact in self._facts.values() if fact.board not in self._hidden]
        shown.sort(key=lambda fact: (fact.vendor, fact.product, fact.board))
        if self.shape is Shape.APRIL_2020:
            return old_pages.long_page([self._matter(fact.board) for fact in shown])
        if self.shape is Shape.OCTOBER_2021:
            return old_pages.list_index(shown)
        active = {facet: query[facet] for facet in pages.FACETS if facet in query}
        matter = IndexMatter(
            cards=tuple(fact for fact in shown if _fits(fact, active)),
            facets={facet: self._values(facet) for facet in pages.FACETS},
            active=active,
            newest=self._newest(),
            added=tuple(self._added[INDEX]),
        )
        return pages.index_page(matter)

    def _board_page(self, board: str) -> str | None:
        if self.shape is Shape.OCTOBER_2021:
            present = self._present(board)
            return old_pages.list_page(self._matter(present)) if present else None
        return pages.board_page(self._matter(board)) if board in self._facts else None

    def _present(self, legacy: str) -> str | None:
        return next((board for board in self._facts if legacy_id(board) == legacy), None)

    def _values(self, facet: str) -> list[str]:
        facts = self._facts.values()
        return sorted({value for fact in facts for value in pages.facet_values(fact, facet)})

    def _newest(self) -> str:
        builds = (build for board in self._builds.values() for build in board)
        releases = {build.version for build in builds if build.finished}
        return max(releases, key=Version.parse, default="v1.28.0")

    def _matter(self, board: str) -> BoardMatter:
        nightly = self.shape is Shape.NOVEMBER_2021
        return BoardMatter(
            fact=self._facts[board],
            sections=self.sections(board),
            added=tuple(self._added[board]),
            note_before=self.shape is Shape.AUGUST_2026,
            preview_heading="Nightly builds" if nightly else "Preview builds",
        )


def _fits(fact: BoardFact, active: Mapping[str, str]) -> bool:
    return all(value in pages.facet_values(fact, facet) for facet, value in active.items())
