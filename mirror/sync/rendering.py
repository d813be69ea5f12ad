"""Render the current publication anew, where this node would not render it so any more.

Another address (``public_url``), or a newer program that renders otherwise, is no change of
content; and a node that is offline never crawls.  So whoever begins to hold the store asks
here, and what clients are told is as it should be from then on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mirror.publication.documents import decode_content, decode_publication
from mirror.publication.local.dialect import Site
from mirror.publication.local.rendering import fingerprint
from mirror.sync.local_layer import MOST_BYTES
from mirror.sync.publish import CHANNEL, Publisher

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.storage.store import Store


async def publish_rendered_anew(store: Store, upstream: str, now: datetime) -> int | None:
    """Publish the content as it is, rendered as this node renders now.

    Returns the sequence; None when nothing was published yet, or it is rendered so already.
    """
    digest = await store.publications.current(CHANNEL)
    if digest is None:
        return None
    root = decode_publication(await store.blobs.read(digest, max_bytes=MOST_BYTES))
    content = decode_content(await store.blobs.read(root.content, max_bytes=MOST_BYTES))
    site = Site(store.public_url, content.upstream)
    if await asyncio.to_thread(fingerprint, site) == root.rendering:
        return None
    return await Publisher(store, upstream).publish_again(now, frozenset())
