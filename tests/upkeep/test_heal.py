"""What is damaged is held again with the bytes that were first seen, and with no others."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, DigestMismatchError, UpstreamError
from mirror.publication.documents import decode_content
from mirror.storage.entries import Change, Decision, Removal
from mirror.upkeep.heal import Healer
from tests.replica import Misbehaviour, Replica
from tests.sync.node import TestNode, node_at
from tests.upkeep.damaging import PICO, flip, healer_of, path_of, site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.storage.entries import Entry


@dataclass(frozen=True, slots=True)
class Scene:
    """A node that holds everything of its replica; *pico* is the digest of one file."""

    replica: Replica
    node: TestNode
    healer: Healer
    data: Path
    pico: Digest

    @property
    def path(self) -> Path:
        """Where that file lies."""
        return path_of(self.data, self.pico)

    async def entries(self) -> list[Entry]:
        """Return all entries of the ledger."""
        return [recorded.entry async for recorded in self.node.store.ledger.entries()]

    async def held(self) -> int:
        """Return how many artifacts count as held."""
        return (await self.node.store.index.totals()).artifacts


@asynccontextmanager
async def synced(folder: Path) -> AsyncIterator[Scene]:
    replica = site()
    data = folder / "data"
    async with replica.running() as url, node_at(data, url) as node:
        await node.sync()
        replica.requests.clear()
        pico = (await node.files())[PICO].digest
        yield Scene(replica, node, healer_of(node), data, pico)


async def test_flipped_bytes_are_fetched_again_once_and_written_down(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        before = scene.path.read_bytes()
        flip(scene.path)
        await scene.healer.heal(scene.pico)
        healed = [entry for entry in await scene.entries() if isinstance(entry, Decision)]

        assert scene.path.read_bytes() == before
        assert [(scene.replica.count(PICO), len(scene.replica.requests))] == [(1, 1)]
        assert [("heal", str(scene.pico), "damaged on disk, fetched again")] == [
            (entry.what, entry.subject, entry.why) for entry in healed
        ]
        assert await scene.held() == 2


async def test_a_missing_file_is_fetched_again(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        scene.path.unlink()
        await scene.healer.heal(scene.pico)

        assert await scene.held() == 2
        assert await scene.node.files()


async def test_what_is_damaged_counts_as_not_held_at_once(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        flip(scene.path)
        wrong = await scene.healer.examine(scene.pico)

        assert (wrong, await scene.held()) == ("damaged", 1)


async def test_who_only_says_that_something_is_damaged_makes_nobody_ask(tmp_path: Path) -> None:
    """Sound blobs are looked at, and upstream hears nothing of it."""
    async with synced(tmp_path) as scene:
        await scene.healer.heal(scene.pico)

        assert (scene.replica.requests, await scene.held()) == ([], 2)


async def test_other_bytes_upstream_raise_the_alarm_and_heal_nothing(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        flip(scene.path)
        scene.replica.misbehave(PICO, Misbehaviour.ONE_BIT_OFF, None)
        with pytest.raises(DigestMismatchError, match="changed upstream"):
            await scene.healer.heal(scene.pico)
        changes = [entry for entry in await scene.entries() if isinstance(entry, Change)]

        assert [change.first for change in changes] == [scene.pico]
        assert await scene.healer.examine(scene.pico) == "damaged"
        assert (await scene.held(), len(await scene.node.store.quarantine.notes())) == (1, 1)


async def test_an_upstream_that_fails_is_said_and_the_next_attempt_heals(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        flip(scene.path)
        scene.replica.misbehave(PICO, Misbehaviour.BUSY_503, None)
        with pytest.raises(UpstreamError):
            await scene.healer.heal(scene.pico)
        scene.replica.behave()
        await scene.healer.heal(scene.pico)

        assert await scene.held() == 2


async def test_a_document_of_this_node_is_rendered_again_without_asking(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        document = (await scene.node.root()).documents["/v1/boards.json"].digest
        flip(path_of(scene.data, document))
        await scene.healer.heal(document)
        healed = [entry for entry in await scene.entries() if isinstance(entry, Decision)]

        assert Digest.of(path_of(scene.data, document).read_bytes()) == document
        assert scene.replica.requests == []
        assert [entry.why for entry in healed] == ["damaged on disk, rendered again"]


async def test_a_layer_that_is_missing_is_rendered_again_as_it_was(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        layer = (await scene.node.root()).layers["RPI_PICO"]
        path_of(scene.data, layer).unlink()
        await scene.healer.heal(layer)

        assert Digest.of(path_of(scene.data, layer).read_bytes()) == layer


async def test_a_document_that_a_prune_let_go_of_is_no_damage(tmp_path: Path) -> None:
    """Whoever still reads an old publication rings for nothing; one that is current is damage."""
    async with synced(tmp_path) as scene:
        store, current = scene.node.store, (await scene.node.root()).layers["RPI_PICO"]
        old = await store.blobs.put(b"a page of an old publication")
        for digest in (old, current):
            await store.ledger.append([Removal(scene.node.now, digest, (), 9, "not reached")])
            path_of(scene.data, digest).unlink()
        lost = await store.blobs.put(b"another")
        path_of(scene.data, lost).unlink()

        assert await scene.healer.examine(old) is None
        assert await scene.healer.examine(current) == "missing"
        assert await scene.healer.examine(lost) == "missing"


async def test_a_board_document_is_rendered_again_by_a_run(tmp_path: Path) -> None:
    """The run fetches no file, and publishes nothing new."""
    async with synced(tmp_path) as scene:
        root = await scene.node.root()
        [board] = decode_content(await scene.node.read(root.content)).boards.values()
        path_of(scene.data, board).unlink()
        await scene.healer.heal(board)

        assert await scene.node.root() == root
        assert (len(await scene.node.files()), scene.replica.count("*.uf2")) == (2, 0)


async def test_a_root_that_nobody_can_render_is_reported(tmp_path: Path) -> None:
    async with synced(tmp_path) as scene:
        digest = await scene.node.store.publications.current()
        assert digest is not None
        flip(path_of(scene.data, digest))
        with pytest.raises(DamagedError, match="restore it from a backup"):
            await scene.healer.heal(digest)
