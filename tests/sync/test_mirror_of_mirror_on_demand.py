"""Through a mirror, what is on demand can be had, what is damaged healed, and explained."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.cache.on_demand import OnDemand
from mirror.sync.intake import Intake
from mirror.sync.remembered_board import remembered_board
from mirror.upstream.fetch import Fetcher
from tests.cache.node import HELD, OFFERED, POLICY, Caching, TestWay, caching, two_releases
from tests.sync.mirrors import content_of
from tests.sync.node import MORNING, SWIFT, TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass(slots=True)
class Behind:
    """A mirror with files on demand, and a mirror of it at ``url`` that has them too."""

    first: Caching
    url: str
    node: TestNode
    cache: OnDemand
    fetcher: Fetcher


@asynccontextmanager
async def behind(folder: Path) -> AsyncIterator[Behind]:
    """Run all of it, both synced."""
    async with caching(folder / "first", two_releases()) as first:
        url = f"http://127.0.0.1:{first.client.number}"
        async with node_at(folder / "second", url, lineage=8) as node:
            assert (await node.sync(policy=POLICY)).exit_status == 0
            first.replica.requests.clear()
            node_id = node.store.node.node_id
            fetcher = Fetcher(url, user_agent="mpmirror/test", node_id=node_id, politeness=SWIFT)
            cache = OnDemand(node.store, TestWay(node, fetcher))
            async with fetcher, cache:
                yield Behind(first, url, node, cache, fetcher)


async def test_a_file_on_demand_comes_through_both_mirrors(tmp_path: Path) -> None:
    """The site is asked once; both hold it then, and neither publishes anything."""
    async with behind(tmp_path) as two:
        before = await content_of(two.node)
        sighting = await two.cache.fetch(OFFERED)
        again = await two.first.fetch(OFFERED)

        site = two.first.node.url
        assert sighting.url == f"{site}/resources/firmware/{OFFERED}"
        assert sighting.digest == again.digest
        assert len([one for one in two.first.replica.requests if OFFERED in one.path]) == 1
        assert await content_of(two.node) == before
        assert before.boards == (await content_of(two.first.node)).boards


async def test_damage_is_healed_from_the_mirror_by_digest(tmp_path: Path) -> None:
    async with behind(tmp_path) as two:
        store = two.node.store
        sighting = await store.index.find_held(HELD)
        assert sighting is not None
        await store.blobs.remove(sighting.digest)
        intake = Intake(two.fetcher, two.node.sandbox, store, lambda: MORNING)
        await intake.heal(sighting, "missing on disk, fetched again")

        assert len(await two.node.read(sighting.digest)) == sighting.size
        assert two.first.replica.requests == []


async def test_a_board_is_explained_by_the_documents_that_were_read(tmp_path: Path) -> None:
    async with behind(tmp_path) as two:
        index = two.node.store.index
        found = await remembered_board(index, two.url, "RPI_PICO")
        unknown = await remembered_board(index, two.url, "RPI_PICOO")

        assert found.crawled
        assert found.board is not None
        assert {str(one.name) for one in found.board.listings} >= {HELD, OFFERED}
        assert (found.read_at, found.held) == (MORNING, (HELD,))
        assert (unknown.crawled, unknown.board) == (True, None)
        assert unknown.nearest[0] == "RPI_PICO"
