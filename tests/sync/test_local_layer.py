"""Only boards that changed are rendered again, and a new address renders all of them anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.policy import Policy
from mirror.publication.documents import decode_board, decode_content
from mirror.publication.local.dialect import Site
from mirror.publication.local.layer import ALL_BOARDS, Layer
from mirror.publication.local.rendering import render_layer
from mirror.sync.outcome import Ending
from mirror.sync.rendering_anew import render_anew
from tests.sync.node import WISHES, TestNode, node_at
from tests.sync.test_run import site
from tests.upkeep.damaging import flip, path_of

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.parametrize("harm", [None, flip, Path.unlink], ids=["sound", "damaged", "lost"])
async def test_other_files_on_demand_render_no_board_otherwise(
    tmp_path: Path, harm: Callable[[Path], None] | None
) -> None:
    """What was rendered of a board before is taken over as if it were rendered anew, or is."""
    replica, data = site(), tmp_path / "data"
    wishes = replace(WISHES, policy=Policy(releases=1, previews=0))
    async with replica.running() as url, node_at(data, url) as node:
        node.wishes = wishes
        await node.sync()
        before = await node.root()
        if harm is not None:
            harm(path_of(data, before.layers["RPI_PICO"]))
        replica.release("RPI_PICO", "v1.29.0-preview.3.g0123456789", date="2026-08-24")
        node.sleep(days=200)
        await node.sync()
        after = await node.root()
        content = decode_content(await node.read(after.content))
        board = decode_board(await node.read(content.boards["RPI_PICO"]))
        layer = await node.read(after.layers["RPI_PICO"])

    assert "v1.29.0-preview.3.g0123456789" in {one.version for one in board.on_demand}
    assert after.layers["RPI_PICO"] != before.layers["RPI_PICO"]
    assert layer == render_layer(board, Site(None, url))


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
