"""A store on a real disk with made-up artifacts, whose clocks and publications a test moves."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.catalog.model import Listing
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.publication.documents import PublicationRoot, decode_publication
from mirror.publication.local.layer import local_digests
from mirror.publication.tree import HeldArtifact, render_board
from mirror.storage.entries import Removal, Sighting
from mirror.storage.store import Store
from mirror.upkeep.doubt import ClockWatch
from mirror.upkeep.marking import Retention
from mirror.upkeep.prune import Kept
from mirror.upkeep.pruner import Pruner, Service, Terms
from tests.publication.examples import SOURCE, VERDICT, facts
from tests.storage.disks import FailingDisk
from tests.storage.samples import NO_LIMIT
from tests.web.building import Builder, Written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from mirror.publication.documents import BoardDocument
    from mirror.storage.artifacts import Holding
    from mirror.upkeep.pruner import Report

NOON = datetime(2026, 8, 24, 12, tzinfo=UTC)
GRACE = timedelta(days=3)
NEW = "RPI_PICO_W-20260406-v1.28.0.uf2"
OLD = "RPI_PICO_W-20251209-v1.27.0.uf2"
OLDEST = "RPI_PICO_W-20250911-v1.26.1.uf2"
ESP = "ESP32_GENERIC-20260406-v1.28.0.bin"
RULE = "policy.keep_releases = 1"


#: In ns.
AGED = 2 * 86_400 * 1_000_000_000


class AgingDisk(FailingDisk):
    """A disk on which every file is two days older than it is, and that fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_ns = AGED


def image(name: str) -> bytes:
    """Return bytes that no other name has."""
    return name.encode() * 20


def digest_of(name: str) -> Digest:
    """Return the digest of what *name* has."""
    return Digest.of(image(name))


@dataclass
class Scene:
    """A store; ``now`` and ``served`` (seconds) are what its clocks show, ``let_go`` the rules."""

    store: Store
    builder: Builder
    data: Path
    disk: AgingDisk
    now: datetime = NOON
    served: float = 0.0
    let_go: dict[str, str] = field(default_factory=dict)
    pinned: set[Digest] = field(default_factory=set)
    retention: Retention = field(default_factory=Retention)

    def __post_init__(self) -> None:
        """Begin the service."""
        self.watch = ClockWatch(lambda: self.now, lambda: self.served)
        self.service = Service(lambda: self.served)

    @property
    def pruner(self) -> Pruner:
        """A pruner of this store."""
        return Pruner(
            self.store,
            Terms(grace=GRACE, retention=self.retention, kept=Kept((self._pins,), self._judge)),
            clock=lambda: self.now,
            doubt=self.watch.doubt,
            service=self.service,
        )

    async def take(self, *names: str) -> None:
        """Hold what *names* have, as an intake does."""
        for name in names:
            data = image(name)
            digest = await self.store.blobs.put(data)
            sighting = Sighting(
                time=self.now,
                name=name,
                url=SOURCE + name,
                board=name.partition("-")[0],
                digest=digest,
                size=len(data),
                md5="0" * 32,
                verdict=VERDICT,
            )
            await self.store.ledger.append([sighting])

    async def publish(self, *names: str, offered: Sequence[str] = ()) -> None:
        """Publish exactly *names*, and *offered* as on demand."""
        self.builder.now = self.now
        await self.builder.publish_documents(boards_of(names, offered))

    async def superseded(self, *names: str) -> None:
        """Hold and publish *names*, and then publish only the first of them."""
        await self.take(*names)
        await self.publish(*names)
        await self.publish(names[0])

    async def root(self, sequence: int) -> PublicationRoot:
        """Return the root of a publication."""
        digest = await self.store.publications.root(sequence)
        return decode_publication(await self.store.blobs.read(digest, max_bytes=1 << 26))

    async def local(self, sequence: int) -> set[Digest]:
        """Return what was rendered for a publication."""
        return local_digests(await self.root(sequence))

    def serve(self, **time: float) -> None:
        """Let so much time pass in service."""
        passed = timedelta(**time)
        self.now += passed
        self.served += passed.total_seconds()

    async def prune(self) -> Report:
        """Prune, after a dry run that said the same."""
        foretold = await self.pruner.prune(dry_run=True)
        report = await self.pruner.prune(dry_run=False)
        assert replace(report, dry_run=True) == foretold
        return report

    def has(self, name: str) -> bool:
        """Whether the blob of *name* is on the disk."""
        return self.store.blobs.holds(digest_of(name))

    async def removals(self) -> list[Removal]:
        """Return what the ledger says was let go."""
        entries = [recorded.entry async for recorded in self.store.ledger.entries()]
        return [entry for entry in entries if isinstance(entry, Removal)]

    async def _judge(self, held: Sequence[Holding]) -> Mapping[str, str]:
        return {one.name: self.let_go[one.name] for one in held if one.name in self.let_go}

    async def _pins(self) -> set[Digest]:
        return self.pinned


def gone(report: Report) -> set[str]:
    """Return the names of the artifacts that went."""
    return {name for one in report.gone for name in one.names}


def later(report: Report) -> set[str]:
    """Return the names of the artifacts that go later."""
    return {name for one in report.later for name in one.names}


def boards_of(names: Iterable[str], offered: Iterable[str] = ()) -> list[BoardDocument]:
    """Return the documents of the boards of *names*, which also offer *offered*."""
    listed = [Listing(ArtifactName.parse(one), SOURCE + one, _board(one), 0) for one in offered]
    documents = []
    boards = sorted({_board(name) for name in (*names, *offered)})
    grouped = {board: list(some) for board, some in groupby(sorted(names, key=_board), key=_board)}
    for board in boards:
        held = [_held(name) for name in grouped.get(board, [])]
        offers = [listing for listing in listed if listing.board == board]
        documents.append(render_board(facts(board), held, {}, offers))
    return documents


def _board(name: str) -> str:
    return name.partition("-")[0]


def _held(name: str) -> HeldArtifact:
    data = image(name)
    return HeldArtifact(
        ArtifactName.parse(name), SOURCE + name, Digest.of(data), len(data), None, VERDICT
    )


@asynccontextmanager
async def scene_at(folder: Path) -> AsyncIterator[Scene]:
    """Open a store in *folder*, and see what is in it."""
    disk = AgingDisk()
    opening = partial(Store.open, disk=disk, terms=NO_LIMIT)
    async with opening(folder / "data", clock=lambda: NOON) as store:
        written = Written(store.blobs, store.publications, store.node)
        sequences = await store.publications.sequences()
        builder = Builder(written, sequence=max(sequences, default=0))
        yield Scene(store, builder, folder / "data", disk)
