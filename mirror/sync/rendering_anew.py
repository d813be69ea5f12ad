"""Render the local layer anew when it would look different: after an upgrade, at a new address.

A sync run does so too; but a mirror without upstream has none.
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


async def render_anew(store: Store, upstream: str, now: datetime) -> int | None:
    """Publish the content that is current, rendered anew, unless it would look the same.

    Returns the sequence, if it is new; None also before the first publication.
    """
    current = await store.publications.current(CHANNEL)
    if current is None:
        return None
    root = decode_publication(await store.blobs.read(current, max_bytes=MOST_BYTES))
    content = decode_content(await store.blobs.read(root.content, max_bytes=MOST_BYTES))
    site = Site(store.public_url, content.upstream)
    if root.rendering == await asyncio.to_thread(fingerprint, site):
        return None
    return await Publisher(store, upstream).publish_again(now, ())
