"""What the policy no longer keeps leaves the publication, also when upstream lists it no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.plan import Newest, Policy
from tests.replica import Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from pathlib import Path

OLD = "RPI_PICO-20260802-v1.29.0-preview.673.g06bcfd5b74.uf2"
NEW = "RPI_PICO-20260807-v1.29.0-preview.678.g5f2181f938.uf2"
RELEASE = "RPI_PICO-20260406-v1.28.0.uf2"


async def test_a_preview_that_rotated_away_goes_when_newer_ones_are_as_many_as_kept(
    tmp_path: Path,
) -> None:
    """Else every preview there ever was stays named, and is never let go: the disk fills."""
    assert await names_after_rotation(tmp_path, keep=1) == {NEW, RELEASE}


async def test_a_preview_that_rotated_away_stays_while_it_is_kept(tmp_path: Path) -> None:
    """It can not be had again."""
    assert await names_after_rotation(tmp_path, keep=2) == {OLD, NEW, RELEASE}


async def names_after_rotation(folder: Path, keep: int) -> set[str]:
    """Hold a preview, then have upstream list the next one in its place."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0")
    replica.preview("RPI_PICO", "v1.29.0-preview.673.g06bcfd5b74")
    policy = Policy(previews=1, keep_previews=Newest(keep))
    async with replica.running() as url, node_at(folder / "data", url) as node:
        await node.sync(policy=policy)
        replica.preview("RPI_PICO", "v1.29.0-preview.678.g5f2181f938")
        replica.remove(OLD)
        await node.sync(policy=policy)
        return set(await node.files())
