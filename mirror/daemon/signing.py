"""Who signs for this node, and the page of freshness that is renewed after each complete crawl."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mirror.daemon.tuf import keep_up
from mirror.publication.documents import decode_publication
from mirror.publication.freshness import Freshness, encode_freshness
from mirror.publication.statements import Statement, Type
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.freshness import SignedPage, write_freshness
from mirror.storage.threads import to_end
from mirror.sync.standing import stamp
from mirror.transfer.keys.node_keys import find_or_make_signer

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from mirror.config import Settings
    from mirror.storage.store import Store
    from mirror.transfer.keys.node_keys import NodeSigner

_MOST_BYTES = 64 * 1024 * 1024


async def signer_of(settings: Settings) -> NodeSigner:
    """Return who signs for this node; its key is made at the first start."""
    return await to_end(find_or_make_signer, settings.keys_dir, Files(Disk()), os.urandom)


async def renew_freshness(settings: Settings, store: Store, checked: datetime) -> None:
    """Say that the current publication was still upstream's state when *checked*.

    Each channel has such a page.  Raises `StorageError`; nothing is said before the first
    publication, or without a signer.
    """
    for channel in await store.publications.channels():
        await renew_channel(settings, store, channel, checked)


async def renew_channel(settings: Settings, store: Store, channel: str, checked: datetime) -> None:
    """Say the same of what *channel* shows: it is what whoever moves it last wanted."""
    signer, root = store.signatures.signer, await store.publications.current(channel)
    if signer is None or root is None:
        return
    publication = decode_publication(await store.blobs.read(root, max_bytes=_MOST_BYTES))
    freshness = Freshness(
        lineage=publication.lineage,
        channel=channel,
        sequence=publication.sequence,
        root=root,
        checked=stamp(checked),
        expires=stamp(checked + _believed(settings)),
    )
    page = encode_freshness(freshness)
    said = Statement(Type.FRESHNESS, publication.lineage, publication.sequence, channel)
    signed = SignedPage(page.decode(), dict(signer.sign(page, said)))
    await to_end(write_freshness, settings.data_dir, signed, Files(Disk()), channel)
    if settings.tuf and channel == settings.default_channel:
        await keep_up(settings, store, checked)


def _believed(settings: Settings) -> timedelta:
    return settings.freshness.warn_after
