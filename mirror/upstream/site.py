"""The crawl: from the download pages to a catalog, told as a story.

The index, then one page for each port and each MCU, because cards tell neither, then the
page of each board: one request for each.  A board that was listed is in the catalog,
always: if its page can not be read it has what its last good page said, and why that is
stale.  Only without the index is there no crawl.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.catalog.model import (
    BoardFacts,
    BoardPage,
    Card,
    Catalog,
    CatalogBoard,
    IndexPage,
    Problem,
)
from mirror.errors import (
    FirmwareHeadingMissingError,
    MirrorError,
    PageRefusedError,
    UpstreamMissingError,
)
from mirror.frozen import dataclass
from mirror.upstream.facets import Placing, placing
from mirror.upstream.visits import TRIES, CrawlTerms, Visit, Visits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirror.upstream.memory import PageMemory, PageReader, PageSource

__all__ = ["Crawl", "CrawlTerms", "Unread", "crawl"]

MOST_FACETS: Final = 300
"""Ports and MCUs together; upstream has about 55, and each costs a request."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A page that could not be read in this crawl, and why; *missing*: it is not there."""

    page: str
    reason: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Crawl:
    """What a crawl found.

    ``unread`` names every page that could not be read: for those the catalog has what was
    known before.  ``asked`` pages were requested and ``parsed`` of them were new.  ``through``
    are the lineages of the mirrors that all of it came through, the nearest first.
    """

    catalog: Catalog
    unread: tuple[Unread, ...]
    asked: int
    parsed: int
    through: tuple[str, ...] = ()

    @property
    def missing(self) -> frozenset[str]:
        """The pages for which upstream answered that they are not there."""
        return frozenset(unread.page for unread in self.unread if unread.missing)


async def crawl(
    fetcher: PageSource, reader: PageReader, pages: PageMemory, terms: CrawlTerms
) -> Crawl:
    """Read all of upstream's download pages and return what they list.

    Raises what happened to the index page, and every `MirrorError` that concerns upstream
    as a whole or this node's own disk.  Pages that were read until then stay remembered:
    a crawl with the same ``crawl_id`` continues.
    """
    return await _Crawling(fetcher, reader, Visits(fetcher, pages, terms)).crawl()


class _Crawling:
    """One crawl under way."""

    def __init__(self, fetcher: PageSource, reader: PageReader, visits: Visits) -> None:
        self._upstream = fetcher.upstream
        self._index_url = f"{fetcher.upstream}/download/"
        self._reader = reader
        self._visits = visits
        self._problems: list[Problem] = []
        self._unread: list[Unread] = []

    async def crawl(self) -> Crawl:
        index = await self._index()
        self._visits.expect(len(index.ports) + len(index.mcus) + len(index.cards))
        ports = await self._facet("port", index.ports)
        mcus = await self._facet("mcu", index.mcus)
        cards = self._cards(index, [*ports.values(), *mcus.values()])
        read = await self._boards(cards)
        placed = self._place("port", ports), self._place("mcu", mcus)
        boards = tuple(_placed(read[board], *placed) for board in sorted(read))
        problems = tuple(dict.fromkeys(self._problems))
        return Crawl(
            catalog=Catalog(self._upstream, boards, problems),
            unread=tuple(self._unread),
            asked=self._visits.asked,
            parsed=self._visits.parsed,
        )

    async def _index(self) -> IndexPage:
        self._visits.expect(1)
        visit = self._index_visit(self._index_url)
        page = (await self._visits.all({"": visit}))[""]
        if isinstance(page, MirrorError):
            raise page
        if len(page.ports) + len(page.mcus) > MOST_FACETS:
            raise PageRefusedError(f"{self._index_url}: more than {MOST_FACETS} ports and MCUs")
        self._problems += page.problems
        return page

    async def _facet(self, name: str, values: tuple[str, ...]) -> dict[str, IndexPage]:
        """Return the page of each value of a facet, where there is one, new or remembered."""
        visits = {
            value: self._index_visit(f"{self._index_url}?{name}={_quoted(value)}")
            for value in values
        }
        found: dict[str, IndexPage] = {}
        for value, outcome in (await self._visits.all(visits)).items():
            page = await self._or_last_good(visits[value], outcome)
            if page is not None:
                found[value] = page
                self._problems += page.problems
        return found

    async def _or_last_good(
        self, visit: Visit[IndexPage], outcome: IndexPage | MirrorError
    ) -> IndexPage | None:
        if isinstance(outcome, IndexPage):
            return outcome
        self._unread.append(Unread(visit.url, str(outcome)))
        return await self._visits.last_good(visit)

    def _cards(self, index: IndexPage, facets: list[IndexPage]) -> dict[str, Card]:
        """Return every card by board; a board that only a facet shows is a board too."""
        cards = {card.board: card for card in index.cards}
        others = {card.board: card for page in facets for card in page.cards}
        missing = {board: card for board, card in others.items() if board not in cards}
        self._visits.expect(len(missing))
        self._problems += [
            Problem("not-on-index", board, self._index_url) for board in sorted(missing)
        ]
        return cards | missing

    async def _boards(self, cards: dict[str, Card]) -> dict[str, CatalogBoard]:
        visits = {board: self._board_visit(board) for board in cards}
        outcomes = await self._visits.all(visits)
        return {
            board: await self._board(cards[board], visits[board], outcomes[board])
            for board in cards
        }

    async def _board(
        self, card: Card, visit: Visit[BoardPage], outcome: BoardPage | MirrorError
    ) -> CatalogBoard:
        if isinstance(outcome, BoardPage):
            return self._catalogued(outcome, visit.url, None)
        reason = str(outcome)
        missing = isinstance(outcome, UpstreamMissingError)
        self._unread.append(Unread(visit.url, reason, missing))
        known = await self._visits.last_good(visit)
        if known is not None:
            return self._catalogued(known, visit.url, reason)
        facts = BoardFacts(card.board, visit.url, card.product, card.vendor)
        return CatalogBoard(facts, (), stale=reason)

    def _catalogued(self, page: BoardPage, url: str, stale: str | None) -> CatalogBoard:
        self._problems += page.problems
        if not page.listings:
            self._problems.append(Problem("no-files", page.facts.board, url))
        return CatalogBoard(page.facts, page.listings, stale)

    def _place(self, name: str, pages: dict[str, IndexPage]) -> dict[str, str]:
        found: Placing = placing(pages)
        if found.ambiguous:
            boards = ", ".join(found.ambiguous)
            self._problems.append(Problem(f"several-{name}s", boards[:200], self._index_url))
        return found.values

    def _index_visit(self, url: str) -> Visit[IndexPage]:
        async def read(html: bytes, _known: IndexPage | None) -> IndexPage:
            return await self._reader.read_index_page(html, url)

        return Visit(url, IndexPage, read)

    def _board_visit(self, board: str) -> Visit[BoardPage]:
        url = f"{self._index_url}{_quoted(board)}/"
        return Visit(url, BoardPage, _board_reading(self._reader, url, board))


def _board_reading(
    reader: PageReader, url: str, board: str
) -> Callable[[bytes, BoardPage | None], Awaitable[BoardPage]]:
    """Return what reads a board's page, and knows when one without headings is believed.

    A board that had files has lost its headings, not its files (`upstream.md` U2).  One
    that never had any is empty (U20); if nothing is known of it, only the last try says so.
    """
    tries = 0

    async def read(html: bytes, known: BoardPage | None) -> BoardPage:
        nonlocal tries
        tries += 1
        try:
            return await reader.read_board_page(html, url, board)
        except FirmwareHeadingMissingError:
            had_files = known is not None and bool(known.listings)
            if had_files or (known is None and tries < TRIES):
                raise
            return await reader.read_empty_board_page(html, url, board)

    return read


def _placed(board: CatalogBoard, ports: dict[str, str], mcus: dict[str, str]) -> CatalogBoard:
    facts = board.facts
    port, mcu = ports.get(facts.board, facts.port), mcus.get(facts.board, facts.mcu)
    return replace(board, facts=replace(facts, port=port, mcu=mcu))


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
