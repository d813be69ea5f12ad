"""Find what a superseded publication named and the current one does not (P2).

A client that began on one publication can finish on it for the grace period.  Its clock is
that of this process at the least: what was superseded while nothing was served is in grace
from the start of serving on, so that a node that was down owes its clients nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from mirror.errors import MalformedValueError, MirrorError
from mirror.frozen import dataclass
from mirror.publication.documents import PublicationRoot, decode_content, decode_publication
from mirror.storage.threads import to_end
from mirror.web.artifacts import Artifact, read_names
from mirror.web.bench import FIRST_BYTE, within
from mirror.web.forbidden import CURRENT
from mirror.web.loading import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable

    from mirror.catalog.values import Digest
    from mirror.publication.documents import ContentRoot
    from mirror.web.holdings import Holdings

# So many publications are looked through at most: a first sync publishes every few minutes.
_MOST: Final = 64

#: A root, when it was superseded, and its boards.
_Past: TypeAlias = "tuple[Digest, datetime, Collection[Digest]]"

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
    """An *artifact*, *until* when it is in grace, and so many publications *back*."""

    artifact: Artifact
    until: datetime
    back: int


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was *found* beside *shown*; not ``whole`` when something could not be read."""

    shown: Shown
    found: Mapping[str, _Kept]
    whole: bool


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
        self._last: _Looked | None = None
        self._whole = True
        self._looked = asyncio.Event()

    async def look(self, current: Shown) -> None:
        """Look through what came before *current*, unless that was done."""
        if self._last is not None and self._last.shown.root == current.root:
            return
        self._looked.clear()
        self._whole = True
        found = await self._look(current)
        self._last = _Looked(current, found, self._whole)
        self._looked.set()

    async def find(self, name: str, *, seconds: float = FIRST_BYTE) -> Artifact | None:
        """Return what a superseded publication in grace called *name*.

        Raises `BusyError` when the publications were not looked through within *seconds*.
        """
        async with within(seconds, "looking through superseded publications"):
            await self._looked.wait()
        kept = self._last.found.get(name) if self._last else None
        return kept.artifact if kept and kept.until > self._clock() else None

    async def _look(self, current: Shown) -> dict[str, _Kept]:
        found: dict[str, _Kept] = {}
        seen = set(current.content.boards.values())
        last = self._last if self._last and self._last.whole else None
        back = 0
        async for root, superseded_at, boards in self._before(current.publication):
            back += 1
            until = max(superseded_at, self._started) + self._grace
            if last is not None and root == last.shown.root:
                # What that one named is known, and all that was found before it.
                _keep(last.shown.artifacts.values(), until, back, found)
                found = _further(last.found, back) | found
                break
            for digest in set(boards) - seen:
                _keep(await self._artifacts(digest), until, back, found)
            seen.update(boards)
        return {name: kept for name, kept in found.items() if name not in current.artifacts}

    async def _before(self, current: PublicationRoot) -> AsyncIterator[_Past]:
        """Yield the publications before *current*, the newest first."""
        if self._channel != CURRENT:
            async for past in self._on_channel(current):
                yield past
            return
        superseded_at = _time(current)
        sequences = await self._store.publications.sequences()
        before = (number for number in sequences if number < current.sequence)
        for sequence in reversed(deque(before, maxlen=_MOST)):
            try:
                root = await self._store.publications.root(sequence)
                publication = decode_publication(await self._read(root))
                content = decode_content(await self._read(publication.content))
                yield root, superseded_at, content.boards.values()
                superseded_at = _time(publication)
            except MirrorError as error:
                # What can be read of the others still helps their clients.
                self._whole = False
                _log.warning("publication %d can not be looked through: %s", sequence, error)

    async def _on_channel(self, current: PublicationRoot) -> AsyncIterator[_Past]:
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
            yield before, superseded_at, content.boards.values()
            superseded_at, before = _time(publication), publication.previous

    async def _artifacts(self, digest: Digest) -> tuple[Artifact, ...]:
        try:
            names = await to_end(read_names, await self._read(digest))
        except MirrorError as error:
            self._whole = False
            _log.warning("a superseded board document can not be read: %s", error)
            return ()
        return names.artifacts

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=MOST_BYTES)


def _keep(
    artifacts: Iterable[Artifact], until: datetime, back: int, found: dict[str, _Kept]
) -> None:
    """Add to *found*, which has those of newer publications, what it has no name of."""
    for artifact in artifacts:
        found.setdefault(artifact.name, _Kept(artifact, until, back))


def _further(found: Mapping[str, _Kept], back: int) -> dict[str, _Kept]:
    """Return what was *found* so many publications ago, but for what is too far back now."""
    return {
        name: replace(kept, back=kept.back + back)
        for name, kept in found.items()
        if kept.back + back <= _MOST
    }


def _time(publication: PublicationRoot) -> datetime:
    try:
        moment = datetime.fromisoformat(publication.published)
    except ValueError as error:
        raise MalformedValueError(f"not a time: {publication.published[:80]!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
