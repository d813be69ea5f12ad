r"""Publications by sequence, and the channels that point to them.

``publications/<sequence>`` and ``channels/<name>`` hold one line each: the digest of a root
document.  To publish is to write the first and then move the second, when all that the root
names is held already.  Sequences rise (P7): what `channels/current` reached is never left
for a lower one.

The other channels have roots of their own, with their own sequences, and ``publications`` knows
nothing of those: each names the one before it.  To move such a channel is to replace its pointer,
by somebody who says from where: of two who would move it at once only one does.

A crash between the two writes leaves one publication above the pointer.  Nobody is told of
it while the pointer is lower.  The next start finishes that publication rather than sweep
it: all of it was held before it was written, and somebody may have seen the pointer moved
before the power went.  More than one above the pointer is no crash but damage.
"""

from __future__ import annotations

import re
from asyncio import Lock
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    MalformedValueError,
    PublicationNotFoundError,
    StorageError,
)
from mirror.storage.disk import reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from mirror.storage.blob_store import BlobStore
    from mirror.storage.files import Files

CURRENT = "current"

PointerToken: TypeAlias = tuple[int, int, int] | None
ChannelsToken: TypeAlias = tuple[tuple[str, PointerToken], ...]

_SEQUENCE = re.compile(r"[1-9][0-9]{0,17}")
#: What a channel can be called.
CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LINE_BYTES = 128


class PublicationReader:
    """Reads the publications and channels of a data folder; safe beside a writer.

    Raises `DamagedError` when a file does not hold what it should.
    """

    def __init__(self, publications: Path, channels: Path) -> None:
        self._publications = publications
        self._channels = channels

    async def current(self, channel: str = CURRENT) -> Digest | None:
        """Return the root that *channel* points to, or None when there is no such channel."""
        return await to_end(self._pointer, channel)

    async def sequences(self) -> tuple[int, ...]:
        """Return the sequences of all publications, lowest first, up to the current one."""
        return await to_end(self._published)

    async def root(self, sequence: int) -> Digest:
        """Return the root of a publication; raise `PublicationNotFoundError` for others."""
        return await to_end(self._root, sequence)

    async def next_sequence(self) -> int:
        """Return the lowest sequence that may be published now: 1 for the first."""
        return await to_end(self._highest) + 1

    async def channels(self) -> tuple[str, ...]:
        """Return the names of all channels, ``current`` among them."""
        return await to_end(self._channel_names)

    def changed(self, channel: str = CURRENT) -> PointerToken:
        """Return a value that is another one after the pointer was moved; quick enough to poll.

        None means that the channel does not exist.
        """
        path = self._channel_path(channel)
        with reported("looking at", path):
            try:
                facts = path.stat()
            except FileNotFoundError:
                return None
        return facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns

    def all_changed(self) -> ChannelsToken:
        """Return a value that is another one after any pointer was moved; this blocks."""
        names = self._channel_names()
        return tuple((name, self.changed(name)) for name in names)

    def _root(self, sequence: int) -> Digest:
        root = _find_digest(self._publication_path(sequence))
        if root is None or sequence > self._highest():
            raise PublicationNotFoundError(f"there is no publication {sequence}")
        return root

    def _pointer(self, channel: str) -> Digest | None:
        return _find_digest(self._channel_path(channel))

    def _channel_names(self) -> tuple[str, ...]:
        with reported("reading the folder", self._channels):
            names = [path.name for path in self._channels.iterdir()]
        return tuple(sorted(name for name in names if CHANNEL_NAME.fullmatch(name)))

    def _published(self) -> tuple[int, ...]:
        highest = self._highest()
        return tuple(sequence for sequence in self._written() if sequence <= highest)

    def _highest(self) -> int:
        """Return the sequence that the pointer has reached, 0 before the first."""
        root = self._pointer(CURRENT)
        return 0 if root is None else self._sequence_of(root)

    def _sequence_of(self, root: Digest) -> int:
        for sequence in reversed(self._written()):
            if _find_digest(self._publication_path(sequence)) == root:
                return sequence
        raise DamagedError(f"a channel in {self._channels} points to {root}: no publication has it")

    def _written(self) -> list[int]:
        with reported("reading the folder", self._publications):
            names = [path.name for path in self._publications.iterdir()]
        return sorted(int(name) for name in names if _SEQUENCE.fullmatch(name))

    def _publication_path(self, sequence: int) -> Path:
        return self._publications / str(sequence)

    def _channel_path(self, channel: str) -> Path:
        if CHANNEL_NAME.fullmatch(channel) is None:
            raise MalformedValueError(f"not the name of a channel: {channel[:80]!r}")
        return self._channels / channel


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a board was rendered: *grounds* is a digest of all that *document* followed from.

    ``offered`` are the names on demand, one a line.
    """

    grounds: bytes
    document: Digest
    offered: str


@dataclass(slots=True)
class Renderings:
    """What was rendered last, for as long as this process lives: ``boards`` by id.

    ``local`` is the content of which the current publication has the local layer, and
    what else that was rendered from.
    """

    boards: dict[str, Rendering] = field(default_factory=dict)
    local: tuple[Digest, str] | None = None


class Publications(PublicationReader):
    """The one writer's publications.

    Who makes a publication has ``making`` from its first look at what is held until the
    pointer is moved, and so has who lets go of blobs: nothing that is being named goes.
    Whoever has it may also use ``rendered``.
    """

    def __init__(self, publications: Path, channels: Path, files: Files, blobs: BlobStore) -> None:
        super().__init__(publications, channels)
        self._files = files
        self._blobs = blobs
        self._lock = Lock()
        #: Held by whoever makes a publication, from reading the one before to the pointer.
        self.making = Lock()
        self.rendered = Renderings()

    async def publish(self, sequence: int, root: Digest) -> None:
        """Make *root* the current publication, durably.

        The caller has put everything that *root* names.  Raises `StorageError` when
        *sequence* is not above every one so far (again the same root is allowed: a caller
        that saw an error does not know whether the pointer moved), `ArtifactNotFoundError`
        when the root itself is not held.
        """
        async with self._lock:
            await to_end(self._publish, sequence, root)

    async def point(self, channel: str, root: Digest, *, after: Digest | None) -> None:
        """Have *channel* (not ``current``), which pointed to *after*, point to *root*, durably.

        The caller has put everything that *root* names, and has seen that its sequence is above
        that of *after*.  Again the same is allowed, as for `publish`.  Raises `StorageError` when
        the channel points elsewhere by now, `ArtifactNotFoundError` when *root* is not held.
        """
        async with self._lock:
            await to_end(self._point, channel, root, after)

    async def forget(self, sequences: Collection[int]) -> None:
        """Drop publications, durably; their blobs stay.

        Raises `StorageError` for one that a channel points to, and then drops none.
        """
        async with self._lock:
            await to_end(self._forget, sequences)

    def any(self) -> bool:
        """Whether anything was ever published here, or nearly; this blocks."""
        return bool(self._written())

    def recover(self) -> str | None:
        """Finish the publication that a crash interrupted; return a sentence if there was one."""
        # A killed process may have renamed without coming to that.
        self._files.sync_folders([self._publications, self._channels])
        highest = self._highest()
        above = [sequence for sequence in self._written() if sequence > highest]
        if not above:
            return None
        if len(above) > 1:
            raise DamagedError(
                f"{self._channel_path(CURRENT)} points to publication {highest or 'none'}, "
                f"but {len(above)} newer ones exist: restore it, or move them away"
            )
        self._finish(above[0])
        return f"publication {above[0]} was interrupted by a crash and is finished now"

    def _publish(self, sequence: int, root: Digest) -> None:
        if not self._blobs.holds(root):
            raise ArtifactNotFoundError(f"the root {root} of publication {sequence} is not held")
        highest = self._highest()
        again = sequence == highest and self._pointer(CURRENT) == root
        if sequence <= highest and not again:
            raise StorageError(f"publication {sequence} is not above the current one, {highest}")
        self._forget_above(highest)
        self._files.write(self._publication_path(sequence), _line(root))
        self._finish(sequence)

    def _point(self, channel: str, root: Digest, after: Digest | None) -> None:
        path = self._channel_path(channel)
        if channel == CURRENT:
            raise StorageError("the channel current moves by publishing only")
        if not self._blobs.holds(root):
            raise ArtifactNotFoundError(f"the root {root} for channel {channel} is not held")
        if self._pointer(channel) not in {after, root}:
            raise StorageError(f"channel {channel} was moved by somebody else meanwhile")
        self._files.write(path, _line(root))

    def _forget(self, sequences: Collection[int]) -> None:
        pointed = {self._pointer(channel) for channel in self._channel_names()}
        for sequence in sequences:
            if _find_digest(self._publication_path(sequence)) in pointed:
                raise StorageError(f"a channel points to publication {sequence}: it stays")
        self._files.remove_all(self._publication_path(sequence) for sequence in sequences)

    def _finish(self, sequence: int) -> None:
        root = _find_digest(self._publication_path(sequence))
        if root is None or not self._blobs.holds(root):
            raise DamagedError(f"the root of publication {sequence} is not held")
        self._files.write(self._channel_path(CURRENT), _line(root))

    def _forget_above(self, highest: int) -> None:
        """Remove what an attempt to publish left that failed before the pointer moved."""
        above = [sequence for sequence in self._written() if sequence > highest]
        for sequence in above:
            self._files.remove(self._publication_path(sequence))
        if above:
            self._files.sync_folders([self._publications])


def _line(root: Digest) -> bytes:
    return f"{root}\n".encode()


def _find_digest(path: Path) -> Digest | None:
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                line = file.read(_LINE_BYTES)
        except FileNotFoundError:
            return None
    try:
        digest = Digest.parse(line.removesuffix(b"\n").decode("ascii"))
    except (MalformedValueError, UnicodeDecodeError) as error:
        raise DamagedError(f"{path} does not hold a digest") from error
    if line != _line(digest):
        raise DamagedError(f"{path} does not hold a digest and nothing else")
    return digest
