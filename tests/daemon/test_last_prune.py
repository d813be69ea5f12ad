"""The status says what the last prune did, or why it did nothing, and how full the disk is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.plan import Policy
from mirror.cli.counts import room_lines
from mirror.config import Given, load_settings
from mirror.daemon.disk_levels import Levels, levels_of
from mirror.daemon.last_prune import PruneStatus, find_prune, remember_failure, remember_prune
from mirror.daemon.status import status_of
from mirror.daemon.status_document import Moment
from mirror.upkeep.pruner import Report
from tests.cache.node import caching
from tests.replica import Replica
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from pathlib import Path

FORGETTING = Report(dry_run=False, gone=(), forgotten=(1, 2), later=(), remarks=())
OLD = "RPI_PICO-20251209-v1.27.0.uf2"


async def test_what_was_pruned_last_is_said(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        never = await find_prune(node.store.index)
        await remember_prune(node.store.index, FORGETTING, MORNING)
        status = await status_of(node.store, tmp_path, node.url, Moment(now=MORNING), offline=False)

    assert never is None
    assert status.last_prune == PruneStatus("2026-04-07T06:00:00Z", publications=2)


async def test_why_nothing_was_pruned_is_said(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        await remember_failure(node.store.index, "the clock jumped", MORNING)
        status = await status_of(node.store, tmp_path, node.url, Moment(now=MORNING), offline=False)

    assert "last prune: 2026-04-07T06:00:00Z: not done: the clock jumped" in room_lines(status)


async def test_what_another_version_remembers_is_no_prune(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        await node.store.index.set_mark("last-prune", "[]")

        assert await find_prune(node.store.index) is None


async def test_what_files_on_demand_take_is_said(tmp_path: Path) -> None:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    moment = Moment(now=MORNING, levels=lambda total: Levels(total // 10, 5, 4))
    async with caching(tmp_path, replica, policy=Policy(releases=1)) as one:
        size = (await one.cache.fetch(OLD)).size
        disk = (await status_of(one.node.store, tmp_path, "", moment, offline=False)).disk

    assert (disk.on_demand, disk.held > size) == (size, True)
    assert disk.levels == Levels(disk.total // 10, 5, 4)


def levels(folder: Path, **disk: str) -> Levels:
    flags = {f"disk.{name}": Given(value, "t") for name, value in disk.items()}
    return levels_of(load_settings({}, folder, flags=flags))(10_000_000_000)


def test_the_levels_are_those_of_the_settings_on_this_disk(tmp_path: Path) -> None:
    """Without a low water it is nine tenths of the high one."""
    usual, bounded = levels(tmp_path), levels(tmp_path, high_water="50%")

    assert usual == Levels(2_000_000_000)
    assert bounded == Levels(2_000_000_000, 5_000_000_000, 4_500_000_000)
