"""From a crawl to what upstream has withdrawn: judged, written down, and out of the plan.

The rule is `mirror.catalog.withdrawal`; this finds its facts and keeps its outcome.  What is
withdrawn stays held and served; only what was on demand goes, since it can not be had.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.model import Catalog, CatalogBoard
from mirror.catalog.withdrawal import Findings, Sight, find_withdrawn
from mirror.frozen import dataclass
from mirror.storage.entries import Return, Withdrawal
from mirror.sync.clock import believed_time
from mirror.sync.vanished import Answers, as_catalogued, ask_for, published_boards

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from mirror.catalog.withdrawal import Known
    from mirror.publication.documents import BoardDocument
    from mirror.sync.means import Means
    from mirror.upstream.site import Crawl


@dataclass(frozen=True, slots=True)
class Believed:
    """What a crawl comes to once withdrawals are known.

    ``catalog`` is without the boards that are withdrawn as a whole, and ``vanished`` has what
    is published of those and of boards that left the index.  ``settled`` are the pages that
    need to be read no more.
    """

    catalog: Catalog
    vanished: tuple[CatalogBoard, ...]
    settled: frozenset[str]


class Withdrawing:
    """Judges what one crawl after the other misses; a file is missed for *after* at least."""

    def __init__(self, means: Means, after: timedelta) -> None:
        self._means = means
        self._store = means.store
        self._after = after

    async def believe(self, found: Crawl) -> Believed:
        """Write down what *found* withdraws or brings back; raises `StorageError`."""
        boards = found.catalog.boards
        gone = [board for board in boards if board.facts.page in found.missing]
        shown = {board.facts.board for board in boards if board not in gone}
        documents = await published_boards(self._store, shown)
        await self._judge(found, gone, documents)
        return await self._sorted_out(found.catalog, gone, documents)

    async def _judge(
        self, found: Crawl, gone: list[CatalogBoard], documents: list[BoardDocument]
    ) -> None:
        boards = found.catalog.boards
        extra = {offer.name: doc.board for doc in documents for offer in doc.on_demand}
        extra |= {name: board.facts.board for board in gone for name in _names(board)}
        listed = {name for board in boards if board.stale is None for name in _names(board)}
        remembered = {
            name
            for board in boards
            if board.stale is not None and board not in gone
            for name in _names(board)
        }
        known = await self._store.index.to_judge(listed, extra)
        now = await believed_time(self._store, self._means.clock(), self._means.uptime())
        whole = _read_whole(found)
        answers = await self._ask(known, found, whole) if now is not None else Answers()
        sight = Sight(
            listed=listed | answers.listed,
            remembered=remembered,
            read={board.facts.board for board in (*whole, *gone)} | answers.settled,
        )
        await self._write(find_withdrawn(known, sight, now, self._after), now)

    async def _ask(self, known: list[Known], found: Crawl, whole: list[CatalogBoard]) -> Answers:
        shown = {board.facts.board for board in found.catalog.boards}
        unsettled = {
            one.board
            for one in known
            if one.board not in shown and (one.absence is None or one.absence.withdrawn is None)
        }
        return await ask_for(self._means, unsettled, {board.facts.page for board in whole})

    async def _write(self, findings: Findings, now: datetime | None) -> None:
        index = self._store.index
        if findings.cleared:
            await index.end_missing(one.name for one in findings.cleared)
        if findings.missed and now is not None:
            await index.begin_missing(findings.missed, now)
        time = self._means.clock()
        entries = [
            Withdrawal(time, one.name, one.board, one.absence.since)
            for one in findings.withdrawn
            if one.absence is not None
        ]
        returns = [Return(time, one.name) for one in findings.returned]
        if entries or returns:
            await self._store.ledger.append([*entries, *returns])

    async def _sorted_out(
        self, catalog: Catalog, gone: list[CatalogBoard], documents: list[BoardDocument]
    ) -> Believed:
        offered = {offer.name for document in documents for offer in document.on_demand}
        offered.update(name for board in gone for name in _names(board))
        withdrawn = await self._store.index.withdrawn_of(offered)
        over = {
            board.facts.board: board
            for board in gone
            if board.listings and all(name in withdrawn for name in _names(board))
        }
        left = tuple(board for board in catalog.boards if board.facts.board not in over)
        shown = {board.facts.board for board in left}
        return Believed(
            catalog=replace(catalog, boards=left),
            vanished=tuple(
                as_catalogued(document, withdrawn)
                for document in documents
                if document.board not in shown
            ),
            settled=frozenset(board.facts.page for board in over.values()),
        )


def _names(board: CatalogBoard) -> list[str]:
    return [str(listing.name) for listing in board.listings]


def _read_whole(found: Crawl) -> list[CatalogBoard]:
    """Return the boards whose page was read whole, and tells what is absent.

    A page that lists nothing does so only where its headings say that nothing is below them:
    one without headings may have lost its files with them (`upstream.md` U2).
    """
    emptied = {
        problem.page for problem in found.catalog.problems if problem.rule == "empty-section"
    }
    return [
        board
        for board in found.catalog.boards
        if board.stale is None and (board.listings or board.facts.page in emptied)
    ]
