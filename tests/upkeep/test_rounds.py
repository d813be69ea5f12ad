"""A full check finds every kind of damage, and goes on where it stopped."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.publication.local.layer import local_digests
from mirror.upkeep.rounds import FullCheck
from tests.sync.node import node_at
from tests.upkeep.damaging import OLDER, PICO, flip, path_of, site

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.upkeep.check import Damage
    from tests.sync.node import TestNode


class Told:
    """What a check has told of."""

    def __init__(self) -> None:
        self.damages: list[Damage] = []

    async def take(self, damage: Damage) -> None:
        """Be told."""
        self.damages.append(damage)


def check_of(node: TestNode, told: Told, every: timedelta = timedelta(0)) -> FullCheck:
    return FullCheck(node.store, told.take, every=every, clock=lambda: node.now)


async def some(node: TestNode, count: int) -> FullCheck:
    """Check so many blobs, and stop as a daemon does that is told to."""
    check = check_of(node, Told(), timedelta(days=30))
    task = asyncio.create_task(check.run())
    async with asyncio.timeout(10):
        while (now := check.rounds.current) is None or now.blobs < count:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await check.save()
    return check


async def test_a_sound_store_is_sound(tmp_path: Path) -> None:
    told = Told()
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        ended = await check_of(node, told).one()
        rendered = local_digests(await node.root())

    # Two files, one board, what was rendered of it and of all boards, content and root.
    assert (told.damages, ended.found, ended.blobs) == ([], 0, 5 + len(rendered))


async def test_files_that_were_swapped_are_found_also_of_the_same_size(tmp_path: Path) -> None:
    told, data = Told(), tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        digests = [(await node.files())[name].digest for name in (PICO, OLDER)]
        one, other = (path_of(data, digest) for digest in digests)
        sizes = {one.stat().st_size, other.stat().st_size}
        one.rename(data / "kept")
        other.rename(one)
        (data / "kept").rename(other)
        await check_of(node, told).one()

    assert len(sizes) == 1
    assert {damage.digest for damage in told.damages} == set(digests)


async def test_a_flipped_bit_a_cut_file_and_a_missing_one_are_found(tmp_path: Path) -> None:
    told, data = Told(), tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        files = await node.files()
        document = (await node.root()).documents["/v1/boards.json"].digest
        flip(path_of(data, files[PICO].digest))
        path_of(data, files[OLDER].digest).unlink()
        path_of(data, document).chmod(0o644)
        path_of(data, document).write_bytes(b"{")
        ended = await check_of(node, told).one()

    expected = {files[PICO].digest, files[OLDER].digest, document}
    assert {damage.digest for damage in told.damages} == expected
    assert (ended.found, len(ended.findings)) == (3, 3)


async def test_foreign_files_are_named_wherever_they_stand(tmp_path: Path) -> None:
    """Also one that has a digest for its name, and other bytes."""
    told, data = Told(), tmp_path / "data"
    blobs = data / "blobs" / "sha256"
    named = blobs / "00" / ("00" * 32)
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        foreign = [blobs / "00" / "note.txt", blobs / "note.txt", data / "blobs" / "md5"]
        for path in (*foreign, named):
            path.write_bytes(b"foreign")
        (blobs / "01" / ("00" * 32)).write_bytes(b"in a wrong folder")
        await check_of(node, told).one()

    expected = {*map(str, foreign), f"sha256:{'00' * 32}", str(blobs / "01" / ("00" * 32))}
    assert {damage.subject for damage in told.damages} == expected
    assert all(path.exists() for path in (*foreign, named))


async def test_a_round_goes_on_behind_the_last_blob_after_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        before = (await some(node, 1)).rounds
    async with node_at(data, url) as node:
        after = (await some(node, 2)).rounds

    assert before.current is not None
    assert after.current is not None
    assert before.current.after is not None
    assert after.current.after is not None
    assert after.current.begun == before.current.begun
    assert before.current.after.hex < after.current.after.hex
    assert (before.current.blobs, after.current.blobs) == (1, 2)


async def test_a_round_that_ended_is_remembered(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        ended = await check_of(node, Told()).one()
        again = check_of(node, Told(), timedelta(days=30))
        task = asyncio.create_task(again.run())
        await asyncio.sleep(0.2)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    assert (again.rounds.last, again.rounds.current) == (ended, None)
