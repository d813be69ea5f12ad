"""A mirror of a mirror: it compares digests, fetches what differs, and judges for itself."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.storage.entries import Sighting
from mirror.sync.outcome import Ending
from tests.replica import Replica
from tests.sync.mirrors import Served, content_of, served
from tests.sync.node import TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
BOARDS = ("RPI_PICO", "RPI_PICO_W", "ESP32_GENERIC")


@dataclass(slots=True)
class Chain:
    """A site, a mirror of it that is served, and a mirror of that one."""

    replica: Replica
    site: str
    first: TestNode
    served: Served
    second: TestNode

    async def sync_first(self) -> None:
        """Bring the first mirror up to the site."""
        assert (await self.first.sync()).exit_status == 0
        await self.served.refresh()


@asynccontextmanager
async def chain(folder: Path) -> AsyncIterator[Chain]:
    """Have both, the first one synced."""
    replica = Replica.of(*BOARDS)
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    for board in BOARDS:
        replica.release(board, "v1.28.0", date="2026-04-06")
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(replica.running())
        first = await stack.enter_async_context(node_at(folder / "first", site, lineage=7))
        assert (await first.sync()).exit_status == 0
        peer = await stack.enter_async_context(served(first))
        second = await stack.enter_async_context(node_at(folder / "second", peer.url, lineage=8))
        yield Chain(replica, site, first, peer, second)


async def test_two_mirrors_in_a_row_end_with_equal_boards(tmp_path: Path) -> None:
    """Every board document is equal to the byte, and so are the files."""
    async with chain(tmp_path) as two:
        outcome = await two.second.sync()
        there, here = await content_of(two.first), await content_of(two.second)

        assert (outcome.ending, outcome.message) == (Ending.PUBLISHED, "complete")
        assert here.boards == there.boards
        assert await two.second.files() == await two.first.files()
        assert outcome.fetched == len(await two.first.files())


async def test_the_content_names_the_site_and_the_way(tmp_path: Path) -> None:
    async with chain(tmp_path) as two:
        await two.second.sync()
        here = await content_of(two.second)

        assert (here.upstream, here.through) == (two.site, ("07" * 16,))
        assert here.origin.lineage == "08" * 16


async def test_the_site_is_not_asked_by_the_second_mirror(tmp_path: Path) -> None:
    async with chain(tmp_path) as two:
        two.replica.requests.clear()
        await two.second.sync()

        assert two.replica.requests == []


async def test_a_second_run_makes_one_request(tmp_path: Path) -> None:
    async with chain(tmp_path) as two:
        await two.second.sync()
        two.served.requests.clear()
        two.second.sleep(hours=6)
        outcome = await two.second.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.UNCHANGED, 0)
        assert two.served.requests == ["/v1/channels/current/root.json"]


async def test_only_the_board_that_differs_is_fetched(tmp_path: Path) -> None:
    async with chain(tmp_path) as two:
        await two.second.sync()
        two.replica.release("RPI_PICO_W", "v1.29.0", date="2026-08-24")
        await two.sync_first()
        two.served.requests.clear()
        two.second.sleep(hours=6)
        outcome = await two.second.sync()
        there = await content_of(two.first)
        newest = "RPI_PICO_W-20260824-v1.29.0.uf2"
        file = (await two.first.files())[newest]

        assert (outcome.ending, outcome.fetched) == (Ending.PUBLISHED, 1)
        assert two.served.requests == [
            "/v1/channels/current/root.json",
            f"/v1/blobs/{(await two.first.root()).content}",
            f"/v1/blobs/{there.boards['RPI_PICO_W']}",
            f"/v1/blobs/{file.digest}",
        ]
        assert (await content_of(two.second)).boards == there.boards


async def test_the_ledger_says_where_a_file_was_listed_and_where_it_came_from(
    tmp_path: Path,
) -> None:
    async with chain(tmp_path) as two:
        await two.second.sync()
        entries = [recorded.entry async for recorded in two.second.store.ledger.entries()]
        sightings = [entry for entry in entries if isinstance(entry, Sighting)]
        [entry] = [entry for entry in sightings if entry.name == PICO]
        digest = (await two.second.files())[PICO].digest

        assert entry.url == f"{two.site}/resources/firmware/{PICO}"
        assert entry.via == f"{two.served.url}/v1/blobs/{digest}"


async def test_a_mirror_without_its_database_asks_for_no_document_it_holds(tmp_path: Path) -> None:
    async with chain(tmp_path) as two:
        await two.second.sync()
        known = f"peer {two.served.url}"
        await two.second.store.index.set_mark(known, "")
        two.served.requests.clear()
        outcome = await two.second.sync()

        assert outcome.ending is Ending.UNCHANGED
        assert len(two.served.requests) <= 3


async def test_boards_are_equal_with_everything_that_pages_list(tmp_path: Path) -> None:
    """Variants, previews, secondary files on demand, and a version that is listed twice."""
    replica = Replica.of_boards(8)
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-20")
    async with (
        replica.running() as site,
        node_at(tmp_path / "first", site) as first,
        node_at(tmp_path / "second", "", lineage=8) as second,
    ):
        await first.sync()
        async with served(first) as peer:
            second.url = peer.url
            outcome = await second.sync()

        there, here = await content_of(first), await content_of(second)
        assert outcome.message == "complete"
        assert len(there.boards) == 8
        assert here.boards == there.boards
