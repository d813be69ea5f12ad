"""Find what a superseded publication named and the current one does not (P2).

A client that began on one publication can finish on it for the grace period.  Its clock is
that of this process at the least: what was superseded while nothing was served is in grace
from the start of serving on, so that a node that was down owes its clients nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from mirror.errors import MalformedValueError, MirrorError
from mirror.publication.documents import PublicationRoot, decode_content, decode_publication
from mirror.storage.threads import to_end
from mirror.web.artifacts import Artifact, read_names
from mirror.web.bench import FIRST_BYTE, within
from mirror.web.forbidden import CURRENT
from mirror.web.loading import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping

    from mirror.catalog.values import Digest
    from mirror.publication.documents import ContentRoot
    from mirror.web.holdings import Holdings

# So many publications are looked through at most: a first sync publishes every few minutes.
_MOST: Final = 64

_Boards: TypeAlias = "tuple[datetime, Collection[Digest]]"

_log = logging.getLogger(__name__)


class Shown(Protocol):
    """What is shown now: its root, and what that names."""

    @property
    def root(self) -> Digest:
        """The name of the root."""

    @property
    def publication(self) -> PublicationRoot:
        """The root."""

    @property
    def content(self) -> ContentRoot:
        """The content."""

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """Its artifacts by name."""


@dataclass(frozen=True, slots=True)
class _Kept:
    artifact: Artifact
    until: datetime


class Superseded:
    """The artifacts of superseded publications, looked for when somebody first asks.

    *grace* is counted by *clock*, which gives the time in UTC; a caller whose clock is in
    doubt gives one that stands still.
    """

    def __init__(
        self,
        store: Holdings,
        *,
        grace: timedelta,
        clock: Callable[[], datetime],
        channel: str = CURRENT,
    ) -> None:
        self._store = store
        self._channel = channel
        self._grace = grace
        self._clock = clock
        self._started = clock()
        self._found: dict[str, _Kept] = {}
        self._beside: Digest | None = None
        self._looked = asyncio.Event()

    async def look(self, current: Shown) -> None:
        """Look through what came before *current*, unless that was done."""
        if self._beside == current.root:
            return
        self._looked.clear()
        self._found = await self._look(current)
        self._beside = current.root
        self._looked.set()

    async def find(self, name: str, *, seconds: float = FIRST_BYTE) -> Artifact | None:
        """Return what a superseded publication in grace called *name*.

        Raises `BusyError` when the publications were not looked through within *seconds*.
        """
        async with within(seconds, "looking through superseded publications"):
            await self._looked.wait()
        kept = self._found.get(name)
        return kept.artifact if kept and kept.until > self._clock() else None

    async def _look(self, current: Shown) -> dict[str, _Kept]:
        found: dict[str, _Kept] = {}
        seen = set(current.content.boards.values())
        async for superseded_at, boards in self._before(current.publication):
            until = max(superseded_at, self._started) + self._grace
            for digest in set(boards) - seen:
                for artifact in await self._artifacts(digest):
                    if artifact.name not in current.artifacts:
                        found.setdefault(artifact.name, _Kept(artifact, until))
            seen.update(boards)
        return found

    async def _before(self, current: PublicationRoot) -> AsyncIterator[_Boards]:
        """Yield when each publication was superseded, and its boards, the newest first."""
        if self._channel != CURRENT:
            async for boards in self._on_channel(current):
                yield boards
            return
        superseded_at = _time(current)
        sequences = await self._store.publications.sequences()
        before = (number for number in sequences if number < current.sequence)
        for sequence in reversed(deque(before, maxlen=_MOST)):
            try:
                root = await self._store.publications.root(sequence)
                publication = decode_publication(await self._read(root))
                content = decode_content(await self._read(publication.content))
                yield superseded_at, content.boards.values()
                superseded_at = _time(publication)
            except MirrorError as error:
                # What can be read of the others still helps their clients.
                _log.warning("publication %d can not be looked through: %s", sequence, error)

    async def _on_channel(self, current: PublicationRoot) -> AsyncIterator[_Boards]:
        """Yield the same of a channel, whose roots name the one before."""
        superseded_at, before = _time(current), current.previous
        for _ in range(_MOST):
            if before is None:
                return
            try:
                publication = decode_publication(await self._read(before))
                content = decode_content(await self._read(publication.content))
            except MirrorError as error:
                # Also where the past was let go: nobody is in grace there.
                _log.info("channel %s is not looked through further: %s", self._channel, error)
                return
            yield superseded_at, content.boards.values()
            superseded_at, before = _time(publication), publication.previous

    async def _artifacts(self, digest: Digest) -> tuple[Artifact, ...]:
        try:
            names = await to_end(read_names, await self._read(digest))
        except MirrorError as error:
            _log.warning("a superseded board document can not be read: %s", error)
            return ()
        return names.artifacts

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=MOST_BYTES)


def _time(publication: PublicationRoot) -> datetime:
    try:
        moment = datetime.fromisoformat(publication.published)
    except ValueError as error:
        raise MalformedValueError(f"not a time: {publication.published[:80]!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
