"""What a mirror does, to be done again and again on copies of one data folder.

Each of `WORKS` prepares a folder on which there is something to do, in the real parts against
the replica on a real socket.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.errors import MirrorError
from mirror.storage.store import Store
from tests.cache.node import HELD, OFFERED, POLICY, two_releases
from tests.proofs.gap import make_bundles, take_in
from tests.proofs.outgrown import outgrow, pruned
from tests.proofs.remains import damaged, holdings, taken_in
from tests.proofs.scenes import NEWER, damaged_node, on_demand, opened
from tests.proofs.walking import digest_at
from tests.storage.disks import LazyDisk
from tests.sync.node import TestNode
from tests.upkeep.damaging import OLDER, PICO, healer_of, site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    from mirror.sandbox import Sandbox

    Making: TypeAlias = Callable[[Path, Sandbox], AbstractAsyncContextManager["Work"]]


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do on a copy of the data folder *base*.

    *do* does it: it raises a `MirrorError`, or returns sentences about what went wrong, none
    when it says that all is done.  *is_done* looks at a folder from outside, whether that is
    so.  *damaged* are the blobs, in hex, that are damaged in *base*.
    """

    base: Path
    do: Callable[[Store], Awaitable[list[str]]]
    is_done: Callable[[Path], bool]
    damaged: frozenset[str] = frozenset()

    def copy(self, data: Path) -> None:
        """Make *data* a copy of the folder, database and all."""
        shutil.copytree(self.base, data)

    async def finish(self, store: Store) -> None:
        """Do it again, with nothing in the way; fail unless that ends well."""
        # The first may go on with what was begun; then nothing may be left to do.
        await self.do(store)
        wrong = await self.do(store)
        assert wrong == []


@asynccontextmanager
async def beginning(base: Path, sandbox: Sandbox) -> AsyncIterator[Work]:
    """The first start in an empty folder, and a run that brings two files."""
    replica = site()
    await asyncio.to_thread(base.mkdir)
    async with replica.running() as url:

        async def do(store: Store) -> list[str]:
            return await sync(TestNode(store, sandbox, url))

        wanted = {name: digest_at(replica, name) for name in replica.names()}
        yield Work(base, do, lambda data: holdings(data) == wanted)


@asynccontextmanager
async def syncing(base: Path, sandbox: Sandbox) -> AsyncIterator[Work]:
    """A run that brings one new file to two that are held."""
    replica = site()
    async with replica.running() as url:

        async def do(store: Store) -> list[str]:
            return await sync(TestNode(store, sandbox, url))

        async with opened(base, LazyDisk()) as store:
            assert await do(store) == []
        replica.release("RPI_PICO", NEWER, date="2026-08-01")
        wanted = {name: digest_at(replica, name) for name in replica.names()}
        yield Work(base, do, lambda data: holdings(data) == wanted)


@asynccontextmanager
async def fetching(base: Path, sandbox: Sandbox) -> AsyncIterator[Work]:
    """A file on demand."""
    replica = two_releases()
    async with replica.running() as url:

        async def do(store: Store) -> list[str]:
            async with on_demand(store, sandbox, url) as cache:
                found = await cache.fetch(OFFERED)
            return [] if await store.blobs.has(found.digest) else ["it is not held"]

        async with opened(base, LazyDisk()) as store:
            await TestNode(store, sandbox, url).sync(policy=POLICY)
        yield Work(base, do, lambda data: taken_in(data) == {HELD, OFFERED})


@asynccontextmanager
async def healing(base: Path, sandbox: Sandbox) -> AsyncIterator[Work]:
    """A flipped file, and a document that is gone."""
    async with site().running() as url:
        bad = await damaged_node(base, sandbox, url)

        async def do(store: Store) -> list[str]:
            healer = healer_of(TestNode(store, sandbox, url))
            for digest in bad:
                await healer.heal(digest)
            return []

        def is_done(data: Path) -> bool:
            blobs = {path.name for path in data.glob("blobs/sha256/*/*")}
            return damaged(data) == [] and {digest.hex for digest in bad} <= blobs

        yield Work(base, do, is_done, frozenset(digest.hex for digest in bad))


@asynccontextmanager
async def pruning(base: Path, sandbox: Sandbox) -> AsyncIterator[Work]:
    """A release that is kept no more, its publication, and what a crash left behind."""
    replica = site()
    async with replica.running() as url:

        async def do(store: Store) -> list[str]:
            report = await pruned(store)
            return [*report.remarks, *(["the pointer moved"] if report.interrupted else [])]

        async with opened(base, LazyDisk()) as store:
            await outgrow(TestNode(store, sandbox, url))
        gone = digest_at(replica, OLDER)

        def is_done(data: Path) -> bool:
            blobs = {path.name for path in data.glob("blobs/sha256/*/*")}
            first = (data / "publications" / "1").exists()
            return holdings(data).keys() == {PICO} and gone not in blobs and not first

        yield Work(base, do, is_done)


@asynccontextmanager
async def importing(base: Path, sandbox: Sandbox) -> AsyncIterator[Work]:
    """A delta to a bundle that was taken in."""
    bundles = await make_bundles(NEWER)

    async def do(store: Store) -> list[str]:
        await take_in(store, sandbox, bundles.delta)
        return []

    async with opened(base, LazyDisk()) as store:
        await take_in(store, sandbox, bundles.whole)
    yield Work(base, do, lambda data: holdings(data) == bundles.files)


async def sync(node: TestNode) -> list[str]:
    """Run once, and return what the run says went wrong: it says so, and raises nothing."""
    try:
        outcome = await node.sync()
    except MirrorError as error:
        raise AssertionError("a run raised an error, and has no outcome") from error
    troubles = [trouble.text for trouble in outcome.troubles]
    return [] if outcome.exit_status == 0 else [outcome.message, *troubles]


WORKS: Final[dict[str, Making]] = {
    "first sync": beginning,
    "sync": syncing,
    "on demand": fetching,
    "heal": healing,
    "prune": pruning,
    "import": importing,
}
