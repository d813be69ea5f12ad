"""One sync run, told as a story: crawl, plan, fetch and verify, publish.

One bad file never stops the others, and each is named in the outcome.  A long run
publishes whole boards every few minutes.  A catalog that lost too much is refused and
changes nothing.  What a run could not do, the next one tries again; a run that was
cancelled or killed leaves everything in order, and the next continues it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mirror.catalog.guard import shrinkage
from mirror.catalog.plan import NO_PINS, Pinned, SyncPlan, plan
from mirror.errors import CatalogShrunkError, IncompleteError, MirrorError, RefusedError
from mirror.spans import spanned
from mirror.storage.runs import RunEnd
from mirror.sync.beside import Beside
from mirror.sync.causes import cause_of
from mirror.sync.census import CensusBoard, listed_in, write_census
from mirror.sync.crawling import Crawling
from mirror.sync.disagreements import note_disagreements
from mirror.sync.fetching import Fetching
from mirror.sync.intake import Intake
from mirror.sync.looking_again import LookedAgain, look_again
from mirror.sync.names import Names
from mirror.sync.outcome import (
    MOST_REMARKS,
    Ending,
    Outcome,
    Phase,
    Progress,
    Trouble,
    first_remarks,
    missing_words,
)
from mirror.sync.pinned import missing_pinned, pinned_names, recalled_pinned, settle
from mirror.sync.publish import Publisher
from mirror.sync.recalling import without_recalled
from mirror.sync.remainder import Remainder, remainder_of
from mirror.sync.second_look import SecondLooks
from mirror.sync.wanted import remember_wanted
from mirror.sync.withdrawing import Withdrawing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mirror.catalog.model import Catalog, CatalogBoard
    from mirror.sync.means import Means, Wishes
    from mirror.upstream.site import Crawl

_COUNTS: Final = "catalog-counts"
# A board without files is a valid board (`upstream.md` U20).
_NO_NEWS: Final = frozenset({"no-files"})
# What was not continued for so long is of a file that upstream no longer lists.
_STALE_PARTS: Final = timedelta(days=30)


async def sync(means: Means, wishes: Wishes) -> Outcome:
    """Bring the store to what *wishes* ask of upstream, publish it, and say how it went.

    Never raises a `MirrorError`: what went wrong is the outcome, and is written down.
    """
    run = _Run(means, wishes)
    try:
        outcome = await run.whole()
    except MirrorError as error:
        outcome = await run.ended_by(error)
    with contextlib.suppress(MirrorError):
        await run.take_census()
    end = RunEnd(means.clock(), outcome.ending.value, outcome.counts(), outcome.message)
    # A full disk must not hide why the run ended.
    with contextlib.suppress(MirrorError):
        await means.store.index.finish_run(run.number, end)
    return outcome


async def preview(means: Means, wishes: Wishes) -> SyncPlan:
    """Crawl and plan, and change nothing: what a run would fetch now.

    Raises what a run would end with before it fetches anything.
    """
    run = _Run(means, wishes)
    return await run.planned((await run.crawled()).catalog)


class _Run:
    """One run under way; ``number`` is 0 until it is written down that it began."""

    def __init__(self, means: Means, wishes: Wishes) -> None:
        self._means = means
        self.number = 0
        self._wishes = wishes
        self._store = means.store
        self._publisher = Publisher(means.store, means.fetcher.upstream, wishes.policy)
        self._crawling = Crawling(means, 0, self._report_pages)
        self._pages: list[Trouble] = []
        self._remarks: list[Trouble] = []
        self._wanted = Names()
        self._pinned: Pinned = NO_PINS
        self._missing_pinned: list[Trouble] = []
        self._dealt_with: list[Trouble] = []
        self._fetching: Fetching | None = None
        self._looks: SecondLooks | None = None
        self._looked = LookedAgain()
        self._listed: tuple[CensusBoard, ...] | None = None
        self._beside = Beside(means, wishes)

    async def whole(self) -> Outcome:
        self.number = await self._store.index.begin_run(self._means.clock())
        self._crawling = Crawling(self._means, self.number, self._report_pages)
        await self._store.incoming.prune(self._means.clock() - _STALE_PARTS)
        await self._prune_pending()
        fetching, left = await self._fetched()
        self._means.report(Progress(Phase.PUBLISH, 0, 1, fetching.received_bytes))
        published = await self._publish(left.boards)
        await self._store.index.set_mark(_COUNTS, json.dumps(left.counts))
        # Only now: a run that is killed or halted before is taken up again by the next start.
        if fetching.halted is None:
            await self._store.index.finish_crawl(self._crawling.crawl_id, self._means.clock())
            self._looked = await look_again(self._means, left.again)
            published |= await self._beside.bring(
                self._publisher, lambda: self._publish([]), left.wanted
            )
        return await self._outcome(Ending.PUBLISHED if published else Ending.UNCHANGED)

    async def _fetched(self) -> tuple[Fetching, Remainder]:
        """Crawl, plan and fetch; return how that went, and what of the catalog is needed yet."""
        catalog, vanished = await self._believed(await self.crawled())
        todo = await self.planned(catalog)
        self._listed = listed_in(catalog.boards)
        self._wanted = Names(str(listing.name) for listing in todo.wanted)
        await remember_wanted(self._store.index, self._wanted)
        # A first run takes long: who looks meanwhile shall know what there is.
        await self.take_census()
        self._pages += await note_disagreements(self._store, catalog, todo, self._means.clock())
        self._fetching = fetching = await self._begin_fetching(catalog, todo)
        await self._fetch(catalog, fetching)
        await self._settle_pins(catalog)
        await fetching.settle(self._store.index)
        return fetching, await remainder_of(self._means, self._wishes, catalog, vanished)

    async def _prune_pending(self) -> None:
        pending = await self._store.index.pending()
        await self._store.pending.prune({one.digest for one in pending.values()})

    async def crawled(self) -> Crawl:
        """Crawl, or continue the crawl that was interrupted, and hold the guard against it."""
        now = self._means.clock()
        found = await self._crawling.crawl(now)
        self._publisher = Publisher(
            self._store, found.catalog.upstream, self._wishes.policy, found.through
        )
        self._note_pages(found)
        if not self._wishes.accept_shrunken:
            await self._guard_against(found.catalog, now)
        return found

    async def _believed(self, found: Crawl) -> tuple[Catalog, tuple[CatalogBoard, ...]]:
        """Return the catalog without what is withdrawn, and the boards that it shows no more."""
        withdrawing = Withdrawing(self._means, self._wishes.withdrawn_after)
        believed = await withdrawing.believe(found)
        self._pages = [page for page in self._pages if page.subject not in believed.settled]
        return believed.catalog, believed.vanished

    @spanned("plan")
    async def planned(self, catalog: Catalog) -> SyncPlan:
        """Plan with what is really there: blobs that vanished are fetched again."""
        index = self._store.index
        await index.look_for(self._store.blobs)
        names = {holding.name async for holding in index.held()}
        self._pinned = await pinned_names(self._store, catalog.boards)
        todo = await asyncio.to_thread(plan, catalog, names, self._wishes.policy, self._pinned)
        return without_recalled(todo, await index.recalled_names(), self._dealt_with)

    async def ended_by(self, error: MirrorError) -> Outcome:
        """Say how a run ended that *error* broke off."""
        ending = Ending.REFUSED if isinstance(error, RefusedError) else Ending.FAILED
        return await self._outcome(ending, error)

    async def take_census(self) -> None:
        """Remember what was listed and did not come, if a catalog was read and believed."""
        if self._listed is None:
            return
        fetching = self._fetching
        fetched = [*fetching.troubles, *fetching.awaiting] if fetching else None
        offered = self._publisher.offered
        await write_census(self._store.index, self._listed, offered, fetched)

    async def _guard_against(self, catalog: Catalog, now: datetime) -> None:
        try:
            shrinkage(await self._counts_before(), catalog, self._wishes.guard)
        except CatalogShrunkError:
            # What was not believed is asked for anew: no run may go on from these pages.
            await self._crawling.drop(now)
            raise

    async def _counts_before(self) -> dict[str, int]:
        mark = await self._store.index.find_mark(_COUNTS)
        return dict(json.loads(mark)) if mark else {}

    def _report_pages(self, done: int, total: int) -> None:
        self._means.report(Progress(Phase.CRAWL, done, total))

    def _note_pages(self, found: Crawl) -> None:
        rank = self._wishes.policy.rank
        others = {board.facts.page for board in found.catalog.boards if rank(board) is None}
        self._pages = [
            Trouble(unread.page, unread.reason)
            for unread in found.unread
            if unread.page not in others
        ]
        self._remarks = [
            Trouble(problem.page, f"{problem.rule}: {problem.text}")
            for problem in found.catalog.problems
            if problem.page not in others and problem.rule not in _NO_NEWS
        ]

    async def _begin_fetching(self, catalog: Catalog, todo: SyncPlan) -> Fetching:
        means = self._means
        # Asked for once: the plan has every name once, and this run is the only writer.
        first = await self._store.index.first_digests(str(listing.name) for listing in todo.fetch)
        facts = {board.facts.board: board.facts for board in catalog.boards}
        what = self._wishes.second_look
        self._looks = SecondLooks(
            means.store, means.fetcher, means.turns, means.clock, what, self._wanted
        )
        intake = Intake(
            means.fetcher,
            means.sandbox,
            means.store,
            means.clock,
            first=first,
            turns=means.turns,
            room=means.room,
            looks=self._looks,
        )
        return Fetching(intake, todo.fetch, facts, means.report)

    async def _fetch(self, catalog: Catalog, fetching: Fetching) -> None:
        publishing = asyncio.create_task(self._publish_now_and_then(catalog, fetching))
        try:
            await fetching.run(self._wishes.fetches)
        finally:
            publishing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await publishing

    async def _publish_now_and_then(self, catalog: Catalog, fetching: Fetching) -> None:
        while True:
            await asyncio.sleep(self._wishes.publish_every.total_seconds())
            whole = fetching.take_whole_boards()
            if whole:
                await self._publish([b for b in catalog.boards if b.facts.board in whole])

    async def _publish(self, boards: Iterable[CatalogBoard]) -> bool:
        async with self._means.publishing:
            # Read anew: somebody may have pinned something since the run was planned.
            wanted = self._wanted | (await pinned_names(self._store)).keys()
            sequence = await self._publisher.publish(boards, self._means.clock(), wanted)
        return sequence is not None

    async def _settle_pins(self, catalog: Catalog) -> None:
        await settle(self._store, catalog.boards)
        recalled = await recalled_pinned(self._store)
        listed = {str(one.name) for board in catalog.boards for one in board.listings}
        self._missing_pinned = [
            Trouble(name, "it is pinned and not held, and upstream does not list it")
            for name in await missing_pinned(self._store)
            if name not in self._wanted and name not in listed and name not in recalled
        ]

    async def _outcome(self, ending: Ending, broken_by: MirrorError | None = None) -> Outcome:
        fetching = self._fetching
        recalled = fetching.recalled if fetching else []
        wanted = len(self._wanted) - len(recalled)
        missing = fetching.missing if fetching else wanted
        fetched = fetching.troubles if fetching else ()
        awaiting = fetching.awaiting if fetching else ()
        troubles = [*self._pages, *fetched, *self._missing_pinned, *self._looked.troubles]
        error = broken_by or (fetching.halted if fetching else None)
        if error is None and (missing or troubles):
            words = missing_words(missing - len(awaiting), len(awaiting), len(troubles))
            error = IncompleteError(f"incomplete: {words}")
        return Outcome(
            ending=ending,
            message=str(error) if error else "complete",
            exit_status=error.exit_status if error else 0,
            sequence=await self._sequence(broken_by),
            wanted=wanted,
            held=wanted - missing,
            fetched=fetching.fetched if fetching else 0,
            received_bytes=fetching.received_bytes if fetching else 0,
            troubles=tuple(troubles),
            remarks=tuple(first_remarks([*self._looked.remarks, *self._remarks])),
            dealt_with=(*self._dealt_with, *recalled)[:MOST_REMARKS],
            looked_again=self._looked.files,
            second_fetches=len(self._looks.fetched_again) if self._looks else 0,
            awaiting=tuple(awaiting),
            cause=cause_of(error),
            aside=tuple(self._beside.troubles),
        )

    async def _sequence(self, broken_by: MirrorError | None) -> int | None:
        try:
            return await self._publisher.sequence()
        except MirrorError:
            # What broke the run off is told, not what it led to.
            if broken_by is None:
                raise
            return None
