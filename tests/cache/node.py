"""A node that fetches on demand: a replica, a store, the cache, and clients on real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mirror.cache.on_demand import OnDemand, Terms
from mirror.catalog.plan import Policy
from mirror.catalog.second_look import SecondLook
from mirror.daemon.artifacts import artifact_of
from mirror.sync.intake import Intake
from mirror.sync.second_look import NO_RULE, SecondLooks
from mirror.sync.turns import Turns
from mirror.upstream.fetch import Fetcher
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.connections import Limits
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.shelf import Shelf
from tests.replica import Replica
from tests.sync.node import SWIFT, TestNode, node_at
from tests.web.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from pathlib import Path

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.storage.entries import Sighting
    from mirror.web.artifacts import Artifact

HELD = "RPI_PICO-20260406-v1.28.0.uf2"
OFFERED = "RPI_PICO-20251209-v1.27.0.uf2"
#: No preview is wanted, and of every board the newest release only.
POLICY = Policy(boards=("RPI_PICO",), releases=1, previews=0)


@dataclass(slots=True)
class TestWay:
    """The way from upstream; ``seconds`` is how long a byte is said to take, None: measured."""

    __test__ = False

    node: TestNode
    fetcher: Fetcher
    sealed: bool = False
    seconds: float | None = None
    rule: SecondLook = NO_RULE

    async def take(
        self, listing: Listing, facts: BoardFacts, expecting: Callable[[int], None]
    ) -> int:
        """Take the file in, as a sync run does."""
        store, turns = self.node.store, Turns()
        looks = SecondLooks(store, self.fetcher, turns, self._now, self.rule)
        intake = Intake(self.fetcher, self.node.sandbox, store, self._now, turns=turns, looks=looks)
        return await intake.take(listing, facts, expecting)

    def seconds_for(self, size: int) -> float | None:
        """Return how long *size* bytes take."""
        return self.fetcher.speed.seconds_for(size) if self.seconds is None else self.seconds * size

    def _now(self) -> datetime:
        return self.node.now


@dataclass(slots=True)
class Caching:
    """All of it; ``clock`` holds what the cache's clock shows, in seconds."""

    replica: Replica
    node: TestNode
    way: TestWay
    cache: OnDemand
    client: Client
    shelf: Shelf
    clock: list[float]

    async def fetch(self, name: str) -> Sighting:
        """Ask the cache itself."""
        return await self.cache.fetch(name)

    async def sync(self) -> None:
        """Run, and serve what it published."""
        outcome = await self.node.sync()
        assert outcome.exit_status == 0, outcome
        await self.shelf.refresh()


def two_releases(size: int = 0) -> Replica:
    """Return a site of two boards with two releases each, with images of *size* bytes."""
    replica = Replica.of("RPI_PICO", "ESP32_GENERIC", size=size)
    for board in ("RPI_PICO", "ESP32_GENERIC"):
        replica.release(board, "v1.27.0", date="2025-12-09")
        replica.release(board, "v1.28.0", date="2026-04-06")
    return replica


def site_of_twenty(size: int = 0) -> Replica:
    """Return a site with twenty old releases beside the newest, with images of *size* bytes."""
    replica = Replica.of("RPI_PICO", size=size)
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    for minor in range(1, 21):
        replica.release("RPI_PICO", f"v1.{minor}.0", date=f"2020-01-{minor:02}")
    return replica


@asynccontextmanager
async def caching(
    folder: Path, replica: Replica, *, policy: Policy = POLICY, patience: float = 4.0
) -> AsyncIterator[Caching]:
    """Run all of it, after a first sync, until the block ends."""
    clock = [0.0]
    async with replica.running() as url, node_at(folder / "data", url) as node:
        fetcher = Fetcher(
            url,
            user_agent="mpmirror/test",
            node_id=node.store.node.node_id,
            politeness=SWIFT,
        )
        assert (await node.sync(policy=policy)).exit_status == 0
        replica.requests.clear()
        node.wishes = replace(node.wishes, policy=policy)
        way = TestWay(node, fetcher)
        terms = Terms(patience=patience, clock=lambda: clock[0])
        async with fetcher, OnDemand(node.store, way, terms) as cache:

            async def fetched(name: str) -> Artifact:
                return artifact_of(await cache.fetch(name))

            told = Serving(node=node.store.node.node_id, status=_status, on_demand=fetched)
            app = make_app(node.store, told)
            sockets = await tcp_sockets("127.0.0.1", 0)
            number = sockets[0].getsockname()[1]
            async with serving(app, sockets, Limits(connections=1100)):
                yield Caching(replica, node, way, cache, Client(number), app[SHELF], clock)


async def _status() -> bytes:
    return b"{}"
