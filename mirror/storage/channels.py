"""Where each channel is, and where it was before: its roots name one another.

A root that can not be read any more ends the line: what is older was let go, or is found by a
full check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import MirrorError
from mirror.frozen import dataclass
from mirror.publication.documents import (
    ContentRoot,
    PublicationRoot,
    decode_content,
    decode_publication,
)
from mirror.storage.publications import CURRENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.storage.blobs import BlobReader
    from mirror.storage.store import StoreReader

#: So many roots of a channel are looked at behind the one it points to.
MOST_EARLIER: Final = 400
_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Published:
    """A root with its name, and the content that it names."""

    digest: Digest
    root: PublicationRoot
    content: ContentRoot


async def promoted_channels(store: StoreReader) -> tuple[str, ...]:
    """Return the names of all channels but ``current``."""
    return tuple(name for name in await store.publications.channels() if name != CURRENT)


async def find_published(store: StoreReader, channel: str) -> Published | None:
    """Return what *channel* points to; None when there is no such channel.

    Raises `DamagedError` or `ArtifactNotFoundError` when that can not be read.
    """
    digest = await store.publications.current(channel)
    return None if digest is None else await published(store, digest)


async def published(store: StoreReader, digest: Digest) -> Published:
    """Return the publication whose root is *digest*."""
    root = await read_root(store.blobs, digest)
    content = await store.blobs.read_as(root.content, decode_content, max_bytes=_MOST_BYTES)
    return Published(digest, root, content)


async def read_root(blobs: BlobReader, digest: Digest) -> PublicationRoot:
    """Return the root of this name; raises as `find_published` does."""
    return await blobs.read_as(digest, decode_publication, max_bytes=_MOST_BYTES)


async def earlier(
    blobs: BlobReader, root: PublicationRoot
) -> AsyncIterator[tuple[Digest, PublicationRoot]]:
    """Yield the roots that came before *root* on its channel, the newest first."""
    for _ in range(MOST_EARLIER):
        before = root.previous
        if before is None:
            return
        try:
            root = await read_root(blobs, before)
        except MirrorError:
            return
        yield before, root
