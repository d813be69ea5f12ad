"""A store with something to export."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.web import building
from tests.web.building import USUAL, Builder, boards_of

if TYPE_CHECKING:
    from pathlib import Path


async def publish_usual(data: Path) -> None:
    """Make a store in *data* and publish two boards, each of its own port."""
    builder = Builder(building.opened(data))
    await builder.store.blobs.put_many(USUAL.values())
    await builder.publish_documents(
        [
            replace(board, port="rp2" if board.board.startswith("RPI_") else "esp32")
            for board in boards_of(USUAL)
        ]
    )
