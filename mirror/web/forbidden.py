"""What nobody may have, whichever channel is served: the newest publication of all says it.

A channel shows what somebody promoted, perhaps long ago; what was recalled since is known here
before the channel is rendered again without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication.documents import decode_content, decode_publication
from mirror.storage.threads import to_end
from mirror.web.loading import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Hashable

    from mirror.catalog.values import Digest
    from mirror.web.holdings import Holdings

CURRENT: Final = "current"
_NOT_LOOKED: Final = object()


class Forbidden:
    """What the channel ``current`` of *store* says of recalls, as of the last look."""

    def __init__(self, store: Holdings) -> None:
        self._store = store
        self._token: Hashable = _NOT_LOOKED
        #: The root of the newest publication; None before the first.
        self.root: Digest | None = None
        self.digests: frozenset[Digest] = frozenset()
        self.names: frozenset[str] = frozenset()

    async def look(self) -> None:
        """Look at the pointer, and read what it says if it was moved.

        Raises `MirrorError`; then what was known stays.
        """
        token = await to_end(self._store.publications.changed, CURRENT)
        if token == self._token:
            return
        root = await self._store.publications.current(CURRENT)
        if root is not None:
            publication = decode_publication(await self._read(root))
            content = decode_content(await self._read(publication.content))
            self.digests = frozenset(content.recalled)
            self.names = frozenset(name for one in content.recalls for name in one.names)
        self.root, self._token = root, token

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=MOST_BYTES)
