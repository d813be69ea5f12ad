"""A machine that has no time to judge refuses nothing, and the next try takes it in.

The limited child is asked for images and gets no processor time, as on a machine that starves.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from mirror.errors import ChildUnavailableError
from mirror.sandbox import Sandbox
from mirror.sandbox.grants import Grants
from mirror.sync.adopting import Fate
from tests.cache.node import OFFERED, caching, two_releases
from tests.sandbox.bodies import STARVED
from tests.sync.node import node_at
from tests.sync.test_adopting import NOBODY, PICO, adopted, image
from tests.transfer.bundles.gap import exported, footprint, imported, receiver_at, sender_at, site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.storage.entries import Refusal
    from tests.sync.node import TestNode

pytestmark = pytest.mark.programs

NAMES = ("RPI_PICO-20260406-v1.28.0.uf2", "ESP32_GENERIC-20260406-v1.28.0.bin")
WHY = "image: not judged: in 0.6 s this machine gave the reader 0.0 s of processor time"


@asynccontextmanager
async def starving(node: TestNode) -> AsyncIterator[None]:
    """Have no time for images while the block lasts."""
    able = node.sandbox
    async with Sandbox(processes=1, program=STARVED, grants=Grants(image_seconds=0.03)) as unable:
        node.sandbox = unable
        yield
    node.sandbox = able


async def refusals(node: TestNode, *names: str) -> dict[str, Refusal]:
    """Return what was refused of *names*, by the ledger."""
    return await node.store.index.refusals_of(names)


def quarantine(folder: Path) -> list[str]:
    """Return what lies in quarantine."""
    return sorted(path.name for path in (folder / "quarantine").iterdir())


async def test_a_run_says_so_and_the_next_run_takes_the_files(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path, url) as node:
        async with starving(node):
            first = await node.sync()

        assert first.exit_status != 0
        assert {trouble.text for trouble in first.troubles} == {f"{WHY}, so try again"}
        assert (await refusals(node, *NAMES), quarantine(tmp_path)) == ({}, [])
        assert (await node.sync()).exit_status == 0
        assert set(NAMES) < set(await node.files())


async def test_an_import_changes_nothing_and_the_next_one_takes_the_bundle(tmp_path: Path) -> None:
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        bundle = await exported(here)
        before = footprint(tmp_path / "b")
        async with starving(there):
            with pytest.raises(ChildUnavailableError, match=WHY):
                await imported(there, tmp_path / "b", bundle)
        after = footprint(tmp_path / "b")

        # What was copied waits there for the next import.
        assert {path for path in after if not path.startswith("incoming/")} == set(before)
        await imported(there, tmp_path / "b", bundle)
        assert await there.files() == await here.files()


async def test_who_asks_on_demand_is_told_to_come_again(tmp_path: Path) -> None:
    async with caching(tmp_path, two_releases()) as mirror:
        async with starving(mirror.node):
            refused = await mirror.client.get(f"/v1/files/{OFFERED}")
        mirror.clock[0] += 61
        taken = await mirror.client.get(f"/v1/files/{OFFERED}")

        assert (refused.status, refused.body) == (503, b"")
        assert int(refused.fields["retry-after"]) > 0
        assert (await refusals(mirror.node, OFFERED), quarantine(tmp_path / "data")) == ({}, [])
        assert taken.status == 200


async def test_a_folder_is_not_adopted_and_the_next_time_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / PICO).write_bytes(image("v1.28.0", "2026-04-06"))
    async with node_at(tmp_path / "data", NOBODY) as node:
        async with starving(node):
            with pytest.raises(ChildUnavailableError, match=WHY):
                await adopted(node, folder)

        assert (await refusals(node, PICO), quarantine(tmp_path / "data")) == ({}, [])
        fates, _ = await adopted(node, folder)
        assert fates == {PICO: Fate.ADOPTED}
