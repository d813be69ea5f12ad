"""Promise P9: nothing that was rendered for clients leads one of them out of the mirror."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.publication.local.dialect import Site
from mirror.publication.local.layer import Layer
from tests.publication.dialects.outside import all_outside
from tests.sync.node import node_at
from tests.sync.test_run import site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.node import TestNode

URL = "http://mirror.lab:8080"


async def rendered(node: TestNode) -> dict[str, tuple[bytes, str]]:
    """Return all that the current publication rendered: body and media type by path."""
    root = await node.root()
    found = {
        path: (await node.read(document.digest), document.media_type)
        for path, document in root.documents.items()
    }
    for digest in root.layers.values():
        layer = Layer.decode(await node.read(digest))
        for path, place in layer.head.documents.items():
            found[path] = (layer.body(place), place.media_type)
    return found


async def test_no_document_of_a_publication_leads_outside(tmp_path: Path) -> None:
    """Of a sync with the replica of the site: lists, pages and feeds, of every dialect."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        published = replace(node, store=replace(node.store, public_url=URL))
        await published.sync()
        documents = await rendered(published)

    assert all_outside(documents, Site(URL, url)) == []
    assert {
        "/thonny/micropython-variants-uf2.json",
        "/repos/micropython/micropython/releases/latest",
        "/feeds/firmware.atom",
        "/feeds/boards/RPI_PICO.json",
        "/esp-web-tools/ESP32_GENERIC.json",
        "/micropython/index.json",
    } <= set(documents)
