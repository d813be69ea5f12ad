"""Keep refused bytes for a look, each with a note that says why; never serve them.

Bytes lie at ``quarantine/<64 hex>``, the note beside them as ``<64 hex>.json``.  What the
same bytes were refused for first stays.  Beyond a number of files or bytes the oldest go.
"""

from __future__ import annotations

import re
from asyncio import Lock
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mirror.errors import ArtifactNotFoundError, DamagedError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import reported
from mirror.storage.entries import Refusal
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from mirror.catalog.values import Digest
    from mirror.formats.verdict import Finding
    from mirror.storage.blob_store import BlobStore
    from mirror.storage.files import Files
    from mirror.storage.incoming import Incoming

_OURS = re.compile(r"[0-9a-f]{64}(\.json)?")
_NOTES = Shape(Refusal)
_NOTE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the quarantine holds at most: *files*, and *bytes* of them together."""

    files: int = 200
    bytes: int = 256 << 20


class Quarantine:
    """The quarantine in *folder*; all methods raise only `MirrorError`s."""

    def __init__(
        self, folder: Path, files: Files, bounds: Bounds, clock: Callable[[], datetime]
    ) -> None:
        self._folder = folder
        self._files = files
        self._bounds = bounds
        self._clock = clock
        self._lock = Lock()

    async def put(
        self, incoming: Incoming, name: str, url: str, reasons: tuple[Finding, ...]
    ) -> Digest:
        """Move what was received here, with a note that says why, durably; return its digest.

        After a failure nothing of it is left in the incoming folder.
        """
        refusal = Refusal(time=self._clock(), name=name, url=url, reasons=reasons)
        async with self._lock:
            return await to_end(self._put, incoming, refusal)

    async def take(self, blobs: BlobStore, digest: Digest, note: Refusal) -> None:
        """Move the blob *digest* here with *note*, durably; nothing is done if it is not held.

        Who is being sent its bytes at that moment is cut off.
        """
        async with self._lock:
            await to_end(self._take, blobs, replace(note, digest=digest))

    async def find_note(self, digest: Digest) -> Refusal | None:
        """Return the note of these bytes; None when they are not here."""
        return await to_end(self._find_note, digest)

    async def remove(self, digest: Digest) -> None:
        """Take bytes and note away, if they are here."""
        async with self._lock:
            await to_end(self._remove, self._folder / digest.hex)

    async def notes(self) -> list[Refusal]:
        """Return the note of everything held here, oldest first."""
        return await to_end(self._notes)

    def open(self, digest: Digest) -> BinaryIO:
        """Open refused bytes for a look; `ArtifactNotFoundError` when they are not here."""
        path = self._folder / digest.hex
        with reported("reading", path):
            try:
                return self._files.disk.open_reading(path)
            except FileNotFoundError as error:
                raise ArtifactNotFoundError(f"{digest} is not in quarantine") from error

    def recover(self) -> None:
        """Remove notes without bytes and bytes without a note; this blocks."""
        names = {path.name for path in self._listed()}
        for name in names:
            partner = name.removesuffix(".json") if name.endswith(".json") else f"{name}.json"
            if partner not in names:
                self._files.remove(self._folder / name)

    def _put(self, incoming: Incoming, refusal: Refusal) -> Digest:
        try:
            received = incoming.seal()
            path = self._folder / received.digest.hex
            note = replace(refusal, digest=received.digest, size=received.size)
            if not path.is_file():
                # The note first: bytes without one say nothing, and would be swept.
                self._files.write(_note_path(path), _NOTES.dump_json(note))
                self._files.place(incoming.path, path, received.digest)
        finally:
            incoming.remove()
        self._make_room()
        return received.digest

    def _take(self, blobs: BlobStore, note: Refusal) -> None:
        digest = note.digest
        if digest is None or not blobs.holds(digest):
            return
        path = self._folder / digest.hex
        if path.is_file():
            # These very bytes, and why they were refused first.
            self._remove(path)
        # As in `_put`: the note first.
        self._files.write(_note_path(path), _NOTES.dump_json(note))
        blobs.move(digest, path)
        self._make_room()

    def _find_note(self, digest: Digest) -> Refusal | None:
        path = self._folder / digest.hex
        with reported("looking at", path):
            return _find_note(_note_path(path)) if path.is_file() else None

    def _remove(self, path: Path) -> None:
        self._files.remove(path)
        self._files.remove(_note_path(path))

    def _make_room(self) -> None:
        with reported("reading the folder", self._folder):
            facts = [(path, path.stat()) for path in self._listed() if not path.suffix]
        newest_first = sorted(facts, key=lambda pair: pair[1].st_mtime_ns, reverse=True)
        held = 0
        for count, (path, stat) in enumerate(newest_first, start=1):
            held += stat.st_size
            if count > self._bounds.files or held > self._bounds.bytes:
                self._remove(path)

    def _notes(self) -> list[Refusal]:
        paths = [path for path in self._listed() if path.suffix]
        # What was let go since the folder was read has no note any more.
        notes = [note for note in map(_find_note, paths) if note is not None]
        return sorted(notes, key=lambda note: note.time)

    def _listed(self) -> list[Path]:
        with reported("reading the folder", self._folder):
            return [path for path in self._folder.iterdir() if _OURS.fullmatch(path.name)]


def _note_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _find_note(path: Path) -> Refusal | None:
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                text = file.read(_NOTE_BYTES)
        except FileNotFoundError:
            return None
    try:
        return _NOTES.validate_json(text)
    except ValidationError as error:
        raise DamagedError(f"the note {path} can not be read") from error
