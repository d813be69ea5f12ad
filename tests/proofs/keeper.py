"""A mirror that lives through upstream's days, as a daemon does: crawl, prune, serve, decide."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from mirror.cache.on_demand import OnDemand, Terms
from mirror.catalog.guard import Guard
from mirror.catalog.policy import Newest, Override, Policy
from mirror.catalog.values import Digest
from mirror.errors import DoubtfulClockError
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request
from mirror.storage.judgements import What
from mirror.storage.quarantine import Bounds
from mirror.storage.store import Store
from mirror.storage.store import Terms as StoreTerms
from mirror.sync.clock import Uptime
from mirror.sync.means import Means, Wishes
from mirror.sync.run import sync
from mirror.upkeep.doubt import ClockWatch
from mirror.upkeep.keeping import judge_of, pins_of
from mirror.upkeep.marking import Retention
from mirror.upkeep.prune import Kept
from mirror.upkeep.pruner import Pruner, Service
from mirror.upkeep.pruner import Terms as PruneTerms
from mirror.upstream.fetch import Fetcher
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.shelf import Shelf
from tests.cache.node import TestWay
from tests.sync.node import SWIFT, TestNode, means_of
from tests.sync.pinning import pinning
from tests.web.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.sandbox import Sandbox
    from mirror.storage.entries import Sighting
    from mirror.sync.orders import PinResult
    from mirror.sync.outcome import Outcome
    from mirror.upkeep.pruner import Report

BEGIN: Final = datetime(2026, 8, 10, 6, tzinfo=UTC)
GRACE: Final = timedelta(days=3)
WITHDRAWN_AFTER: Final = timedelta(days=1)
#: Releases of every board; previews of those that the lab works with.
POLICY: Final = Policy(
    previews=0, overrides=(Override(pattern="RPI_PICO*", previews=Newest(1)),), releases=3
)
#: What the lab comes to want: fewer releases and kept previews, and another family's previews.
LATER: Final = replace(
    POLICY,
    releases=2,
    keep_previews=Newest(4),
    overrides=(*POLICY.overrides, Override(pattern="ESP8266*", previews=Newest(1))),
)
_RETENTION: Final = Retention(publications=20, age=timedelta(days=30))


@dataclass
class Keeper:
    """A mirror with its one way to upstream; ``seconds`` of service are moved by no clock."""

    node: TestNode
    means: Means
    client: Client
    shelf: Shelf
    seconds: float = 0.0
    policy: Policy = POLICY
    recalled: set[Digest] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin the service."""
        self._watch = ClockWatch(lambda: self.node.now, lambda: self.seconds)
        self._service = Service(lambda: self.seconds)

    def sleep(self, **time: float) -> None:
        """Let time pass, in service, for every clock."""
        passed = timedelta(**time)
        self.node.now += passed
        self.seconds += passed.total_seconds()

    async def sync(self) -> Outcome:
        """Crawl as the daemon does, and serve what came of it."""
        self.node.uptime = Uptime("boot", self.seconds)
        wishes = Wishes(
            policy=self.policy, guard=Guard(), refetch=1, withdrawn_after=WITHDRAWN_AFTER
        )
        outcome = await sync(self.means, wishes)
        while not self.node.reported.empty():
            self.node.reported.get_nowait()
        return outcome

    async def prune(self) -> Report | None:
        """Let go of what nobody needs; None while the clock is not believed."""
        store = self.node.store
        kept = Kept((pins_of(store),), judge_of(store, self.policy))
        pruner = Pruner(
            store,
            PruneTerms(grace=GRACE, retention=_RETENTION, kept=kept),
            clock=lambda: self.node.now,
            doubt=self._watch.doubt,
            service=self._service,
        )
        try:
            return await pruner.prune(dry_run=False)
        except DoubtfulClockError:
            return None

    async def pin(self, board: str, version: str) -> PinResult:
        """Pin as an operator does."""
        async with pinning(self.node) as pins:
            return await pins.pin(board, version)

    async def recall(self, name: str) -> Digest:
        """Forbid the bytes of *name*."""
        sighting = await self.node.store.index.find_sighting(name)
        assert sighting is not None
        store = self.node.store
        judge = Judge(store=store, upstream=self.node.url, clock=lambda: self.node.now)
        await judge.apply(Request(What.RECALL, str(sighting.digest), "it bricks boards", "ada"))
        self.recalled.add(sighting.digest)
        return sighting.digest

    async def fetch(self, name: str) -> Sighting:
        """Fetch *name* on demand."""
        fetcher = Fetcher(
            self.node.url,
            user_agent="mpmirror/test",
            node_id=self.node.store.node.node_id,
            politeness=SWIFT,
        )
        async with fetcher, OnDemand(self.node.store, TestWay(self.node, fetcher), Terms()) as all_:
            return await all_.fetch(name)


@asynccontextmanager
async def keeper(data: Path, url: str, sandbox: Sandbox) -> AsyncIterator[Keeper]:
    """Run a mirror of *url* in *data*, and serve it."""
    now = [BEGIN]
    opened = Store.open(
        data,
        clock=lambda: now[0],
        random=lambda count: bytes([7]) * count,
        terms=StoreTerms(None, Bounds()),
    )
    async with opened as store:
        node = TestNode(store, sandbox, url, now=BEGIN)
        terms = Serving(node=store.node.node_id, status=_status, clock=lambda: node.now, poll=3600)
        app = make_app(store, terms)
        sockets = await tcp_sockets("127.0.0.1", 0)
        number = sockets[0].getsockname()[1]
        async with serving(app, sockets), means_of(node) as means:
            yield Keeper(node, means, Client(number), app[SHELF])


async def _status() -> bytes:
    return b"{}"
