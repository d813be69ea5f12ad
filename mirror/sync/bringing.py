"""Publish what operators brought: what is remembered of upstream's pages, with it.

Upstream is not asked.  A board has the facts and listings of its last good page, else those
that were published of it last, else what is known of it besides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.model import BoardFacts, Catalog, CatalogBoard
from mirror.catalog.plan import plan
from mirror.sync.publish import Publisher
from mirror.sync.remembered_board import remembered_catalog
from mirror.sync.vanished import as_catalogued, published_boards

if TYPE_CHECKING:
    from collections.abc import Collection, Container

    from mirror.catalog.model import Listing
    from mirror.sync.handing_in import Hands


class Remembered:
    """What is known of upstream without asking; made by `remember`."""

    def __init__(self, hands: Hands, catalog: Catalog, published: dict[str, CatalogBoard]) -> None:
        self._hands = hands
        self._catalog = catalog
        self._boards = published | {board.facts.board: board for board in catalog.boards}
        self._listings = {
            str(listing.name): listing for board in catalog.boards for listing in board.listings
        }

    def listing(self, name: str) -> Listing | None:
        """Return where upstream lists *name*, if it does."""
        return self._listings.get(name)

    def facts(self, board: str) -> BoardFacts:
        """Return what is known of the board with this id; for nobody's board that is its id."""
        return self._board(board).facts

    async def publish(
        self, boards: Collection[str], names: Container[str], port: str | None = None
    ) -> int | None:
        """Publish *boards* anew, *names* held; return the sequence, None if nothing changed.

        *port* is that of boards of which no page told it.
        """
        store, policy = self._hands.store, self._hands.policy
        held = {holding.name async for holding in store.index.held()}
        wanted = {str(listing.name) for listing in plan(self._catalog, held, policy).wanted}
        wanted.update(name for name in held if name in names)
        publisher = Publisher(store, self._hands.upstream)
        rendered = [_with_port(self._board(board), port) for board in sorted(boards)]
        return await publisher.publish(rendered, self._hands.clock(), wanted)

    def _board(self, board: str) -> CatalogBoard:
        known = self._boards.get(board)
        if known is not None:
            return known
        page = f"{self._hands.upstream}/download/{board}/"
        facts = self._hands.find_facts(board) or BoardFacts(board, page, product=board)
        return CatalogBoard(replace(facts, page=page), ())


def _with_port(board: CatalogBoard, port: str | None) -> CatalogBoard:
    return replace(board, facts=replace(board.facts, port=board.facts.port or port))


async def remember(hands: Hands) -> Remembered:
    """Look at what is remembered and published; raises `StorageError`."""
    index = hands.store.index
    catalog = await remembered_catalog(index, hands.upstream)
    names = {str(listing.name) for board in catalog.boards for listing in board.listings}
    # A page that is gone for good is still remembered as it was.
    withdrawn = await index.withdrawn_of(names)
    boards = tuple(
        replace(board, listings=tuple(x for x in board.listings if str(x.name) not in withdrawn))
        for board in catalog.boards
    )
    shown = {board.facts.board for board in boards}
    documents = await published_boards(hands.store, shown)
    offered = {offer.name for document in documents for offer in document.on_demand}
    gone = await index.withdrawn_of(offered)
    published = {document.board: as_catalogued(document, gone) for document in documents}
    return Remembered(hands, replace(catalog, boards=boards), published)
