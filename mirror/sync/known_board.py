"""All that is known of one board without asking: pages, what is held and how, and pins."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.errors import ArtifactNotFoundError, DamagedError, RefusedError
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.sync.pinned import pinned_names
from mirror.sync.remembered_board import RememberedBoard, remembered_board

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument
    from mirror.storage.store import Store, StoreReader

_MOST_BYTES: Final = 64 * 1024 * 1024


async def known_board(store: Store, upstream: str, board: str) -> RememberedBoard:
    """Return what is known of the board with this id; *upstream* has no final slash.

    What can not be read of the publication is left out.  Raises `StorageError`, also when a
    pin is damaged.
    """
    found = await remembered_board(store.index, upstream, board)
    document = await _readable_document(store, board)
    offered = {one.name for one in document.on_demand} if document else set()
    boards = [found.board] if found.board else []
    pinned = await pinned_names(store, boards)
    names = {str(listing.name) for one in boards for listing in one.listings}
    ours = await _pinned_for(store, board)
    return replace(
        found,
        on_demand=tuple(name for name in found.held if name in offered),
        pinned={
            name: pin
            for name, pin in pinned.items()
            if name in names or name in found.held or name in ours
        },
    )


async def find_document(store: StoreReader, board: str) -> BoardDocument | None:
    """Return the document of a board in the current publication, if it has one."""
    root = await store.publications.current()
    if root is None:
        return None
    publication = decode_publication(await store.blobs.read(root, max_bytes=_MOST_BYTES))
    body = await store.blobs.read(publication.content, max_bytes=_MOST_BYTES)
    digest = decode_content(body).boards.get(board)
    if digest is None:
        return None
    document = await store.blobs.read(digest, max_bytes=_MOST_BYTES)
    return await asyncio.to_thread(decode_board, document)


async def _readable_document(store: StoreReader, board: str) -> BoardDocument | None:
    try:
        return await find_document(store, board)
    except (DamagedError, RefusedError, ArtifactNotFoundError):
        return None


async def _pinned_for(store: StoreReader, board: str) -> set[str]:
    return {name for pin in await store.pins.all() if pin.wish.board == board for name in pin.names}
