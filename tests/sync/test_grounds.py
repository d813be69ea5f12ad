"""Boards of which nothing is new are not rendered again, and would have come out the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.publication.documents import decode_content
from mirror.sync.outcome import Ending
from tests.sync.node import node_at
from tests.upkeep.damaging import PICO, flip, path_of, site

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_was_not_rendered_again_comes_out_the_same(tmp_path: Path) -> None:
    """A process that remembers nothing publishes nothing else."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.release("RPI_PICO", "v1.29.0")
        replica.withdraw(PICO)
        endings = [(await node.sync()).ending for _ in range(2)]
        rendered = node.store.publications.rendered
        rendered.boards.clear()
        rendered.local = None
        endings.append((await node.sync()).ending)

    assert endings == [Ending.PUBLISHED, Ending.UNCHANGED, Ending.UNCHANGED]


async def test_a_run_without_news_mends_a_damaged_document(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        content = decode_content(await node.read((await node.root()).content))
        document = content.boards["RPI_PICO"]
        flip(path_of(data, document))
        outcome = await node.sync()

        assert outcome.ending is Ending.UNCHANGED
        assert await node.read(document)
