"""Only boards that changed are rendered again, and a new address renders all of them anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.publication.local.layer import ALL_BOARDS, Layer
from mirror.sync.outcome import Ending
from mirror.sync.rendering_anew import render_anew
from tests.sync.node import TestNode, node_at
from tests.sync.test_run import site
from tests.upkeep.damaging import flip, path_of

if TYPE_CHECKING:
    from pathlib import Path


def moved(node: TestNode, public_url: str | None) -> TestNode:
    """Return *node* as it is under another address."""
    return replace(node, store=replace(node.store, public_url=public_url))


async def test_a_changed_board_changes_its_layer_and_no_other(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await node.root()
        replica.release("RPI_PICO", "v1.29.0", date="2026-08-24")
        node.sleep(days=200)
        await node.sync()
        after = await node.root()

    changed = {board for board in after.layers if after.layers[board] != before.layers[board]}
    assert set(after.layers) == {ALL_BOARDS, "RPI_PICO", "RPI_PICO_W", "ESP32_GENERIC"}
    assert changed == {ALL_BOARDS, "RPI_PICO"}


async def test_the_layer_of_a_board_is_its_own(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        layers = (await node.root()).layers
        heads = {
            board: Layer.decode(await node.read(layer)).head.board
            for board, layer in layers.items()
        }

    assert heads == {board: board for board in layers}


async def test_a_new_address_is_published_with_the_content_as_it_was(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await node.root()
        outcome = await moved(node, "http://mirror.lab:8080").sync()
        after = await node.root()
        again = await moved(node, "http://mirror.lab:8080").sync()

    assert (outcome.ending, again.ending) == (Ending.PUBLISHED, Ending.UNCHANGED)
    assert (after.sequence, after.content) == (before.sequence + 1, before.content)
    assert after.rendering != before.rendering


async def test_a_damaged_layer_is_rendered_again_by_the_next_publication(tmp_path: Path) -> None:
    replica, data = site(), tmp_path / "data"
    async with replica.running() as url, node_at(data, url) as node:
        await node.sync()
        layers = (await node.root()).layers
        flip(path_of(data, layers["RPI_PICO"]))
        path_of(data, layers["ESP32_GENERIC"]).unlink()
        replica.release("RPI_PICO_W", "v1.29.0", date="2026-08-24")
        node.sleep(days=200)
        await node.sync()
        after = (await node.root()).layers

        assert {board: after[board] for board in ("RPI_PICO", "ESP32_GENERIC")} == {
            board: layers[board] for board in ("RPI_PICO", "ESP32_GENERIC")
        }
        assert len([await node.read(layer) for layer in after.values()]) == 4


async def test_a_mirror_without_upstream_renders_anew_too(tmp_path: Path) -> None:
    """And nothing when everything would look the same."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        nothing = await render_anew(node.store, url, node.now)
        await node.sync()
        same = await render_anew(node.store, url, node.now)
        before = await node.root()
    async with node_at(tmp_path / "data", url) as node:
        there = moved(node, "http://mirror.lab:8080")
        sequence = await render_anew(there.store, url, node.now)
        after = await node.root()

        assert (nothing, same, sequence) == (None, None, before.sequence + 1)
        assert (after.sequence, after.content) == (before.sequence + 1, before.content)
        assert await render_anew(there.store, url, node.now) is None
