"""List the publications that there are, newest first, and the channels."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.documents import decode_publication
from mirror.shapes import Shape
from mirror.storage.threads import to_end
from mirror.web.documents import Document
from mirror.web.forbidden import CURRENT
from mirror.web.loading import MOST_BYTES
from mirror.web.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Hashable

    from mirror.web.documents import Stationery
    from mirror.web.holdings import Holdings

_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class PublicationLine:
    """One publication: ``path`` is where its root document is served."""

    sequence: int
    lineage: str
    published: str
    root: Digest
    content: Digest
    path: str


@dataclass(frozen=True, slots=True)
class History:
    """The newest thousand publications."""

    publications: tuple[PublicationLine, ...]
    type: str = "mpmirror.publications"
    format: int = 1


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """What a channel shows: ``sequence`` is its own, ``content`` what it names.

    ``path`` is where its root document is served.
    """

    channel: str
    sequence: int
    published: str
    root: Digest
    content: Digest
    path: str


@dataclass(frozen=True, slots=True)
class ChannelList:
    """All channels, by name; ``default`` is the one that is shown where a path names none."""

    default: str
    channels: tuple[ChannelLine, ...]
    type: str = "mpmirror.channels"
    format: int = 1


_CHANNELS = Shape(ChannelList)
_HISTORY = Shape(History)


class HistoryShelf:
    """Makes the list once for each current publication."""

    def __init__(self, store: Holdings, stationery: Stationery, default: str = CURRENT) -> None:
        self._store = store
        self._default = default
        self._channel_lists: Recent[Hashable] = Recent(most=1, most_bytes=1 << 20)
        self._stationery = stationery
        self._lists: Recent[Digest | None] = Recent(most=1, most_bytes=1 << 20)
        self._lines: dict[int, PublicationLine] = {}

    async def channels(self) -> Document:
        """Return the list of channels as they are now."""
        token = await to_end(self._store.publications.all_changed)
        return await self._channel_lists.get(token, self._list_channels)

    async def _list_channels(self) -> Document:
        found = [await self._channel(name) for name in await self._store.publications.channels()]
        lines = tuple(line for line in found if line is not None)
        body = _CHANNELS.dump_json(ChannelList(self._default, lines)) + b"\n"
        return Document.of(self._stationery, body)

    async def _channel(self, channel: str) -> ChannelLine | None:
        root = await self._store.publications.current(channel)
        if root is None:
            return None
        publication = decode_publication(await self._store.blobs.read(root, max_bytes=MOST_BYTES))
        return ChannelLine(
            channel=channel,
            sequence=publication.sequence,
            published=publication.published,
            root=root,
            content=publication.content,
            path=f"/v1/channels/{channel}/root.json",
        )

    async def document(self, current: Digest | None) -> Document:
        """Return the list as it is while *current* is the current root."""
        return await self._lists.get(current, self._make)

    async def root(self, sequence: int) -> Digest:
        """Return the root of a publication; raise `PublicationNotFoundError` for none."""
        return await self._store.publications.root(sequence)

    async def lines(self) -> tuple[PublicationLine, ...]:
        """Return the newest thousand publications, the newest first."""
        sequences = await self._store.publications.sequences()
        newest = reversed(deque(sequences, maxlen=_MOST))
        # A sequence never means another publication: only new ones have to be read.
        known = self._lines
        self._lines = {
            sequence: known.get(sequence) or await self._line(sequence) for sequence in newest
        }
        return tuple(self._lines.values())

    async def _make(self) -> Document:
        body = _HISTORY.dump_json(History(await self.lines())) + b"\n"
        return Document.of(self._stationery, body)

    async def _line(self, sequence: int) -> PublicationLine:
        root = await self._store.publications.root(sequence)
        data = await self._store.blobs.read(root, max_bytes=MOST_BYTES)
        publication = decode_publication(data)
        return PublicationLine(
            sequence=sequence,
            lineage=publication.lineage,
            published=publication.published,
            root=root,
            content=publication.content,
            path=f"/v1/publications/{sequence}/root.json",
        )
