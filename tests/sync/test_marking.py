"""Files that moved from one page to another: held under both boards, served once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.model import BoardFacts, CatalogBoard, Listing
from mirror.catalog.names import ArtifactName
from mirror.publication.documents import decode_board, decode_content
from mirror.publication.feeds import all_files
from mirror.sync.publish import Publisher
from tests.storage.samples import sighting
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.node import TestNode

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
NOBODY = "http://127.0.0.1:1"


def page(board: str, *names: str) -> CatalogBoard:
    """Return the page of *board* with these files."""
    facts = BoardFacts(board, f"{NOBODY}/download/{board}/", product=board, port="rp2")
    listings = (
        Listing(ArtifactName.parse(name), f"{NOBODY}/resources/firmware/", board, position)
        for position, name in enumerate(names)
    )
    return CatalogBoard(facts, tuple(listings))


async def names_by_board(node: TestNode) -> dict[str, list[str]]:
    """Return what the current publication holds of each board."""
    content = decode_content(await node.read((await node.root()).content))
    boards = [decode_board(await node.read(digest)) for digest in content.boards.values()]
    return {board.board: [file.name for file in all_files(board)] for board in boards}


async def test_a_name_that_moved_to_another_page_is_on_both_and_offered_on_none(
    tmp_path: Path,
) -> None:
    async with node_at(tmp_path / "data", NOBODY) as node:
        digest = await node.store.blobs.put(b"bytes")
        await node.store.ledger.append([sighting(PICO, b"bytes", board="PICO")])
        publisher = Publisher(node.store, NOBODY)
        await publisher.publish([page("PICO", PICO)], MORNING, {PICO})
        await publisher.publish([page("PICO"), page("RPI_PICO", PICO)], MORNING, {PICO})
        sums = (await node.root()).documents["/resources/firmware/SHA256SUMS"]

        assert await names_by_board(node) == {"PICO": [PICO], "RPI_PICO": [PICO]}
        assert await node.read(sums.digest) == f"{digest.hex}  {PICO}\n".encode()
