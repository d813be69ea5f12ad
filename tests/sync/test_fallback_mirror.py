"""A mirror stands in for the site: its documents are read in place of pages."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from mirror.sync.outcome import Ending
from tests.replica import Misbehaviour, Replica
from tests.sync.mirrors import served
from tests.sync.node import node_at
from tests.sync.test_fallbacks import Two

if TYPE_CHECKING:
    from pathlib import Path

BOARDS = ("RPI_PICO", "ESP32_GENERIC")


async def test_a_site_that_is_away_is_taken_from_a_mirror_of_it(tmp_path: Path) -> None:
    """Everything comes, by the mirror's own lists, and a later crawl of the site agrees."""
    replica = Replica.of(*BOARDS)
    for board in BOARDS:
        replica.release(board, "v1.28.0", date="2026-04-06")
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(replica.running())
        first = await stack.enter_async_context(node_at(tmp_path / "first", site, lineage=7))
        assert (await first.sync()).exit_status == 0
        peer = await stack.enter_async_context(served(first))
        node = await stack.enter_async_context(node_at(tmp_path / "second", site, lineage=8))
        two = Two(node, replica, replica, (site, peer.url))
        replica.misbehave("*", Misbehaviour.UNAVAILABLE, None)
        away = await two.sync()
        files = await node.files()
        replica.behave()
        back = await two.sync()

        assert (away.ending, away.message) == (Ending.PUBLISHED, "complete")
        assert {name: file.digest for name, file in files.items()} == {
            name: file.digest for name, file in (await first.files()).items()
        }
        assert (back.exit_status, back.fetched) == (0, 0), back
