"""Packages are looked after like firmware: checked, healed, and pruned when nobody has them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.errors import DigestMismatchError
from mirror.storage.entries import Decision
from mirror.sync.package_memory import find_tree
from mirror.sync.photographs import find_photographs
from mirror.upkeep.check import check
from mirror.upkeep.heal import Healer
from mirror.upkeep.marking import Graced, Retention, mark
from tests.replica import Misbehaviour, Replica
from tests.sync.mirrors import content_of
from tests.sync.node import WISHES, TestNode, means_of, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.sync.means import Means


@asynccontextmanager
async def synced(folder: Path) -> AsyncIterator[tuple[Replica, TestNode]]:
    """Have a node that holds the packages of a replica."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(folder / "data", url) as node:
        node.wishes = replace(WISHES, packages=("*",), photographs=True)
        assert (await node.sync()).aside == ()
        yield replica, node


async def package_blobs(node: TestNode) -> set[Digest]:
    """Return everything that came from upstream, but for the index."""
    tree = await find_tree(node.store)
    assert tree is not None
    return {digest for package in tree.packages.values() for digest in package.blobs}


def healer_of(node: TestNode) -> Healer:
    """Return what heals *node*."""

    @asynccontextmanager
    async def means() -> AsyncIterator[Means]:
        async with means_of(node) as found:
            yield found

    return Healer(
        store=node.store, upstream=node.url, means=means, run=node.sync, clock=lambda: node.now
    )


def damage(folder: Path, digest: Digest) -> None:
    """Flip a bit of a blob, as a disk does."""
    path = folder / "data" / "blobs" / "sha256" / digest.hex[:2] / digest.hex
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


async def test_a_check_reaches_every_blob_of_every_package(tmp_path: Path) -> None:
    async with synced(tmp_path) as (_, node):
        sound = await check(node.store, _silent)
        blobs = await package_blobs(node)
        for digest in blobs:
            await node.store.blobs.remove(digest)
        damaged = await check(node.store, _silent)

        assert sound.damages == ()
        assert {one.digest for one in damaged.damages} == blobs


async def test_prune_reaches_what_is_published_and_lets_go_of_the_rest(tmp_path: Path) -> None:
    """Everything is marked while it is published, and nothing of it when it is left out."""
    async with synced(tmp_path) as (_, node):
        blobs = await package_blobs(node)
        marks = await mark(node.store, Graced(), Retention(), node.now)
        node.wishes = replace(node.wishes, packages=())
        await node.sync()
        without = await mark(
            node.store, Graced(), Retention(publications=1), node.now + timedelta(900)
        )

        assert all(marks.reaches(digest) for digest in blobs)
        assert not any(without.reaches(digest) for digest in blobs)


async def test_what_is_in_grace_keeps_its_files(tmp_path: Path) -> None:
    async with synced(tmp_path) as (_, node):
        blobs = await package_blobs(node)
        sequence = (await node.root()).sequence
        node.wishes = replace(node.wishes, packages=())
        await node.sync()
        marks = await mark(node.store, Graced((sequence,)), Retention(), node.now)

        assert blobs <= marks.graced


async def test_each_blob_of_the_tree_is_healed(tmp_path: Path) -> None:
    """Files and documents of upstream, what is rendered here, the index, and a photograph."""
    async with synced(tmp_path) as (_, node):
        tree = await find_tree(node.store)
        assert tree is not None
        _, pictures = await find_photographs(node.store)
        pictured = sorted(pictures.blobs)[:1]
        damaged = [*sorted(await package_blobs(node))[:3], tree.index, tree.top, *pictured]
        for digest in damaged:
            damage(tmp_path, digest)
            await healer_of(node).heal(digest)

        assert (await check(node.store, _silent)).damages == ()
        healed = [one.entry async for one in node.store.ledger.entries()]
        assert sum(isinstance(entry, Decision) for entry in healed) == len(damaged)


async def test_what_can_not_be_read_stays_while_upstream_gives_nothing(tmp_path: Path) -> None:
    """A damaged document takes neither packages nor photographs out of the publication."""
    async with synced(tmp_path) as (replica, node):
        before = await content_of(node)
        assert before.packages is not None
        assert before.photographs is not None
        damage(tmp_path, before.packages)
        damage(tmp_path, before.photographs)
        replica.misbehave("/pi/v2/*", Misbehaviour.MISSING, None)
        replica.misbehave("/resources/micropython-media/*", Misbehaviour.MISSING, None)
        outcome = await node.sync()
        after = await content_of(node)

        assert outcome.exit_status == 0
        assert (after.packages, after.photographs) == (before.packages, before.photographs)


async def test_other_bytes_heal_nothing(tmp_path: Path) -> None:
    async with synced(tmp_path) as (replica, node):
        path = "package/6/greet/1.2.0.json"
        tree = await find_tree(node.store)
        assert tree is not None
        digest = tree.packages["greet"].documents["6"]["1.2.0"]
        damage(tmp_path, digest)
        # The same document stands under another name, too.
        replica.packages.rewrite(path, deps=[])
        replica.packages.rewrite("package/6/greet/latest.json", deps=[])

        with pytest.raises(DigestMismatchError):
            await healer_of(node).heal(digest)


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""
