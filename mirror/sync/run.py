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
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from mirror.catalog.guard import Guard, file_counts, shrinkage
from mirror.catalog.plan import Policy, SyncPlan, plan
from mirror.catalog.second_look import SecondLook
from mirror.errors import CatalogShrunkError, IncompleteError, MirrorError, RefusedError
from mirror.sandbox import Sandbox
from mirror.storage.runs import RunEnd
from mirror.storage.store import Store
from mirror.sync.fetching import Fetching
from mirror.sync.intake import Intake
from mirror.sync.looking_again import LookedAgain, look_again
from mirror.sync.outcome import Ending, Outcome, Phase, Progress, Trouble
from mirror.sync.publish import Publisher
from mirror.sync.remembered import RememberedPages
from mirror.sync.second_look import NO_RULE, SecondLooks
from mirror.sync.turns import Turns
from mirror.upstream.fetch import Fetcher
from mirror.upstream.site import Crawl, crawl
from mirror.upstream.visits import CrawlTerms

if TYPE_CHECKING:
    from mirror.catalog.model import Catalog, CatalogBoard

_COUNTS: Final = "catalog-counts"
_MOST_REMARKS: Final = 200
# A board without files is a valid board (`upstream.md` U20).
_NO_NEWS: Final = frozenset({"no-files"})
# An interrupted crawl is taken up again only while its pages can still be true.
_FRESH: Final = timedelta(hours=1)
# What was not continued for so long is of a file that upstream no longer lists.
_STALE_PARTS: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a run shall do: the policy, the wipe guard, and its rhythm.

    ``fetches`` files are under way at once; whole boards are published every
    ``publish_every`` while a run goes on.  ``accept_shrunken`` lets this one run pass the
    guard: an operator has looked.  ``refetch`` held files are looked at again at the end;
    ``second_look`` is what must confirm a new one.
    """

    policy: Policy
    guard: Guard
    fetches: int = 4
    publish_every: timedelta = timedelta(minutes=3)
    accept_shrunken: bool = False
    refetch: int = 0
    second_look: SecondLook = NO_RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run works with: the way out, the limited child, the store, the time.

    ``version`` is this mirror's: pages that another version parsed are parsed anew.  Whoever
    else takes files in meanwhile has the same ``turns``.
    """

    fetcher: Fetcher
    sandbox: Sandbox
    store: Store
    clock: Callable[[], datetime]
    report: Callable[[Progress], None]
    version: str
    turns: Turns = field(default_factory=Turns)


async def sync(means: Means, wishes: Wishes) -> Outcome:
    """Bring the store to what *wishes* ask of upstream, publish it, and say how it went.

    Never raises a `MirrorError`: what went wrong is the outcome, and is written down.
    """
    number = await means.store.index.begin_run(means.clock())
    run = _Run(means, wishes, number)
    try:
        outcome = await run.whole()
    except MirrorError as error:
        outcome = await run.ended_by(error)
    end = RunEnd(means.clock(), outcome.ending.value, outcome.counts(), outcome.message)
    # A full disk must not hide why the run ended.
    with contextlib.suppress(MirrorError):
        await means.store.index.finish_run(number, end)
    return outcome


async def preview(means: Means, wishes: Wishes) -> SyncPlan:
    """Crawl and plan, and change nothing: what a run would fetch now.

    Raises what a run would end with before it fetches anything.
    """
    run = _Run(means, wishes, 0)
    return await run.planned(await run.crawled())


class _Run:
    """One run under way."""

    def __init__(self, means: Means, wishes: Wishes, number: int) -> None:
        self._means = means
        self._number = number
        self._wishes = wishes
        self._store = means.store
        self._publisher = Publisher(means.store, means.fetcher.upstream)
        self._crawl = ""
        self._pages: list[Trouble] = []
        self._remarks: list[Trouble] = []
        self._wanted: frozenset[str] = frozenset()
        self._fetching: Fetching | None = None
        self._looks: SecondLooks | None = None
        self._looked = LookedAgain()

    async def whole(self) -> Outcome:
        await self._store.incoming.prune(self._means.clock() - _STALE_PARTS)
        await self._prune_pending()
        catalog = await self.crawled()
        todo = await self.planned(catalog)
        self._wanted = frozenset(str(listing.name) for listing in todo.wanted)
        self._fetching = await self._begin_fetching(catalog, todo)
        await self._fetch(catalog, self._fetching)
        await self._fetching.settle(self._store.index)
        self._means.report(Progress(Phase.PUBLISH, 0, 1, self._fetching.received_bytes))
        published = await self._publish(self._offering(catalog))
        await self._store.index.set_mark(_COUNTS, json.dumps(file_counts(catalog)))
        # Only now: a run that is killed or halted before is taken up again by the next start.
        if self._fetching.halted is None:
            await self._store.index.finish_crawl(self._crawl, self._means.clock())
            await self._look_again(catalog)
        return await self._outcome(Ending.PUBLISHED if published else Ending.UNCHANGED)

    async def _prune_pending(self) -> None:
        pending = await self._store.index.pending()
        await self._store.pending.prune({one.digest for one in pending.values()})

    async def crawled(self) -> Catalog:
        """Crawl, or continue the crawl that was interrupted, and hold the guard against it."""
        now = self._means.clock()
        self._crawl = await self._crawl_id(now)
        terms = CrawlTerms(self._crawl, now, self._means.version, self._report_pages)
        pages = RememberedPages(self._store.index)
        found = await crawl(self._means.fetcher, self._means.sandbox, pages, terms)
        self._note_pages(found)
        if not self._wishes.accept_shrunken:
            await self._guard_against(found.catalog, now)
        return found.catalog

    async def planned(self, catalog: Catalog) -> SyncPlan:
        """Plan with what is really there: blobs that vanished are fetched again."""
        index = self._store.index
        await index.look_for(self._store.blobs)
        names = {holding.name async for holding in index.held()}
        return await asyncio.to_thread(plan, catalog, names, self._wishes.policy)

    async def ended_by(self, error: MirrorError) -> Outcome:
        """Say how a run ended that *error* broke off."""
        ending = Ending.REFUSED if isinstance(error, RefusedError) else Ending.FAILED
        return await self._outcome(ending, error)

    async def _crawl_id(self, now: datetime) -> str:
        index = self._store.index
        begun = await index.unfinished_crawl()
        if begun is not None and abs(now - begun.started) < _FRESH:
            return begun.id
        # The number too: two runs can begin at one time of a clock that was put back.
        crawl_id = f"{now.isoformat()} {self._number}"
        await index.begin_crawl(crawl_id, now)
        return crawl_id

    async def _guard_against(self, catalog: Catalog, now: datetime) -> None:
        try:
            shrinkage(await self._counts_before(), catalog, self._wishes.guard)
        except CatalogShrunkError:
            # What was not believed is asked for anew: no run may go on from these pages.
            await self._store.index.begin_crawl(f"{self._crawl} refused", now)
            raise

    async def _counts_before(self) -> dict[str, int]:
        mark = await self._store.index.find_mark(_COUNTS)
        return dict(json.loads(mark)) if mark else {}

    def _report_pages(self, done: int, total: int) -> None:
        self._means.report(Progress(Phase.CRAWL, done, total))

    def _note_pages(self, found: Crawl) -> None:
        wanted = {board.facts.page for board in self._in_policy(found.catalog)}
        others = {board.facts.page for board in found.catalog.boards} - wanted
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
        self._looks = SecondLooks(
            means.store,
            means.fetcher,
            means.turns,
            means.clock,
            self._wishes.second_look,
            self._wanted,
        )
        intake = Intake(
            means.fetcher,
            means.sandbox,
            means.store,
            means.clock,
            first=first,
            turns=means.turns,
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

    async def _look_again(self, catalog: Catalog) -> None:
        if self._wishes.refetch:
            self._looked = await look_again(self._means, catalog, self._wishes.refetch)

    async def _publish_now_and_then(self, catalog: Catalog, fetching: Fetching) -> None:
        while True:
            await asyncio.sleep(self._wishes.publish_every.total_seconds())
            whole = fetching.take_whole_boards()
            if whole:
                await self._publish([b for b in catalog.boards if b.facts.board in whole])

    async def _publish(self, boards: list[CatalogBoard]) -> bool:
        sequence = await self._publisher.publish(boards, self._means.clock(), self._wanted)
        return sequence is not None

    def _in_policy(self, catalog: Catalog) -> list[CatalogBoard]:
        rank = self._wishes.policy.rank
        return [board for board in catalog.boards if rank(board) is not None]

    def _offering(self, catalog: Catalog) -> list[CatalogBoard]:
        """Return the boards of the policy, and those that have something on demand."""
        rank = self._wishes.policy.rank
        return [board for board in catalog.boards if board.listings or rank(board) is not None]

    async def _outcome(self, ending: Ending, broken_by: MirrorError | None = None) -> Outcome:
        fetching = self._fetching
        wanted = len(self._wanted)
        missing = fetching.missing if fetching else wanted
        troubles = [*self._pages, *(fetching.troubles if fetching else ()), *self._looked.troubles]
        error = broken_by or (fetching.halted if fetching else None)
        if error is None and (missing or troubles):
            waiting = len(fetching.awaiting) if fetching else 0
            counted = _counted(missing - waiting, waiting, len(troubles))
            error = IncompleteError(f"incomplete: {counted}")
        return Outcome(
            ending=ending,
            message=str(error) if error else "complete",
            exit_status=error.exit_status if error else 0,
            sequence=await self._publisher.sequence(),
            wanted=wanted,
            held=wanted - missing,
            fetched=fetching.fetched if fetching else 0,
            received_bytes=fetching.received_bytes if fetching else 0,
            troubles=tuple(troubles),
            remarks=tuple(_shortened([*self._looked.remarks, *self._remarks])),
            looked_again=self._looked.files,
            second_fetches=len(self._looks.fetched_again) if self._looks else 0,
            awaiting=tuple(fetching.awaiting) if fetching else (),
        )


def _shortened(remarks: list[Trouble]) -> list[Trouble]:
    if len(remarks) <= _MOST_REMARKS:
        return remarks
    more = f"{len(remarks) - _MOST_REMARKS} more things on pages were left out"
    return [*remarks[:_MOST_REMARKS], Trouble("…", more)]


def _counted(missing: int, waiting: int, troubles: int) -> str:
    parts = [
        _number(missing, "file is not held", "files are not held"),
        _number(waiting, "file awaits a second look", "files await a second look"),
        _number(troubles, "trouble is named below", "troubles are named below"),
    ]
    return ", ".join(part for part in parts if part)


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""
