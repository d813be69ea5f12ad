"""Compose the document of a board that has one already: it goes on from what that says."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import TYPE_CHECKING

from mirror.errors import ArtifactNotFoundError, DamagedError
from mirror.publication.documents import decode_board
from mirror.sync.local_layer import MOST_BYTES
from mirror.sync.marking import Before, before_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.catalog.values import Digest
    from mirror.storage.blobs import BlobReader
    from mirror.sync.composing import Composed


class _Everything(Container[str]):
    def __contains__(self, _name: object) -> bool:
        return True


async def composed_anew(
    blobs: BlobReader, compose: Callable[[Before], Composed], published: Digest | None
) -> Composed:
    """Return what *compose* makes of the document *published* before; None: there was none."""
    if published is None:
        return await asyncio.to_thread(compose, Before())
    try:
        return await blobs.read_as(
            published, lambda data: compose(before_of(decode_board(data))), max_bytes=MOST_BYTES
        )
    except (DamagedError, ArtifactNotFoundError):
        # What is held is rendered as held then: that mends the document in most cases.
        return await asyncio.to_thread(compose, Before(_Everything()))
