"""Write a bundle to a file, or to volumes of a size; it has its name when it is whole."""

from __future__ import annotations

import hashlib
import os
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from mirror.errors import ConfigurationError
from mirror.frozen import dataclass
from mirror.storage.disk import in_words
from mirror.storage.threads import to_end
from mirror.transfer.bundles.exporting import stream_export
from mirror.transfer.bundles.tar import END, room
from mirror.transfer.bundles.volumes import HEADER_BYTES, MOST_VOLUMES, Volume

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.storage.store import StoreReader
    from mirror.transfer.bundles.exporting import Export

_LEAST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the files, and the bytes of the bundle."""

    files: tuple[Path, ...]
    size: int


def size_of(export: Export) -> int:
    """Return how many bytes the bundle has."""
    head = sum(room(len(data)) for _, data in export.head)
    return head + sum(room(piece.size) for piece in export.manifest.pieces) + len(END)


async def write_bundle(
    store: StoreReader,
    export: Export,
    path: Path,
    split: int | None,
    report: Callable[[int, int], None],
) -> Written:
    """Write *export* to *path*, or to ``path.001``, … of at most *split* bytes each.

    Raises `StorageError` when the medium takes no more, `DamagedError` for a blob that is
    not what it was; nothing has a final name then.
    """
    total = size_of(export)
    volumes = VolumeFiles(path, total, split, export)
    done = 0
    try:
        async with aclosing(stream_export(store, export)) as portions:
            async for portion in portions:
                await to_end(volumes.write, portion)
                done += len(portion)
                report(done, total)
        return Written(await to_end(volumes.finish), total)
    except OSError as error:
        raise in_words("writing", path, error) from error
    finally:
        await to_end(volumes.close)


class VolumeFiles:
    """The files of one bundle, each under a temporary name until all are whole."""

    def __init__(self, path: Path, total: int, split: int | None, export: Export) -> None:
        if split is not None and split < _LEAST:
            raise ConfigurationError(f"a volume has at least {_LEAST} bytes, not {split}")
        self._path = path
        self._total = total
        self._room = None if split is None else split - HEADER_BYTES
        self._count = 1 if self._room is None else -(-total // self._room)
        if self._count > MOST_VOLUMES:
            raise ConfigurationError(f"{self._count} volumes are too many: make them larger")
        self._bundle = hashlib.sha256(export.head[0][1]).hexdigest()
        self._done: list[tuple[Path, Path]] = []
        self._file: BinaryIO | None = None
        self._hashed = hashlib.sha256()
        self._written = self._offset = 0

    def write(self, portion: bytes) -> None:
        """Append *portion*."""
        rest = memoryview(portion)
        while rest:
            if self._file is None:
                self._begin()
            assert self._file is not None  # noqa: S101 - just opened
            left = len(rest) if self._room is None else self._room - self._written
            part, rest = rest[:left], rest[left:]
            self._file.write(part)
            if self._room is not None:
                self._hashed.update(part)  # for the head that only volumes have
            self._written += len(part)
            if self._room is not None and self._written == self._room:
                self._end()

    def finish(self) -> tuple[Path, ...]:
        """Give every file its name."""
        if self._file is not None:
            self._end()
        for temporary, final in self._done:
            temporary.replace(final)
        names = tuple(final for _, final in self._done)
        self._done.clear()
        return names

    def close(self) -> None:
        """Take away what did not get its name."""
        if self._file is not None:
            self._file.close()
            self._file = None
        for temporary, _ in self._done:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _begin(self) -> None:
        number = len(self._done) + 1
        name = self._path.name if self._room is None else f"{self._path.name}.{number:03d}"
        final = self._path.with_name(name)
        temporary = final.with_name(f".{name}.part")
        self._done.append((temporary, final))
        self._file = temporary.open("wb")
        self._hashed, self._written = hashlib.sha256(), 0
        if self._room is not None:
            self._file.write(bytes(HEADER_BYTES))

    def _end(self) -> None:
        assert self._file is not None  # noqa: S101 - only called while one is open
        if self._room is not None:
            volume = Volume(
                bundle=self._bundle,
                number=len(self._done),
                count=self._count,
                offset=self._offset,
                size=self._written,
                sha256=self._hashed.hexdigest(),
            )
            self._file.seek(0)
            self._file.write(volume.header())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        self._offset += self._written
