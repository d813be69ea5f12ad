"""While anything is not known for certain, nothing goes that might be reached."""

from __future__ import annotations

import errno
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.errors import DamagedError, DoubtfulClockError, StorageError
from mirror.publication.documents import decode_content, decode_publication
from mirror.upkeep.check import check
from tests.storage.disks import every_operation
from tests.upkeep.pruning import NEW, OLD, RULE, Scene, gone, scene_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.catalog.values import Digest


def nothing(_done: int, _total: int) -> None:
    """Tell nobody."""


async def test_a_clock_before_the_ledger_deletes_nothing(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await scene.prune()
        scene.serve(days=3)
        scene.now = scene.now - timedelta(days=300)

        with pytest.raises(DoubtfulClockError, match="before the newest line of the ledger"):
            await scene.pruner.prune(dry_run=False)
        assert scene.has(OLD)


async def test_a_clock_that_jumped_deletes_nothing_for_an_hour(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await scene.prune()
        scene.serve(days=3)
        scene.now += timedelta(days=300)
        with pytest.raises(DoubtfulClockError, match="jumped"):
            await scene.pruner.prune(dry_run=False)
        had = scene.has(OLD)
        scene.serve(hours=1)
        report = await scene.prune()

        assert (had, gone(report)) == (True, {OLD})


@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_a_current_document_that_can_not_be_read_deletes_nothing(
    tmp_path: Path, depth: int
) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await scene.prune()
        scene.serve(days=3)
        await scene.store.blobs.remove((await documents(scene, 2))[depth])

        with pytest.raises(DamagedError, match="publication 2 can not be read to its end"):
            await scene.pruner.prune(dry_run=False)
        assert scene.has(OLD)


@pytest.mark.parametrize("depth", [0, 1])
async def test_an_old_document_that_can_not_be_read_spares_all_documents(
    tmp_path: Path, depth: int
) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        await scene.prune()
        left = await scene.store.blobs.put(b"maybe a board of publication 1")
    async with scene_at(tmp_path) as scene:
        scene.let_go = {OLD: RULE}
        scene.serve(days=3)
        await scene.store.blobs.remove((await documents(scene, 1))[depth])
        report = await scene.prune()

        assert (gone(report), scene.store.blobs.holds(left)) == ({OLD}, True)
        assert "publication 1 can not be read" in report.remarks[0]


async def documents(scene: Scene, sequence: int) -> list[Digest]:
    """Return the root, the content and a board document of a publication."""
    root = await scene.store.publications.root(sequence)
    publication = decode_publication(await scene.store.blobs.read(root, max_bytes=1 << 20))
    content = decode_content(await scene.store.blobs.read(publication.content, max_bytes=1 << 20))
    return [root, publication.content, *content.boards.values()]


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EMFILE])
async def test_whatever_operation_fails_nothing_reached_goes_and_the_next_prune_ends_it(
    tmp_path: Path, error: int
) -> None:
    """The n-th disk operation fails, for every n."""
    async with scene_at(tmp_path) as scene:
        await scene.take(NEW)
        await scene.publish(NEW)
        scene.let_go = {OLD: RULE}
        for n in every_operation(scene.disk):
            await scene.take(OLD)
            with scene.disk.broken(n, error):
                await scene.pruner.prune(dry_run=False)
            held = await scene.store.index.find_held(OLD)
            assert held is None or scene.has(OLD)
            assert scene.has(NEW)
            await scene.prune()
            assert not scene.has(OLD)
            assert (await check(scene.store, nothing)).damages == ()
    assert n > 10


async def test_a_folder_that_can_not_be_read_deletes_nothing(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await scene.prune()
        scene.serve(days=3)
        (scene.data / "blobs" / "sha256" / "00").rename(scene.data / "away")

        with pytest.raises(StorageError, match=r"sha256[/:]00"):
            await scene.pruner.prune(dry_run=False)
        assert scene.has(OLD)
