"""Who obeys orders about pins, over a node under test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.sync.means import Means
from mirror.sync.orders import PinOrder
from mirror.sync.outcome import Progress
from mirror.sync.pinning import Pinner
from mirror.upstream.fetch import Fetcher
from tests.sync.node import SWIFT, TestNode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mirror.sync.orders import PinResult


@dataclass(slots=True)
class TestWay:
    """The way from upstream of *node*."""

    __test__ = False

    node: TestNode
    fetcher: Fetcher
    sealed: bool = False

    async def means(self, report: Callable[[Progress], None]) -> Means:
        """Return what a sync run works with."""
        return Means(
            fetcher=self.fetcher,
            sandbox=self.node.sandbox,
            store=self.node.store,
            clock=lambda: self.node.now,
            report=report,
            version="test",
        )


@dataclass(slots=True)
class Pinning:
    """A node whose pins can be ordered; ``told`` is the progress so far."""

    pinner: Pinner
    way: TestWay
    told: list[Progress]

    async def pin(self, what: str, version: str | None = None, *, later: bool = False) -> PinResult:
        """Pin as an operator would."""
        order = PinOrder(what=what, version=version, later=later, why="exam", by="ada")
        return await self.pinner.obey(order, self.told.append)


@asynccontextmanager
async def pinning(node: TestNode) -> AsyncIterator[Pinning]:
    """Have orders about the pins of *node* obeyed."""
    fetcher = Fetcher(
        node.url,
        user_agent="mpmirror/test",
        node_id=node.store.node.node_id,
        politeness=SWIFT,
    )
    async with fetcher:
        way = TestWay(node, fetcher)
        pinner = Pinner(
            store=node.store,
            way=way,
            upstream=node.url,
            wishes=node.wishes,
            clock=lambda: node.now,
            publishing=node.publishing,
        )
        yield Pinning(pinner, way, [])
