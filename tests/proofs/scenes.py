"""What a mirror does to its disk, written down operation by operation, by the real parts.

Each of `SCENES` lets a whole node work (store, sync, on demand, healing, pruning, the limited
child) against the replica on a real socket, with only its `Disk` a double.  Whatever else
writes takes its place there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.cache.on_demand import OnDemand
from mirror.errors import DigestMismatchError, FetchFailedError, RolledBackError
from mirror.storage.entries import Sighting
from mirror.storage.quarantine import Bounds
from mirror.storage.store import Store, Terms, forget_index
from mirror.upstream.fetch import Fetcher
from tests.cache.node import OFFERED, POLICY, TestWay, two_releases
from tests.proofs.gap import make_bundles, take_in
from tests.proofs.outgrown import FEWER, outgrow, pruned
from tests.proofs.remains import damaged
from tests.replica import Misbehaviour
from tests.storage.disks import LazyDisk
from tests.storage.power import Done, MakeFolder, Operation, RecordingDisk, Rename
from tests.sync.node import MORNING, SWIFT, TestNode
from tests.upkeep.damaging import OLDER, PICO, flip, healer_of, path_of, site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    from mirror.catalog.values import Digest
    from mirror.sandbox import Sandbox
    from mirror.storage.disk import Disk
    from mirror.storage.entries import Recorded

    Scene: TypeAlias = Callable[
        [Path, Sandbox, RecordingDisk], AbstractAsyncContextManager["Recording"]
    ]

NEWER: Final = "v1.29.0"
ESP32: Final = "ESP32_GENERIC-20260406-v1.28.0.bin"
# Of the first folders only every so many are worth a power cut: they are all alike.
_ALIKE: Final = 16
_TWO_DAYS_NS: Final = 2 * 86_400 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The database as it was after so many operations; a power cut can bring any back."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """What was done to the folder *root*; the power is never cut before operation *begins*.

    *damaged* are the blobs, in hex, that were damaged before it began.  *roots* are those of
    all publications, in order, *first* of which were there before.  *finish* does once more,
    on a node opened on what was left, what was done, and fails unless that ends well.
    """

    root: Path
    log: list[Operation]
    begins: int
    snapshots: list[Snapshot]
    roots: list[str]
    first: int
    damaged: frozenset[str]
    finish: Callable[[Store], Awaitable[None]]

    def instants(self) -> list[int]:
        """Return after how many operations the power may be cut."""
        every = range(self.begins, len(self.log) + 1)
        return [end for end in every if end % _ALIKE == 0 or not self._in_folders(end)]

    def promised(self, end: int) -> frozenset[str]:
        """Return what had been reported done before operation *end*."""
        return frozenset(one.what for one in self.log[:end] if isinstance(one, Done))

    def seen(self, end: int) -> list[str]:
        """Return the roots that a client can have seen by then: the pointer was moved."""
        moves = [op for op in self.log[:end] if isinstance(op, Rename) and op.new.name == "current"]
        return self.roots[: self.first + len(moves)]

    def databases(self, end: int) -> list[bytes]:
        """Return the databases that a power cut can leave."""
        return [one.data for one in self.snapshots if one.at <= end]

    def _in_folders(self, end: int) -> bool:
        return isinstance(self.log[min(end, len(self.log) - 1)], MakeFolder)


class _Recorder:
    """Writes down what one store promises while it works."""

    def __init__(self, root: Path, disk: RecordingDisk) -> None:
        self.root = root
        self.disk = disk
        self.snapshots: list[Snapshot] = []

    def done(self, what: str) -> None:
        self.disk.done(what)
        with sqlite3.connect(self.root / "mpmirror.db") as connection:
            data = connection.serialize()
        connection.close()
        self.snapshots.append(Snapshot(len(self.disk.log), data))

    def adopt(self) -> int:
        """Take what is there as written and promised; return how many operations that is."""
        self.disk.adopt(self.root)
        bad = damaged(self.root)
        for path in sorted(self.root.glob("blobs/sha256/*/*")):
            if path.name not in bad:
                self.disk.done(f"blob {path.name}")
        return len(self.disk.log)

    async def published(self, store: Store) -> None:
        for sequence in await store.publications.sequences():
            self.done(f"publication {sequence} {await store.publications.root(sequence)}")

    def listen(self, store: Store) -> None:
        """Write down each append, and that what it names is held."""
        follower = store.ledger.follower
        assert follower is not None
        follow = follower

        async def told(records: list[Recorded]) -> None:
            for record in records:
                if isinstance(record.entry, Sighting):
                    self.disk.done(f"blob {record.entry.digest.hex}")
            self.done(f"ledger {records[-1].position.number}")
            await follow(records)

        store.ledger.followed_by(told)


@asynccontextmanager
async def opened(folder: Path, disk: Disk) -> AsyncIterator[Store]:
    """Open the store in *folder* over *disk*."""
    terms = Terms(None, Bounds())
    random = b"\7".__mul__
    async with Store.open(
        folder, clock=lambda: MORNING, random=random, disk=disk, terms=terms
    ) as store:
        yield store


@asynccontextmanager
async def syncing(root: Path, sandbox: Sandbox, disk: RecordingDisk) -> AsyncIterator[Recording]:
    """Three runs from an empty folder on: one with a bad file, one that mends it, one in vain."""
    replica = site()
    recorder = _Recorder(root, disk)
    async with replica.running() as url:
        async with opened(root, disk) as store:
            recorder.listen(store)
            node = TestNode(store, sandbox, url)
            replica.misbehave(OLDER, Misbehaviour.ZEROS, 1)
            for _ in range(3):
                await node.sync()
                await recorder.published(store)
            replica.release("RPI_PICO", NEWER, date="2026-08-01")
            await node.sync()
            await recorder.published(store)
            roots = await _roots(store)

        async def finish(store: Store) -> None:
            node = TestNode(store, sandbox, url)
            # The first may go on with pages that were read before the newest release.
            await node.sync()
            outcome = await node.sync()
            assert (outcome.exit_status, outcome.held) == (0, 3), outcome
            assert set(await node.files()) == set(replica.names())

        yield Recording(root, disk.log, 0, recorder.snapshots, roots, 0, frozenset(), finish)


@asynccontextmanager
async def fetching(root: Path, sandbox: Sandbox, disk: RecordingDisk) -> AsyncIterator[Recording]:
    """Files on demand beside what the policy holds: two good ones and a bad one."""
    replica = two_releases()
    recorder = _Recorder(root, disk)
    async with replica.running() as url:
        async with opened(root, LazyDisk()) as store:
            await TestNode(store, sandbox, url).sync(policy=POLICY)
        await forget_index(root)
        begins = recorder.adopt()
        names = (OFFERED, ESP32)
        async with opened(root, disk) as store, on_demand(store, sandbox, url) as cache:
            recorder.listen(store)
            await recorder.published(store)
            replica.misbehave(ESP32, Misbehaviour.ZEROS, 1)
            with suppress(FetchFailedError):
                await cache.fetch(ESP32)
            await cache.fetch(OFFERED)
        async with opened(root, disk) as store, on_demand(store, sandbox, url) as cache:
            recorder.listen(store)
            await cache.fetch(ESP32)
            roots = await _roots(store)

        async def finish(store: Store) -> None:
            async with on_demand(store, sandbox, url) as cache:
                for name in names:
                    assert await store.blobs.has((await cache.fetch(name)).digest)
            outcome = await TestNode(store, sandbox, url).sync(policy=POLICY)
            assert outcome.exit_status == 0, outcome

        yield Recording(
            root, disk.log, begins, recorder.snapshots, roots, len(roots), frozenset(), finish
        )


@asynccontextmanager
async def healing(root: Path, sandbox: Sandbox, disk: RecordingDisk) -> AsyncIterator[Recording]:
    """A flipped file, of which upstream first has other bytes, and a document that is gone."""
    replica = site()
    recorder = _Recorder(root, disk)
    async with replica.running() as url:
        bad = await damaged_node(root, sandbox, url)
        begins = recorder.adopt()
        async with opened(root, disk) as store:
            recorder.listen(store)
            await recorder.published(store)
            healer = healer_of(TestNode(store, sandbox, url))
            replica.misbehave(PICO, Misbehaviour.ONE_BIT_OFF, 1)
            with suppress(DigestMismatchError):
                await healer.heal(bad[0])
            for digest in bad:
                await healer.heal(digest)
                recorder.done(f"blob {digest.hex}")
            roots = await _roots(store)

        async def finish(store: Store) -> None:
            node = TestNode(store, sandbox, url)
            for digest in bad:
                await healer_of(node).heal(digest)
                await store.blobs.check(digest)
            outcome = await node.sync()
            assert (outcome.exit_status, outcome.held) == (0, 2), outcome

        hexes = frozenset(digest.hex for digest in bad)
        yield Recording(
            root, disk.log, begins, recorder.snapshots, roots, len(roots), hexes, finish
        )


@asynccontextmanager
async def pruning(root: Path, sandbox: Sandbox, disk: RecordingDisk) -> AsyncIterator[Recording]:
    """A release that the policy keeps no more, its publication, and what a crash left behind."""
    async with site().running() as url:
        async with opened(root, LazyDisk()) as store:
            await outgrow(TestNode(store, sandbox, url))
        await forget_index(root)
        recorder = _Recorder(root, disk)
        begins = recorder.adopt()
        disk.ahead_ns = _TWO_DAYS_NS
        async with opened(root, disk) as store:
            recorder.listen(store)
            before = await _roots(store)
            await recorder.published(store)
            report = await pruned(store)
            names = {name for one in report.gone for name in one.names}
            assert (len(report.forgotten), names) == (1, {OLDER}), report
            recorder.done("prune")

        async def finish(store: Store) -> None:
            # The database may be lost, and then every grace has begun anew.
            await pruned(store)
            node = TestNode(store, sandbox, url)
            assert set(await node.files()) == {PICO}
            assert await store.index.find_held(OLDER) is None
            outcome = await node.sync(policy=FEWER)
            assert (outcome.exit_status, outcome.held) == (0, 1), outcome

        yield Recording(
            root, disk.log, begins, recorder.snapshots, before, len(before), frozenset(), finish
        )


@asynccontextmanager
async def importing(root: Path, sandbox: Sandbox, disk: RecordingDisk) -> AsyncIterator[Recording]:
    """A bundle with everything into an empty folder, and the delta that goes on from it."""
    bundles = await make_bundles(NEWER)
    recorder = _Recorder(root, disk)
    async with opened(root, disk) as store:
        recorder.listen(store)
        for bundle in (bundles.whole, bundles.delta):
            await take_in(store, sandbox, bundle, disk)
            await recorder.published(store)
        roots = await _roots(store)

    async def finish(store: Store) -> None:
        # The whole one is older, and refused, where the delta came already.
        for bundle in (bundles.whole, bundles.delta):
            with suppress(RolledBackError):
                await take_in(store, sandbox, bundle)
        files = await TestNode(store, sandbox, "").files()
        assert {name: file.hashes.sha256 for name, file in files.items()} == bundles.files

    yield Recording(root, disk.log, 0, recorder.snapshots, roots, 0, frozenset(), finish)


SCENES: Final[dict[str, Scene]] = {
    "sync": syncing,
    "on demand": fetching,
    "heal": healing,
    "prune": pruning,
    "import": importing,
}


@asynccontextmanager
async def on_demand(store: Store, sandbox: Sandbox, url: str) -> AsyncIterator[OnDemand]:
    """Fetch on demand into *store*."""
    node_id = store.node.node_id
    fetcher = Fetcher(url, user_agent="mpmirror/test", node_id=node_id, politeness=SWIFT)
    way = TestWay(TestNode(store, sandbox, url), fetcher)
    async with fetcher, OnDemand(store, way) as cache:
        yield cache


async def damaged_node(root: Path, sandbox: Sandbox, url: str) -> list[Digest]:
    """Make a mirror of *url* and damage it; return the blobs that are not sound any more."""
    async with opened(root, LazyDisk()) as store:
        node = TestNode(store, sandbox, url)
        await node.sync()
        pico = (await node.files())[PICO].digest
        document = (await node.root()).documents["/v1/boards.json"].digest
    await forget_index(root)
    flip(path_of(root, pico))
    path_of(root, document).unlink()
    return [pico, document]


async def _roots(store: Store) -> list[str]:
    sequences = await store.publications.sequences()
    return [str(await store.publications.root(sequence)) for sequence in sequences]
