"""A whole node in this process that can be dropped and opened again, with clocks of its own.

The store is on a real disk, upstream is the replica on a real socket, clients come over
another; all parts share what the daemon has them share.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.cache.on_demand import OnDemand
from mirror.cache.on_demand import Terms as Patience
from mirror.catalog.guard import Guard
from mirror.catalog.policy import Policy
from mirror.daemon.artifacts import artifact_of
from mirror.judgement.judge import Judge
from mirror.sandbox import Sandbox
from mirror.storage.quarantine import Bounds
from mirror.storage.store import Store, Terms, forget_index
from mirror.sync.clock import Uptime
from mirror.sync.intake import Intake
from mirror.sync.means import Means, Wishes
from mirror.sync.pinning import Pinner
from mirror.sync.turns import Turns
from mirror.upkeep.accesses import Accesses
from mirror.upkeep.doubt import ClockWatch
from mirror.upkeep.keeping import judge_of, pins_of
from mirror.upkeep.prune import Kept
from mirror.upkeep.pruner import Pruner, Service
from mirror.upkeep.pruner import Terms as PruneTerms
from mirror.upstream.fetch import Fetcher, Politeness
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.shelf import Shelf
from tests.replica import Replica
from tests.sync.node import MORNING
from tests.web.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.storage.artifacts import Holding
    from mirror.storage.entries import Sighting
    from mirror.sync.outcome import Progress
    from mirror.web.artifacts import Artifact

GRACE: Final = timedelta(days=3)
#: One try and one more; who says nothing for a second has stalled.
QUICK: Final = Politeness(requests_per_second=0, attempts=2, backoff_seconds=0, read_seconds=1)
#: Three boards may lose a file at a time, and not half of all.
GUARD: Final = Guard(boards=0.5, files=0.5, files_floor=3)


@dataclass(slots=True)
class Opened:
    """What is there while the store is open."""

    store: Store
    cache: OnDemand
    client: Client
    shelf: Shelf
    judge: Judge
    pruner: Pruner
    watch: ClockWatch


@dataclass(slots=True)
class LivingNode:
    """One node from its first day on; ``now`` is the time of day, ``seconds`` only go forward."""

    replica: Replica
    url: str
    folder: Path
    sandbox: Sandbox
    policy: Policy
    now: datetime = MORNING
    seconds: float = 0.0
    starts: int = 0
    turns: Turns = field(default_factory=Turns)
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _open: Opened | None = None

    @property
    def opened(self) -> Opened:
        """The node, which is open."""
        assert self._open is not None
        return self._open

    @property
    def store(self) -> Store:
        """The store, which is open."""
        return self.opened.store

    @property
    def sealed(self) -> bool:
        """Upstream may be asked."""
        return False

    # --- coming and going ----------------------------------------------------------------

    async def open(self) -> None:
        """Start."""
        self.turns, self.publishing = Turns(), asyncio.Lock()
        self.starts += 1
        self._stack = AsyncExitStack()
        self._open = await self._stack.enter_async_context(self._living())

    async def close(self) -> None:
        """End, and remember nothing that is not on the disk."""
        self._open = None
        await self._stack.aclose()

    async def crash(self, *, without_index: bool = False) -> None:
        """Drop the node and start it again; the database may be lost with it."""
        await self.close()
        if without_index:
            await forget_index(self.folder)
        await self.open()

    # --- what time does ------------------------------------------------------------------

    def pass_by(self, time: timedelta) -> None:
        """Let *time* pass, in which the node is in service."""
        self.now += time
        self.seconds += time.total_seconds()

    def set_clock(self, by: timedelta) -> None:
        """Set the time of day, which is no time that passes."""
        self.now += by

    # --- how its parts reach each other -------------------------------------------------------

    async def means(self, report: Callable[[Progress], None]) -> Means:
        """Return what a pin is carried out with."""
        fetcher = await self._stack.enter_async_context(self._fetching())
        return self._means(fetcher, report)

    async def take(
        self, listing: Listing, facts: BoardFacts, expecting: Callable[[int], None]
    ) -> int:
        """Take a file in on demand."""
        async with self._fetching() as fetcher:
            intake = Intake(fetcher, self.sandbox, self.store, self._clock, turns=self.turns)
            return await intake.take(listing, facts, expecting)

    def seconds_for(self, _size: int) -> float | None:
        """Nobody measured it."""
        return None

    def _clock(self) -> datetime:
        return self.now

    def _uptime(self) -> Uptime:
        return Uptime("boot", self.seconds)

    def _wishes(self, *, accept_shrunken: bool = False) -> Wishes:
        return Wishes(policy=self.policy, guard=GUARD, accept_shrunken=accept_shrunken, refetch=3)

    def _pinner(self) -> Pinner:
        return Pinner(
            store=self.store,
            way=self,
            upstream=self.url,
            wishes=self._wishes(),
            clock=self._clock,
            publishing=self.publishing,
        )

    def _means(self, fetcher: Fetcher, report: Callable[[Progress], None] | None = None) -> Means:
        return Means(
            fetcher=fetcher,
            sandbox=self.sandbox,
            store=self.store,
            clock=self._clock,
            report=report or nobody,
            version="test",
            turns=self.turns,
            publishing=self.publishing,
            uptime=self._uptime,
        )

    @asynccontextmanager
    async def _fetching(self) -> AsyncIterator[Fetcher]:
        node = self.store.node.node_id
        agent = "mpmirror/test"
        async with Fetcher(self.url, user_agent=agent, node_id=node, politeness=QUICK) as fetcher:
            yield fetcher

    @asynccontextmanager
    async def _healing(self) -> AsyncIterator[Means]:
        async with self._fetching() as fetcher:
            yield self._means(fetcher)

    @asynccontextmanager
    async def _living(self) -> AsyncIterator[Opened]:
        terms = Terms(None, Bounds())
        made = random.Random(self.starts).randbytes  # noqa: S311 - ids of a test
        opening = Store.open(self.folder, clock=self._clock, random=made, terms=terms)
        patience = Patience(clock=lambda: self.seconds)
        async with opening as store, OnDemand(store, self, patience) as cache:

            async def fetched(name: str) -> Artifact:
                found: Sighting = await cache.fetch(name)
                return artifact_of(found)

            told = Serving(
                node=store.node.node_id, status=_status, clock=self._clock, on_demand=fetched
            )
            app = make_app(store, told)
            sockets = await tcp_sockets("127.0.0.1", 0)
            number = sockets[0].getsockname()[1]
            async with serving(app, sockets):
                judge = Judge(store=store, upstream=self.url, clock=self._clock)
                await judge.settle()
                watch = ClockWatch(self._clock, lambda: self.seconds)
                pruner = self._pruner(store, watch)
                client = Client(number)
                yield Opened(store, cache, client, app[SHELF], judge, pruner, watch)

    def _pruner(self, store: Store, watch: ClockWatch) -> Pruner:
        accesses = Accesses(self._clock)

        async def judged(held: Sequence[Holding]) -> Mapping[str, str]:
            return await judge_of(store, self.policy)(held)

        kept = Kept(keepers=(pins_of(store),), judge=judged, asked=accesses.latest)
        return Pruner(
            store,
            PruneTerms(grace=GRACE, kept=kept),
            clock=self._clock,
            doubt=watch.doubt,
            service=Service(lambda: self.seconds),
        )


def nobody(_progress: Progress) -> None:
    """Tell nobody."""


async def _status() -> bytes:
    return b"{}"
