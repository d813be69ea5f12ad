"""The one way to upstream that everything in a process shares: rate, silence, turns, parser.

It is opened when somebody first needs it and closed at the end, so that ``Retry-After`` and
the set rate hold for a sync run and for files on demand together, and from one run to the
next (P5).
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Final, Self

from mirror.daemon.parts import is_offline, now, refuse_when_offline, sites_of
from mirror.daemon.pruning import pruner_of, room_of
from mirror.daemon.version import VERSION
from mirror.errors import StorageError
from mirror.frozen import dataclass
from mirror.sandbox import Sandbox
from mirror.spans import span
from mirror.sync.clock import read_uptime
from mirror.sync.intake import Intake
from mirror.sync.means import Means
from mirror.sync.turns import Turns
from mirror.upstream.breaker import BreakerState
from mirror.upstream.budget import Budget
from mirror.upstream.fetch import Fetcher
from mirror.upstream.politeness import Politeness, user_agent
from mirror.upstream.restraint import Restrained, RestrainedPages
from mirror.upstream.surroundings import Surroundings
from mirror.upstream.upstreams import Upstreams

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.config import Settings
    from mirror.storage.store import Store
    from mirror.sync.outcome import Progress
    from mirror.upkeep.room import RoomOnDemand
    from mirror.upstream.asked import Asked
    from mirror.upstream.breaker import Breaker
    from mirror.upstream.restraint import Restraint

_SPENDING: Final = "upstream-spending"


@dataclass(frozen=True, slots=True)
class _Open:
    upstreams: Upstreams
    sandbox: Sandbox


class Reach:
    """The way to the upstream of *settings*, for *store*; an async context manager.

    *readers* is a sandbox that somebody else opened and will close; None makes its own.
    *room* makes room on the disk for what comes.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        readers: Sandbox | None = None,
        room: RoomOnDemand | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._readers = readers
        self._turns = Turns()
        #: Held by whoever publishes.
        self.publishing = asyncio.Lock()
        self.budget = Budget(settings.upstream.bytes_per_hour, clock=now)
        self._kept = ""
        self._room = room or room_of(settings, pruner_of(settings, store))
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._open: _Open | None = None

    async def __aenter__(self) -> Self:
        """Go on with the budget of the hour where the last process left it."""
        if self.budget.most is not None:
            self._kept = await self._store.index.find_mark(_SPENDING) or ""
            self.budget.restore(self._kept)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; whoever used it has ended."""
        try:
            with suppress(StorageError):  # what was spent may be lost; why the block ended may not
                await self.keep_budget()
        finally:
            await self._stack.__aexit__(kind, error, trace)

    async def means(
        self, report: Callable[[Progress], None], restraint: Restraint | None = None
    ) -> Means:
        """Return what a sync run works with; raise `ConfigurationError` when it can have none.

        *restraint* may keep the run from asking for the next page or file.
        """
        way = await self._opened()
        asked: Asked = way.upstreams
        stand_ins = way.upstreams.stand_ins
        if restraint is not None:
            asked = Restrained(asked, restraint)
            stand_ins = {
                site: RestrainedPages(pages, restraint) for site, pages in stand_ins.items()
            }
        return Means(
            fetcher=asked,
            stand_ins=stand_ins,
            sandbox=way.sandbox,
            store=self._store,
            clock=now,
            report=report,
            version=VERSION,
            turns=self._turns,
            publishing=self.publishing,
            uptime=read_uptime,
            room=self._room,
        )

    async def take(
        self, listing: Listing, facts: BoardFacts, expecting: Callable[[int], None]
    ) -> int:
        """Hold one file, as `Intake.take` does; `ConfigurationError` when there is no way."""
        way = await self._opened()
        intake = Intake(
            way.upstreams, way.sandbox, self._store, now, turns=self._turns, room=self._room
        )
        with span("file on demand", name=str(listing.name), board=listing.board):
            size = await intake.take(listing, facts, expecting)
        # What has just come is the last to go, though it may have been here years ago.
        held = await self._store.index.find_held(str(listing.name))
        self._room.asked([] if held is None else [held.digest])
        return size

    async def keep_budget(self) -> None:
        """Write down what was spent, if that changed, so that a restart gives no new budget."""
        spent = self.budget.to_text()
        if spent != self._kept:
            await self._store.index.set_mark(_SPENDING, spent)
            self._kept = spent

    def seconds_for(self, size: int) -> float | None:
        """Return how long *size* bytes take from upstream, as far as that was measured."""
        return self._open.upstreams.seconds_for(size) if self._open else None

    @property
    def breakers(self) -> tuple[Breaker, ...]:
        """The breakers of all upstreams, in order; none before anybody was asked."""
        fetchers = self._open.upstreams.fetchers if self._open else ()
        return tuple(fetcher.breaker for fetcher in fetchers)

    @property
    def failed(self) -> int:
        """How often an upstream failed since the beginning."""
        return sum(breaker.failed for breaker in self.breakers)

    @property
    def away(self) -> bool:
        """Whether each upstream has failed so often that it is left alone."""
        states = {breaker.state for breaker in self.breakers}
        return bool(states) and BreakerState.CLOSED not in states

    @property
    def fallback(self) -> str | None:
        """Who stands in for the first upstream at this time; None while nobody does."""
        if self._open is None:
            return None
        upstreams = self._open.upstreams
        given = {upstreams.pages_from, upstreams.files_from} - {None, upstreams.upstream}
        return next((one.upstream for one in upstreams.fetchers if one.upstream in given), None)

    @property
    def turns(self) -> Turns:
        """The turns that everybody takes who takes in a file."""
        return self._turns

    @property
    def sealed(self) -> bool:
        """Whether upstream must not be asked at all."""
        return is_offline(self._settings)

    async def _opened(self) -> _Open:
        refuse_when_offline(self._settings)
        async with self._opening:
            if self._open is None:
                fetchers = [
                    await self._stack.enter_async_context(self._fetcher(site))
                    for site in sites_of(self._settings)
                ]
                self._open = _Open(Upstreams(fetchers), self._readers or await self._own_readers())
        return self._open

    async def _own_readers(self) -> Sandbox:
        sandbox = await self._stack.enter_async_context(Sandbox())
        if await self._store.publications.current() is None:
            # A first run: all pages are new to it, and all files.
            sandbox.warm()
        return sandbox

    def _fetcher(self, site: str) -> Fetcher:
        upstream = self._settings.upstream
        return Fetcher(
            site,
            user_agent=user_agent(VERSION, self._settings.contact or ""),
            node_id=self._store.node.node_id,
            politeness=Politeness(
                connections=upstream.connections,
                requests_per_second=upstream.requests_per_second,
                attempts=upstream.attempts,
            ),
            surroundings=Surroundings.read(os.environ, private=upstream.allow_private),
            budget=self.budget,
        )
