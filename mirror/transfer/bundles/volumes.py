"""A bundle cut into volumes: each with a header of its own, in any order, none missing.

A header is one block of 512 bytes: a line of JSON, canonical, filled with blanks, that says of
which bundle this is (the SHA-256 of its manifest), which volume of how many, at which place, of
which size, and the SHA-256 of what follows.  A volume is exactly its header and that many bytes.
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

from pydantic import Field, ValidationError

from mirror.errors import BundleRefusedError, UnreadableFileError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mirror.transfer.bundles.reading import Medium

HEADER_BYTES: Final = 512
MOST_VOLUMES: Final = 100_000
_MAGIC: Final = b'{"bundle":"'

_Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]
_Number = Annotated[int, Field(ge=0, lt=1 << 50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The header of one volume; *number* counts from 1 to *count*."""

    bundle: _Hex
    number: Annotated[int, Field(ge=1, le=MOST_VOLUMES)]
    count: Annotated[int, Field(ge=1, le=MOST_VOLUMES)]
    offset: _Number
    size: _Number
    sha256: _Hex

    def header(self) -> bytes:
        """Return the block that stands before the bytes."""
        return canonical(_VOLUMES.dump_python(self)).ljust(HEADER_BYTES - 1) + b"\n"


_VOLUMES = Shape(Volume)


class _Volumes(AbstractContextManager["_Volumes"]):
    """The bytes of all volumes in order, each hashed as it is read."""

    def __init__(self, files: Sequence[tuple[Volume, Path]]) -> None:
        self._files = list(files)
        self._open: BinaryIO | None = None
        self._volume: Volume | None = None
        self._left = 0
        self._hashed = hashlib.sha256()

    def __exit__(self, *_exception: object) -> None:
        self._close()

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes; raise `BundleRefusedError` at a volume's end if it is bad."""
        while not self._left:
            self._close()
            if not self._files:
                return b""
            self._begin(*self._files.pop(0))
        assert self._open is not None  # noqa: S101 - `_begin` opened it
        data = self._open.read(min(size, self._left))
        self._hashed.update(data)
        self._left -= len(data)
        if not data or not self._left:
            self._refuse_bad()
        return data

    def _begin(self, volume: Volume, path: Path) -> None:
        self._open = path.open("rb")
        self._open.seek(HEADER_BYTES)
        self._volume, self._left, self._hashed = volume, volume.size, hashlib.sha256()

    def _refuse_bad(self) -> None:
        volume = self._volume
        if volume is None or self._left or self._hashed.hexdigest() != volume.sha256:
            number = volume.number if volume else 0
            raise BundleRefusedError(
                f"volume {number} is not as it was written: copy that one again"
            )

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def open_medium(paths: Sequence[Path]) -> AbstractContextManager[Medium]:
    """Open the bundle of *paths*: one file, or all volumes of one bundle; this blocks.

    Raises `BundleRefusedError` when volumes are missing, which it names, or of two bundles, and
    `UnreadableFileError` for what can not be read.
    """
    try:
        heads = [(find_volume(path), path) for path in paths]
        volumes = [(volume, path) for volume, path in heads if volume is not None]
        if not volumes:
            if len(paths) != 1:
                raise BundleRefusedError("several files, and they are no volumes of one bundle")
            return paths[0].open("rb")
    except OSError as error:
        raise UnreadableFileError(
            f"{error.filename} can not be read: {error.strerror or error}"
        ) from error
    if len(volumes) != len(heads):
        odd = next(path for volume, path in heads if volume is None)
        raise BundleRefusedError(f"{odd.name} is no volume of the bundle of the others")
    return _Volumes(_in_order(volumes))


def find_volume(path: Path) -> Volume | None:
    """Return the header of a volume, None for another file; raise `BundleRefusedError`."""
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    if not head.startswith(_MAGIC):
        return None
    try:
        volume = _VOLUMES.validate_json(head)
    except ValidationError as error:
        raise BundleRefusedError(f"{path.name}: its header is damaged") from error
    if volume.header() != head:
        raise BundleRefusedError(f"{path.name}: its header is damaged")
    if path.stat().st_size != HEADER_BYTES + volume.size:
        raise BundleRefusedError(f"{path.name}: cut short, or longer than it says")
    return volume


def _in_order(volumes: Iterable[tuple[Volume, Path]]) -> list[tuple[Volume, Path]]:
    by_number: dict[int, tuple[Volume, Path]] = {}
    for volume, path in volumes:
        by_number.setdefault(volume.number, (volume, path))
    firsts = list(by_number.values())
    one = firsts[0][0]
    if any((two.bundle, two.count) != (one.bundle, one.count) for two, _ in firsts):
        raise BundleRefusedError("the files are volumes of different bundles")
    missing = [str(number) for number in range(1, one.count + 1) if number not in by_number]
    if missing:
        more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""  # noqa: PLR2004 - a line
        raise BundleRefusedError(
            f"of {one.count} volumes these are missing: {', '.join(missing[:20])}{more}"
        )
    ordered = [by_number[number] for number in range(1, one.count + 1)]
    place = 0
    for volume, _ in ordered:
        if volume.offset != place:
            raise BundleRefusedError(f"volume {volume.number} does not go on from the one before")
        place += volume.size
    return ordered
