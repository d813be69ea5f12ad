"""One board as upstream's pages were last read, and what is held of it.

Nothing is asked of upstream and nothing is written: the crawl goes over what it remembers,
so the board has the same facts and listings as in a sync run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Never

from pydantic import ValidationError

from mirror.catalog.model import BoardPage, Catalog, CatalogBoard, IndexPage
from mirror.errors import MirrorError, UpstreamError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.sync.remembered import RememberedPages
from mirror.sync.remembered_peers import find_peer
from mirror.upstream.peer_urls import board_key
from mirror.upstream.site import CrawlTerms, crawl

if TYPE_CHECKING:
    from mirror.storage.index import Index
    from mirror.upstream.answers import PageAnswer, Validators
    from mirror.upstream.memory import RememberedPage
    from mirror.upstream.peer_memory import KnownPeer

_CRAWL: Final = "remembered"
_READER: Final = "remembered"
# Nothing is remembered, so the time of this crawl is nowhere to be seen.
_TERMS: Final = CrawlTerms(_CRAWL, datetime(1970, 1, 1, tzinfo=UTC), _READER)


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedBoard:
    """What is known of one board without asking.

    ``crawled`` is false while upstream's index was never read: then nothing else is known
    but what is ``held``.  ``board`` is None when the index does not show it; ``nearest``
    then are ids that look like it.  ``read_at`` is when its page was last read.  ``refused``
    are listed artifacts whose bytes were refused when they were fetched last.  ``on_demand``
    are those of ``held`` that were fetched so and that no publication holds; ``pinned`` has
    the id of the pin by the name of each artifact that is pinned.  ``recalled`` are listed
    artifacts that nobody may have, ``awaiting`` those that came and await a second look.
    """

    upstream: str
    crawled: bool
    board: CatalogBoard | None
    read_at: datetime | None
    held: tuple[str, ...]
    refused: tuple[str, ...] = ()
    on_demand: tuple[str, ...] = ()
    pinned: Mapping[str, str] = field(default_factory=dict)
    nearest: tuple[str, ...] = ()
    recalled: tuple[str, ...] = ()
    awaiting: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Return all of it as JSON, which `from_json` reads back."""
        return _DOCUMENT.dump_json(self) + b"\n"

    @classmethod
    def from_json(cls, document: bytes) -> RememberedBoard:
        """Read what `to_json` wrote; raise `MirrorError` for anything else."""
        try:
            return _DOCUMENT.validate_json(document)
        except ValidationError as error:
            raise MirrorError(f"what is remembered can not be read: {error}") from error


_DOCUMENT = Shape(RememberedBoard)


async def remembered_board(index: Index, upstream: str, board: str) -> RememberedBoard:
    """Return what is remembered and held of the board with this id.

    *upstream* is the base URL, without a final slash.  Raises `StorageError`.
    """
    peer = await find_peer(index, upstream)
    if peer is not None:
        return await _of_peer(index, upstream, board, peer)
    pages = _Pages(RememberedPages(index), board)
    memory = _Memory(upstream)
    try:
        catalog = (await crawl(memory, memory, pages, _TERMS)).catalog
    except UpstreamError:
        held = await _held(index, board, frozenset())
        return RememberedBoard(
            upstream=upstream, crawled=False, board=None, read_at=None, held=held
        )
    found = catalog.boards[0] if catalog.boards else None
    return await _remembered(index, upstream, board, _Known(found, pages.read_at, pages.boards))


async def _of_peer(index: Index, upstream: str, board: str, peer: KnownPeer) -> RememberedBoard:
    """Return the same of a mirror, whose documents are remembered like pages."""
    boards = set(peer.content.boards)
    page = await RememberedPages(index).find(board_key(upstream, board))
    if board not in boards or page is None or not isinstance(page.value, BoardPage):
        return await _remembered(index, upstream, board, _Known(None, None, boards))
    found = CatalogBoard(page.value.facts, page.value.listings)
    return await _remembered(index, upstream, board, _Known(found, page.fetched_at, boards))


@dataclass(frozen=True, slots=True)
class _Known:
    """A board as it was read last, and the ids of all boards."""

    board: CatalogBoard | None
    read_at: datetime | None
    boards: set[str]


async def _remembered(index: Index, upstream: str, board: str, known: _Known) -> RememberedBoard:
    found = known.board
    names = frozenset(str(listing.name) for listing in found.listings) if found else frozenset()
    held = await _held(index, board, names)
    return RememberedBoard(
        upstream=upstream,
        crawled=True,
        board=found,
        read_at=known.read_at,
        held=held,
        refused=tuple(sorted((await index.refusals_of(names)).keys() - set(held))),
        nearest=() if found else _nearest(board, known.boards),
        recalled=tuple(sorted(names & (await index.recalled_names()).keys())),
        awaiting=tuple(sorted((await index.pending_of(names)).keys() - set(held))),
    )


async def remembered_catalog(index: Index, upstream: str) -> Catalog:
    """Return all boards as their pages were last read; none while the index never was.

    *upstream* is the base URL, without a final slash.  Raises `StorageError`.
    """
    memory = _Memory(upstream)
    try:
        return (await crawl(memory, memory, _Pages(RememberedPages(index)), _TERMS)).catalog
    except UpstreamError:
        return Catalog(upstream, ())


async def _held(index: Index, board: str, names: frozenset[str]) -> tuple[str, ...]:
    # One name can stand on the pages of two boards, and is held under one of them.
    return tuple(
        [one.name async for one in index.held() if one.board == board or one.name in names]
    )


class _Pages:
    """Remembered pages, as if this crawl had read them, with all cards or those of one *board*.

    ``boards`` are the ids of all cards that were met, ``read_at`` is of the board's page.
    """

    def __init__(self, pages: RememberedPages, board: str | None = None) -> None:
        self.boards: set[str] = set()
        self.read_at: datetime | None = None
        self._pages = pages
        self._board = board

    async def find(self, url: str) -> RememberedPage | None:
        page = await self._pages.find(url)
        if page is None:
            return None
        if isinstance(page.value, BoardPage):
            self.read_at = page.fetched_at
        return replace(page, value=self._narrowed(page.value), crawl=_CRAWL, reader=_READER)

    async def find_all(self, urls: Sequence[str]) -> dict[str, RememberedPage]:
        found = {url: await self.find(url) for url in urls}
        return {url: page for url, page in found.items() if page is not None}

    async def remember(self, *pages: RememberedPage) -> None:
        """Forget it: what is remembered stays as it is."""

    def _narrowed(self, value: IndexPage | BoardPage) -> IndexPage | BoardPage:
        if isinstance(value, BoardPage):
            return value
        self.boards.update(card.board for card in value.cards)
        if self._board is None:
            return value
        return replace(
            value, cards=tuple(card for card in value.cards if card.board == self._board)
        )


class _Memory:
    """An upstream that can not be asked, and a reader that has nothing to read."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        del since
        raise UpstreamError(f"{url} was not read yet")

    async def read_index_page(self, html: bytes, url: str, board: str = "") -> Never:
        del html, board
        raise UpstreamError(f"{url} is not read here")

    read_board_page = read_empty_board_page = read_index_page


def _nearest(board: str, boards: set[str]) -> tuple[str, ...]:
    """Return the ids that *board* was probably meant to be, best first."""
    by_letters = {known.lower(): known for known in sorted(boards)}
    return tuple(by_letters[near] for near in get_close_matches(board.lower(), by_letters))
