"""``mpmirror.lock``: exactly which files a line, a course or a workshop flashes.

JSON that a person can read and compare: for each build of a board its file by name, digest and
size, and the chip and offset that were verified in the image.  Who takes the files of a lock
takes exactly these bytes, or nothing.  The lock names no mirror's address: every mirror that
holds the bytes will do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from mirror.catalog.kinds import Kind
from mirror.catalog.local_names import parse_held
from mirror.catalog.texts import one_line
from mirror.catalog.values import Digest
from mirror.errors import DigestMismatchError, MalformedValueError, UnrecognisedNameError
from mirror.frozen import dataclass
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.formats.verdict import ImageFacts
    from mirror.publication.offered import OfferedFile

LOCK_NAME: Final = "mpmirror.lock"
MOST_BYTES: Final = 4 << 20

_TYPE: Final = "mpmirror.lock"
_BOARD: Final = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\z"


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One file of a lock; ``chip`` and ``offset`` are None where the image shows none."""

    board: Annotated[str, Field(pattern=_BOARD)]
    variant: Annotated[str, Field(pattern=_BOARD)] | None
    version: Annotated[str, Field(max_length=80)]
    kind: Kind
    name: Annotated[str, Field(max_length=250)]
    digest: Digest
    size: Annotated[int, Field(ge=0, lt=1 << 30)]
    chip: Annotated[str, Field(max_length=40)] | None
    offset: Annotated[int, Field(ge=0, lt=1 << 32)] | None

    @property
    def build(self) -> str:
        """The build as people type it: ``BOARD`` or ``BOARD-VARIANT``."""
        return self.board if self.variant is None else f"{self.board}-{self.variant}"

    def refuse_other_place(self, facts: ImageFacts | None) -> None:
        """Raise `DigestMismatchError` unless the image has the chip and the offset of the lock."""
        found = (facts.chip, facts.offset) if facts else (None, None)
        if found != (self.chip, self.offset):
            raise DigestMismatchError(
                f"{self.name}: the lock says {_place(self.chip, self.offset)}, the image shows "
                f"{_place(*found)}"
            )


@dataclass(frozen=True, slots=True)
class Lock:
    """All files of a lock, by build and kind; written by one publication of one lineage."""

    files: Annotated[tuple[LockedFile, ...], Field(max_length=5000)]
    lineage: str | None = None
    sequence: int | None = None
    type: str = _TYPE
    format: int = 1


_LOCK = Shape(Lock)


def locked_file(board: str, file: OfferedFile) -> LockedFile:
    """Return how a lock holds *file* of *board*."""
    return LockedFile(
        board=board,
        variant=file.variant,
        version=file.version,
        kind=file.kind,
        name=file.name,
        digest=file.digest,
        size=file.size,
        chip=file.chip,
        offset=file.offset,
    )


def render_lock(files: Iterable[LockedFile], lineage: str, sequence: int) -> bytes:
    """Return the lock of *files*; equal files give equal bytes, whatever their order."""
    ordered = sorted(set(files), key=lambda one: (one.build, one.kind, one.name))
    document = _LOCK.dump_python(Lock(tuple(ordered), lineage, sequence), mode="json")
    return json.dumps(document, indent=2, ensure_ascii=True).encode() + b"\n"


def parse_lock(data: bytes) -> Lock:
    """Read a lock; raise `MalformedValueError` for anything that `render_lock` would not write."""
    if len(data) > MOST_BYTES:
        raise MalformedValueError(f"a lock of more than {MOST_BYTES} bytes")
    try:
        lock = _LOCK.validate_json(data)
        names = [parse_held(file.name) for file in lock.files]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(one_line(str(step), 80) for step in first["loc"])
        raise MalformedValueError(f"not a lock: {place or 'no JSON'}: {first['msg']}") from error
    except UnrecognisedNameError as error:
        raise MalformedValueError(f"not a lock: {error}") from error
    if (lock.type, lock.format) != (_TYPE, 1):
        raise MalformedValueError(f"not a lock that this mpmirror reads: {lock.type[:40]!r}")
    if any(name.kind is not file.kind for name, file in zip(names, lock.files, strict=True)):
        raise MalformedValueError("not a lock: a file's name and kind disagree")
    if len({file.name for file in lock.files}) < len(lock.files):
        raise MalformedValueError("not a lock: a name stands there twice")
    return lock


def _place(chip: str | None, offset: int | None) -> str:
    return f"{chip or 'no chip'} at {'no offset' if offset is None else f'{offset:#x}'}"
