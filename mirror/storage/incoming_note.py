"""The note beside a partial download: what its bytes are, for whoever goes on with them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import StorageError
from mirror.frozen import dataclass
from mirror.shapes import Shape

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

_MOST_BYTES = 16_384
# Nanoseconds.  A note for each portion took longer than the portion: a small file that comes
# fast is whole before it needs one.
_WRITTEN_EVERY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Note:
    """What the first *size* bytes of a part are: where from, under which ETag, which bytes."""

    url: str
    validator: str | None
    size: Annotated[int, Field(gt=0)]
    digest: Digest


_NOTES = Shape(Note)


class NoteFile:
    """The file of one note, written once a second at most while a download goes on.

    All calls block.
    """

    def __init__(self, path: Path, files: Files) -> None:
        self._path = path
        self._files = files
        self._written_ns = files.disk.now_ns()
        #: Whether there may be one.
        self.may_be = False

    @property
    def is_due(self) -> bool:
        """Whether the last one, or the beginning, was a second ago."""
        # Also when the clock was set back.
        return abs(self._files.disk.now_ns() - self._written_ns) >= _WRITTEN_EVERY

    def find(self) -> Note | None:
        """Return what an earlier process wrote; None when there is nothing that can be read."""
        self.may_be = True
        with contextlib.suppress(OSError, ValidationError), self._path.open("rb") as file:
            return _NOTES.validate_json(file.read(_MOST_BYTES))
        return None

    def write(self, note: Note) -> None:
        """Write *note* down, without waiting for the disk; raise only `StorageError`s."""
        self.may_be = True
        self._files.write_loosely(self._path, _NOTES.dump_json(note))
        self._written_ns = self._files.disk.now_ns()

    def remove(self) -> None:
        """Take it away; raise only `StorageError`s."""
        self._files.remove(self._path)
        self.may_be = False

    def remove_loosely(self) -> None:
        """Take it away, as far as the disk lets us."""
        if self.may_be:
            with contextlib.suppress(StorageError):
                self.remove()
