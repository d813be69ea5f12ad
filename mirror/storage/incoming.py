"""Partial downloads that survive a restart, and never join what does not belong together.

Beside ``<key>.part`` stands ``<key>.json``: the URL, the validator, and how many bytes
there were with which SHA-256.  After a restart only so many bytes count, and only if they
still hash to it: whatever a power cut left torn, and whatever came with another validator,
is thrown away and fetched again.  A killed process loses what came within one second, and up
to a portion.  Nothing here is durable until it is kept or quarantined.
"""

from __future__ import annotations

import contextlib
import stat
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import StorageError
from mirror.frozen import dataclass
from mirror.storage.disk import reported
from mirror.storage.files import READ_ONLY
from mirror.storage.hashes import Hashes
from mirror.storage.incoming_note import Note, NoteFile
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO, Self

    from mirror.storage.files import Files
    from mirror.storage.incoming_folder import Left
    from mirror.storage.space import Room

# One hop to a thread for so many bytes.
_PORTION = 1 << 20
_MANY = 64


@dataclass(frozen=True, slots=True)
class Received:
    """The whole of what was received: digest, size in bytes, and MD5 in hex if it was wanted."""

    digest: Digest
    size: int
    md5: str | None


class Incoming:
    """One partial download, for one task at a time; made by `IncomingFolder.open`.

    An asynchronous context manager: entered, it takes up what an earlier process left;
    left without `finish`, it leaves what came for the next one.  The bytes that count are
    those that *size* says; `write` may hold back up to 1 MiB of them.  All methods raise
    only `StorageError`s.
    """

    def __init__(
        self, path: Path, url: str, files: Files, room: Room, left: Left, *, md5: bool
    ) -> None:
        self.path = path
        self._note = NoteFile(path.with_suffix(".json"), files)
        self._url = url
        self._files = files
        self._room = room
        self._left = left
        self._validator: str | None = None
        # As they came: put together in one place they would be copied once more.
        self._waiting: list[bytes | memoryview] = []
        self._waiting_bytes = 0
        self._written = 0
        self._md5 = md5
        self._hashes = Hashes(md5=md5)
        self._descriptor: int | None = None
        #: Whether the part may have bytes behind those that count.
        self._ragged = False
        #: Whether more was written than is noted, and is not the whole yet.
        self._unnoted = False

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return self._written + self._waiting_bytes

    @property
    def validator(self) -> str | None:
        """The strong ETag that they came with."""
        return self._validator

    async def restart(self, validator: str | None) -> None:
        """Throw the bytes away, and remember *validator* for those to come."""
        self._validator = validator
        self._take_waiting()
        if self._written or self._descriptor is not None:
            await to_end(self._start_again)

    async def write(self, chunk: bytes | memoryview) -> None:
        """Append *chunk*; after a failure *size* is what is really there."""
        if chunk:
            self._waiting.append(chunk)
            self._waiting_bytes += len(chunk)
        if self._waiting_bytes >= _PORTION:
            await to_end(self._write_on, self._take_waiting())

    async def finish(self) -> Received:
        """Say that this was all; return what it is."""
        await to_end(self._write_last, self._take_waiting())
        return Received(self._hashes.digest, self._written, self._hashes.md5)

    def reading(self) -> BinaryIO:
        """Open what was finished for reading, from its start; the caller closes it."""
        with reported("reading", self.path):
            return self._files.disk.open_reading(self.path)

    async def discard(self) -> None:
        """Take it away."""
        self._take_waiting()
        await to_end(self.remove)

    async def close(self) -> None:
        """Leave it so that the next one goes on where this one stops."""
        if self._waiting or self._descriptor is not None:
            await to_end(self._close, self._take_waiting())

    async def __aenter__(self) -> Self:
        if self._left.may_have(self.path):
            await to_end(self._resume)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        # A failure here must not hide why the download ended: it costs a fetch, no more.
        with contextlib.suppress(StorageError):
            await self.close()

    # --- for this room: these block ------------------------------------------------------

    def seal(self, mode: int = READ_ONLY) -> Received:
        """Make the bytes durable and give them *mode*, ready for their final name."""
        with reported("writing", self.path):
            self._write_out(self._take_waiting())
            descriptor = self._cut()
            self._files.disk.set_mode(descriptor, mode)
            self._files.disk.sync(descriptor)
        return Received(self._hashes.digest, self._written, self._hashes.md5)

    def remove(self) -> None:
        """Take part and note away, as far as the disk lets us; what stays is not resumed."""
        self._forget()
        self._note.remove_loosely()
        with contextlib.suppress(StorageError):
            self._files.remove(self.path)
            self._left.gone(self.path)

    def placed(self) -> None:
        """Take only the note away: the part has another name by now."""
        self._forget()
        self._note.remove_loosely()
        self._left.gone(self.path)

    def _resume(self) -> None:
        """Take up what an earlier process left, or nothing when any of it is doubtful."""
        note = self._note.find()
        with contextlib.suppress(OSError):
            if note is not None and note.url == self._url and self._matches(note):
                self._validator = note.validator
                self._written = note.size
                self._ragged = True
                return
        self._hashes = Hashes(md5=self._md5)
        self.remove()

    def _take_waiting(self) -> list[bytes | memoryview]:
        taken, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return taken

    def _start_again(self) -> None:
        self._close_file()
        # The note first: it must never stand beside bytes that it does not mean.
        self._note.remove()
        self._files.remove(self.path)
        self._forget()
        self._ragged = False
        self._hashes = Hashes(md5=self._md5)

    def _forget(self) -> None:
        self._close_file()
        self._written = 0
        self._unnoted = False

    def _write_on(self, chunks: list[bytes | memoryview]) -> None:
        with reported("writing", self.path):
            self._write_out(chunks)
        self._unnoted = True
        if self._note.is_due:
            self._write_note()

    def _write_last(self, chunks: list[bytes | memoryview]) -> None:
        with reported("writing", self.path):
            self._write_out(chunks)
            descriptor = self._cut()
        self._unnoted = False
        # The disk works while the bytes are judged; where it can not be told, it works later.
        with contextlib.suppress(OSError):
            self._files.disk.hasten(descriptor)

    def _write_out(self, chunks: list[bytes | memoryview]) -> None:
        self._room.demand(sum(map(len, chunks)))
        # Large ones go out as they are; thousands of tiny ones would be thousands of writes.
        for chunk in chunks if len(chunks) < _MANY else [b"".join(chunks)]:
            descriptor, ragged = self._open_for_writing(), self._ragged
            # A write that fails may leave some of its bytes.
            self._ragged = True
            self._files.write_at(descriptor, chunk, self._written)
            self._ragged = ragged
            self._hashes.update(chunk)
            self._written += len(chunk)

    def _cut(self) -> int:
        """Make the part as long as the bytes that count; return its descriptor."""
        descriptor = self._open_for_writing()
        if self._ragged:
            self._files.disk.truncate(descriptor, self._written)
            self._ragged = False
        return descriptor

    def _write_note(self) -> None:
        self._note.write(Note(self._url, self._validator, self._written, self._hashes.digest))
        self._unnoted = False

    def _close(self, chunks: list[bytes | memoryview]) -> None:
        try:
            if chunks or self._unnoted:
                with reported("writing", self.path):
                    self._write_out(chunks)
                self._write_note()
        finally:
            self._close_file()

    def _open_for_writing(self) -> int:
        if self._descriptor is None:
            disk = self._files.disk
            self._left.begun(self.path)
            self._descriptor = disk.reopen(self.path) if self._written else disk.create(self.path)
        return self._descriptor

    def _close_file(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                self._files.disk.close(descriptor)

    def _matches(self, note: Note) -> bool:
        left = note.size
        with self._files.disk.open_reading(self.path) as file:
            while data := file.read(min(left, _PORTION)):
                self._hashes.update(data)
                left -= len(data)
        return left == 0 and self._hashes.digest == note.digest and not is_sealed(self.path)


def is_sealed(part: Path) -> bool:
    """Whether *part* can be gone on from no more."""
    # It was on its way to its final name, and may have that one too after a power cut:
    # writing to it could change a blob.
    return not part.stat().st_mode & stat.S_IWUSR
