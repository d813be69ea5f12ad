"""A node that never crawls tells its clients the address that it has now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.sync.rendering import publish_rendered_anew
from tests.sync.node import TestNode, node_at
from tests.sync.test_run import site

if TYPE_CHECKING:
    from pathlib import Path

LIST = "/thonny/micropython-variants-uf2.json"


async def urls(node: TestNode) -> set[str]:
    """Return the addresses that Thonny is told now."""
    document = (await node.root()).documents[LIST]
    choices = json.loads(await node.read(document.digest))
    return {choice["info_url"].partition("/download/")[0] for choice in choices}


async def anew(node: TestNode, address: str) -> int | None:
    """Begin on the data of *node* with another address, as a daemon does."""
    store = replace(node.store, public_url=address)
    return await publish_rendered_anew(store, node.url, node.now)


async def test_another_address_is_told_without_a_crawl(tmp_path: Path) -> None:
    """The content stays, and a second start changes nothing."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await node.root()
    async with node_at(tmp_path / "data", url) as node:
        sequence = await anew(node, "http://mirror.lab:8080")
        after, told = await node.root(), await urls(node)
        again = await anew(node, "http://mirror.lab:8080")
        moved = await anew(node, "http://10.0.0.1")

        assert await urls(node) == {"http://10.0.0.1"}
    assert (sequence, again, moved) == (before.sequence + 1, None, before.sequence + 2)
    assert after.content == before.content
    assert told == {"http://mirror.lab:8080"}


async def test_before_the_first_publication_there_is_nothing_to_render(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        assert await anew(node, "http://mirror.lab:8080") is None
