"""What this node holds of a sender's content, for the next have-list.

A line that names a content says that all of it is held.  Where some boards came alone, or a bundle
without packages and photographs, that is not so, and the have-list must have the compact set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import MirrorError
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.publication.feeds import all_files
from mirror.storage.threads import to_end
from mirror.transfer.bundles.beside import find_reached, tops_by_name

if TYPE_CHECKING:
    from mirror.catalog.values import Digest
    from mirror.publication.documents import ContentRoot
    from mirror.storage.store import StoreReader

_MOST_BYTES: Final = 64 * 1024 * 1024


async def is_whole(store: StoreReader, content: Digest) -> bool:
    """Whether all that *content* names is held, but what is recalled there or here."""
    try:
        root = decode_content(await _read(store, content))
        named = await _named(store, root)
    except MirrorError:
        return False
    unwanted = {*root.recalled, *await recalled_here(store)}
    return not await store.blobs.missing(named - unwanted)


async def recalled_here(store: StoreReader) -> frozenset[Digest]:
    """Return what this node's current publication says is recalled."""
    current = await store.publications.current()
    if current is None:
        return frozenset()
    root = decode_publication(await _read(store, current))
    return frozenset(decode_content(await _read(store, root.content)).recalled)


async def _named(store: StoreReader, root: ContentRoot) -> set[Digest]:
    named: set[Digest] = set()
    for document in root.boards.values():
        board = await to_end(decode_board, await _read(store, document))
        named |= {file.digest for file in all_files(board)}
    for top in tops_by_name(root).values():
        named |= (await find_reached(store, top)).files
    return named


async def _read(store: StoreReader, digest: Digest) -> bytes:
    return await store.blobs.read(digest, max_bytes=_MOST_BYTES)
