"""A node under test: a store on a real disk, and sync runs against a replica on a real socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mirror.catalog.guard import Guard
from mirror.catalog.plan import Policy
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.publication.feeds import all_files
from mirror.sandbox import Sandbox
from mirror.storage.quarantine import Bounds
from mirror.storage.store import Store, Terms
from mirror.sync.clock import Uptime
from mirror.sync.means import Means, Wishes
from mirror.sync.outcome import Phase, Progress
from mirror.sync.run import sync
from mirror.upstream.fetch import Fetcher
from mirror.upstream.politeness import Politeness
from mirror.upstream.surroundings import Surroundings
from tests.children import kept_sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.publication.documents import FileEntry, PublicationRoot
    from mirror.storage.space import KeepFree
    from mirror.sync.outcome import Outcome

MORNING = datetime(2026, 4, 7, 6, 0, tzinfo=UTC)
SWIFT = Politeness(requests_per_second=0, attempts=2, backoff_seconds=0, read_seconds=2)
WISHES = Wishes(policy=Policy(), guard=Guard())
_MOST = 1 << 26


@dataclass
class TestNode:
    """One node: ``store`` is open, ``now`` is what its clock shows."""

    __test__ = False

    store: Store
    sandbox: Sandbox
    url: str
    now: datetime = MORNING
    wishes: Wishes = WISHES
    politeness: Politeness = SWIFT
    uptime: Uptime | None = None
    surroundings: Surroundings | None = None
    reported: asyncio.Queue[Progress] = field(default_factory=asyncio.Queue)
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def sync(self, **changes: Any) -> Outcome:  # noqa: ANN401 - any field of the wishes
        """Run once, with *changes* to the wishes of this one run."""
        async with means_of(self) as means:
            return await sync(means, replace(self.wishes, **changes))

    async def reaches(self, phase: Phase, done: int) -> None:
        """Wait until a run says that so many are done in *phase*."""
        while True:
            step = await self.reported.get()
            if step.phase is phase and step.done >= done:
                return

    def sleep(self, **time: float) -> None:
        """Let the clock go on."""
        self.now += timedelta(**time)

    async def root(self) -> PublicationRoot:
        """Return the current publication."""
        digest = await self.store.publications.current()
        assert digest is not None
        return decode_publication(await self.read(digest))

    async def files(self) -> dict[str, FileEntry]:
        """Return what the current publication names, by name, and walk to every byte of it."""
        content = decode_content(await self.read((await self.root()).content))
        boards = [decode_board(await self.read(digest)) for digest in content.boards.values()]
        found = {file.name: file for board in boards for file in all_files(board)}
        for file in found.values():
            assert len(await self.read(file.digest)) == file.size
        return found

    async def read(self, digest: Digest) -> bytes:
        """Return the bytes of a blob, hashed now."""
        return await self.store.blobs.read(digest, max_bytes=_MOST)


@asynccontextmanager
async def means_of(node: TestNode) -> AsyncIterator[Means]:
    """Give what a run of *node* works with, with its own way to upstream."""
    fetcher = Fetcher(
        node.url,
        user_agent="mpmirror/test",
        node_id=node.store.node.node_id,
        politeness=node.politeness,
        surroundings=node.surroundings,
    )
    async with fetcher:
        yield Means(
            fetcher=fetcher,
            sandbox=node.sandbox,
            store=node.store,
            clock=lambda: node.now,
            report=node.reported.put_nowait,
            version="test",
            publishing=node.publishing,
            uptime=lambda: node.uptime,
        )


@asynccontextmanager
async def node_at(
    folder: Path, url: str, *, lineage: int = 7, keep_free: KeepFree | None = None
) -> AsyncIterator[TestNode]:
    """Open a node in *folder* that mirrors *url*; its ids come from *lineage*."""
    opened = Store.open(
        folder,
        clock=lambda: MORNING,
        random=lambda count: bytes([lineage]) * count,
        terms=Terms(keep_free, Bounds()),
    )
    async with opened as store, kept_sandbox() as sandbox:
        yield TestNode(store, sandbox, url)
