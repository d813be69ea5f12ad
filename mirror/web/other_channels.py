"""What the channels name that are not served at the short paths: their files are found anyhow.

A list of such a channel leads to ``/v1/files/NAME``, whatever channel is served there; and who
began on what a channel showed before can finish on it (P2).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
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
from mirror.storage.threads import to_end
from mirror.web.artifacts import Artifact, read_names
from mirror.web.loading import MOST_BYTES, Loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from mirror.web.artifacts import BoardNames
    from mirror.web.holdings import Holdings
    from mirror.web.superseded import Superseded

_NOT_LOOKED: Final = object()

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Head:
    """What a channel shows, without the documents of it."""

    root: Digest
    publication: PublicationRoot
    content: ContentRoot
    artifacts: Mapping[str, Artifact]


class OtherChannels:
    """The channels of *store* but the *served* one; *superseded* looks through one's past."""

    def __init__(
        self, store: Holdings, served: str, superseded: Callable[[str], Superseded]
    ) -> None:
        self._store = store
        self._served = served
        self._make = superseded
        self._pasts: dict[str, Superseded] = {}
        self._heads: dict[str, _Head] = {}
        self._token: Hashable = _NOT_LOOKED

    async def look(self, view: Loaded | None) -> None:
        """Look at the pointers beside *view*, if one is served; leave out what can not be read."""
        token = view and view.root, await to_end(self._store.publications.all_changed)
        if token == self._token:
            return
        boards = view.boards.values() if view else ()
        known = {board.digest: board.names for board in boards}
        for channel in await self._store.publications.channels():
            if channel == self._served:
                continue
            try:
                await self._look(channel, known)
            except MirrorError as error:
                _log.warning("channel %s can not be read: %s", channel, error)
        self._token = token

    async def find(self, name: str) -> Artifact | None:
        """Return what any of the channels calls *name*, or did within the grace."""
        for head in self._heads.values():
            if name in head.artifacts:
                return head.artifacts[name]
        for channel in self._pasts:
            artifact = await self.find_before(channel, name)
            if artifact is not None:
                return artifact
        return None

    async def find_before(self, channel: str, name: str) -> Artifact | None:
        """Return what *channel* called *name* before, within the grace."""
        past = self._pasts.get(channel)
        return None if past is None else await past.find(name)

    def name(self, artifact: Artifact) -> bool:
        """Whether any of the channels names exactly this file now."""
        heads = self._heads.values()
        return any(head.artifacts.get(artifact.name) == artifact for head in heads)

    async def _look(self, channel: str, known: Mapping[Digest, BoardNames]) -> None:
        root = await self._store.publications.current(channel)
        before = self._heads.get(channel)
        if root is None or (before is not None and before.root == root):
            return
        publication = decode_publication(await self._read(root))
        content = decode_content(await self._read(publication.content))
        artifacts: dict[str, Artifact] = {}
        for digest in content.boards.values():
            names = known.get(digest)
            if names is None:
                names = await to_end(read_names, await self._read(digest))
            artifacts |= {one.name: one for one in names.artifacts}
        head = _Head(root, publication, content, artifacts)
        past = self._pasts.setdefault(channel, self._make(channel))
        await past.look(head)
        self._heads[channel] = head

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=MOST_BYTES)
