"""Cut the power at any instant of a prune: what is reached is there, and what went is known.

The prune of a store is recorded operation by operation; then disks that a power cut could
have left are made (`tests.storage.power`), opened, checked, and pruned again.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.storage.store import Store
from mirror.upkeep.check import check
from mirror.upkeep.marking import Retention
from tests.storage.disks import LazyDisk
from tests.storage.power import RecordingDisk, Remove, Wreck
from tests.storage.samples import NO_LIMIT
from tests.upkeep.pruning import (
    AGED,
    ESP,
    NEW,
    NOON,
    OLD,
    RULE,
    AgingDisk,
    Scene,
    gone,
    scene_at,
)
from tests.web.building import Builder, Written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mirror.storage.disk import Disk
    from tests.storage.power import Operation

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it have unforeseeable names
SHORT = Retention(publications=1, age=timedelta(days=30))


class AgedRecordingDisk(RecordingDisk):
    """A disk that writes down what is done, and on which all files are old."""

    def now_ns(self) -> int:
        """Return the time, but ahead."""
        return super().now_ns() + AGED


class AgedDisk(LazyDisk):
    """A disk on which all files are old."""

    def now_ns(self) -> int:
        """Return the time, but ahead."""
        return super().now_ns() + AGED


@asynccontextmanager
async def opened(data: Path, disk: Disk) -> AsyncIterator[Scene]:
    """Open the store in *data*, a month after it was filled."""
    async with Store.open(data, clock=lambda: NOON, disk=disk, terms=NO_LIMIT) as store:
        builder = Builder(Written(store.blobs, store.publications, store.node))
        scene = Scene(store, builder, data, AgingDisk(), retention=SHORT, let_go={OLD: RULE})
        scene.now = NOON + timedelta(days=40)
        scene.watch.look()
        scene.serve(hours=1)
        yield scene


async def recorded(folder: Path) -> tuple[list[Operation], int]:
    """Record a prune that lets go of a file, of documents, and of what a crash had left.

    Return all operations, and how many came before the prune.
    """
    async with scene_at(folder) as scene:
        await scene.superseded(NEW, OLD, ESP)
        rendered = len(await scene.local(1) - await scene.local(2))
        await scene.prune()
        scene.serve(days=3)
        await scene.pruner.remember()
        await scene.store.blobs.put(b"a document that was never published")
    disk = AgedRecordingDisk()
    disk.adopt(folder / "data")
    async with opened(folder / "data", disk) as scene:
        before = len(disk.log)
        report = await scene.pruner.prune(dry_run=False)
        end = len(disk.log)

    # A file, the root, the content, two boards, what was rendered for them, and what is nobody's.
    assert (gone(report), report.forgotten, len(report.gone)) == ({OLD}, (1,), 6 + rendered)
    removed = sum(isinstance(operation, Remove) for operation in disk.log[before:end])
    assert removed == len(report.gone) + 1
    return disk.log[:end], before


@pytest.fixture
def memory() -> Iterator[Path]:
    """Return a folder in memory, where there is one: thousands of folders come and go in it."""
    place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


async def test_a_power_cut_in_a_prune_leaves_a_store_that_is_right(memory: Path) -> None:
    """At every instant of it."""
    operations, before = await recorded(memory)
    for end in range(before, len(operations) + 1):
        await cut(memory, operations[:end], end)


@pytest.mark.long
async def test_hundreds_of_power_cuts_in_a_prune_do(memory: Path) -> None:
    """With seeds of this moment: the failing one is printed."""
    operations, before = await recorded(memory)
    first = random.SystemRandom().randrange(1 << 32)
    for seed in range(first, first + 1000):
        end = before + seed % (len(operations) - before + 1)
        await cut(memory, operations[:end], seed)


async def cut(memory: Path, operations: list[Operation], seed: int) -> None:
    """Leave one disk that *operations* can leave, and prove what is on it."""
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails: the last one is it
    left = memory / "left"
    left.mkdir()
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    Wreck(memory / "data", operations).leave(chance, left)
    async with opened(left / "data", AgedDisk()) as scene:
        await prove(scene)
    shutil.rmtree(left)


async def prove(scene: Scene) -> None:
    """Nothing reached is missing, nothing is damage, and the next prune comes to the same end."""
    before = await check(scene.store, _nobody)
    missing = [one.name async for one in scene.store.index.held() if not scene.has(one.name)]
    await scene.prune()
    after = await check(scene.store, _nobody)

    assert (before.damages, after.damages) == ((), ())
    assert missing == []
    assert (scene.has(NEW), scene.has(ESP), scene.has(OLD)) == (True, True, False)
    assert await scene.store.publications.sequences() == (2,)
    # Two files, the root, the content, a board, and what was rendered.
    blobs = [one async for one in scene.store.blobs.digests()]
    assert len(blobs) == 5 + len(await scene.local(2))


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""
