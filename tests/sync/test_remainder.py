"""When a run publishes what it fetched, nothing of its catalog is in memory any more."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from mirror.catalog.model import Listing
from mirror.storage.disk import Disk
from mirror.storage.store import Store
from mirror.sync.outcome import Ending
from tests.children import kept_sandbox
from tests.storage.samples import NO_LIMIT, noon
from tests.sync.node import TestNode
from tests.upkeep.damaging import site

if TYPE_CHECKING:
    from pathlib import Path


class CountingDisk(Disk):
    """A disk that counts the listings in memory whenever a file gets its name."""

    def __init__(self) -> None:
        self.before = listings()
        self.listings: dict[str, int] = {}

    def rename(self, old: Path, new: Path) -> None:
        """Count, and rename."""
        self.listings[new.name] = listings() - self.before
        super().rename(old, new)


def listings() -> int:
    """Count them, after whatever the tests before this one left behind is gone."""
    gc.collect()
    return sum(type(one) is Listing for one in gc.get_objects())


async def test_no_listing_is_left_when_the_pointer_moves(tmp_path: Path) -> None:
    """All of them take as much memory as publishing does."""
    disk = CountingDisk()
    opened = Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT, disk=disk)
    async with site().running() as url, opened as store, kept_sandbox() as sandbox:
        node = TestNode(store, sandbox, url)
        outcome = await node.sync(refetch=5)

    assert outcome.ending is Ending.PUBLISHED
    assert max(disk.listings.values()) >= outcome.wanted
    assert disk.listings["current"] == 0
