"""A run without news is cheap for the disk: flash cards wear out, and old disks are slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proofs.scenes import opened
from tests.replica import Depth, Replica
from tests.storage.power import RecordingDisk
from tests.sync.node import TestNode

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("boards", [1, 12])
async def test_a_run_without_news_does_not_wait_for_the_disk_however_many_boards(
    tmp_path: Path, sandbox: Sandbox, boards: int
) -> None:
    """Nor is anything written, also in the first run after a start."""
    replica = Replica.of_boards(boards, depth=Depth(releases=1, previews=0))
    async with replica.running() as url:
        async with opened(tmp_path / "data", RecordingDisk()) as store:
            assert (await TestNode(store, sandbox, url).sync()).exit_status == 0
        disk = RecordingDisk()
        disk.adopt(tmp_path / "data")
        async with opened(tmp_path / "data", disk) as store:
            disk.log.clear()
            assert (await TestNode(store, sandbox, url).sync()).exit_status == 0

    assert disk.log == []
