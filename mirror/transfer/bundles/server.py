"""What a bundle has besides, so that `serve.py` can serve it: that file, and what needs rendering.

Lists and pages are rendered here as they are for a publication, with a word in place of an address:
who serves the bundle puts his own there.  The same content gives the same bytes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from mirror.errors import MirrorError
from mirror.publication.documents import decode_board
from mirror.publication.feeds import compose_feed, head_of
from mirror.publication.local.dialect import Site
from mirror.publication.local.layer import ALL_BOARDS, Layer, encode_layer
from mirror.publication.local.rendering import render_layer, render_lists
from mirror.publication.photographs import PhotographsDocument, decode_photographs
from mirror.storage.threads import to_end
from mirror.transfer.stick.building import NAME, build_server
from mirror.transfer.stick.shelf import FEED_HEAD, HERE

if TYPE_CHECKING:
    from collections.abc import Collection

    from mirror.publication.documents import ContentRoot, PublicationRoot
    from mirror.storage.store import StoreReader

_MOST_BYTES: Final = 64 * 1024 * 1024
_NO_BOARDS: Final = b',"boards":[\n]}\n'


async def make_extras(
    store: StoreReader, root: PublicationRoot, content: ContentRoot, boards: Collection[str]
) -> dict[str, bytes]:
    """Return the files, by their paths in the bundle; raise `DamagedError` for a bad document."""
    site = Site(HERE, content.upstream, await _photographs(store, content))
    summaries: dict[str, list[bytes]] = defaultdict(list)
    extras = {NAME: await to_end(build_server), FEED_HEAD: _feed_head(root, content)}
    for number, board in enumerate(boards):
        data = await store.blobs.read(content.boards[board], max_bytes=_MOST_BYTES)
        rendered = await to_end(lambda data: render_layer(decode_board(data), site), data)
        layer = Layer.decode(rendered)
        for name in layer.head.summaries:
            summaries[name].append(layer.summary(name))
        extras[f"server/{number:04d}.layer"] = rendered
    lists = await to_end(lambda: dict(render_lists(lambda name: summaries.get(name, ()), site)))
    extras["server/lists.layer"] = encode_layer(ALL_BOARDS, lists, {})
    return extras


async def _photographs(store: StoreReader, content: ContentRoot) -> PhotographsDocument:
    """Return the photographs of *content*; none if they can not be read: then they stay behind."""
    if content.photographs is None:
        return PhotographsDocument()
    try:
        data = await store.blobs.read(content.photographs, max_bytes=_MOST_BYTES)
        return await to_end(decode_photographs, data)
    except MirrorError:
        return PhotographsDocument()


def _feed_head(root: PublicationRoot, content: ContentRoot) -> bytes:
    feed = b"".join(compose_feed(head_of(root, content.upstream, content.recalls), ()))
    return feed.removesuffix(_NO_BOARDS) + b"}"
