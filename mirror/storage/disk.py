"""The operations of a disk, one method each, and the words for what goes wrong with them.

`Disk` decides nothing: `mirror.storage.files` does.  Everything durable goes through it,
so that a test can record each operation, or make the n-th one fail.  Its methods raise
`OSError`; inside `reported` that becomes a `StorageError` which says what and where.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import contextmanager
from io import BufferedReader, FileIO
from typing import TYPE_CHECKING

from mirror.errors import DiskFullError, ReadOnlyDiskError, StorageError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True)
class Space:
    """The size of a file system and what an ordinary user may still write, in bytes."""

    total: int
    free: int


class Disk:
    """A real disk.  A file open for writing is a file descriptor; names are paths."""

    def create(self, path: Path) -> int:
        """Make the file *path*, which must not exist, and open it for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)

    def reopen(self, path: Path) -> int:
        """Open the file *path*, which must exist, for writing."""
        return os.open(path, os.O_WRONLY | os.O_NOFOLLOW)

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        """Write *data* at *offset*; return how many bytes were taken, maybe not all."""
        return os.pwrite(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        """Make the file *size* bytes long."""
        os.ftruncate(descriptor, size)

    def set_mode(self, descriptor: int, mode: int) -> None:
        """Give the file the permissions *mode*."""
        os.fchmod(descriptor, mode)

    def hasten(self, descriptor: int) -> None:
        """Have the system begin to bring the bytes of the file to the disk; nothing waits."""
        # Linux begins to write what it is told to drop, and keeps what is not written yet
        # (mm/fadvise.c); sync_file_range(2), which says just that, is not in Python.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self, descriptor: int) -> None:
        """Wait until the bytes of the file are on the disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close the file."""
        os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give the file *old* the name *new*, in place of what had it."""
        old.replace(new)

    def link(self, path: Path, final: Path) -> None:
        """Give the file *path* the further name *final*, which must be free."""
        os.link(path, final, follow_symlinks=False)

    def copy(self, path: Path, final: Path) -> None:
        """Copy the file *path* to *final*, which must be free, on the disk, with its times."""
        with self.open_reading(path) as file, final.open("xb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(path, final, follow_symlinks=False)

    def make_link(self, path: Path, target: str) -> None:
        """Make the symbolic link *path*, which must be free, to *target*."""
        path.symlink_to(target)

    def remove(self, path: Path) -> None:
        """Take the name *path* away."""
        path.unlink()

    def touch(self, path: Path) -> None:
        """Make now the time when the file *path* was last changed."""
        os.utime(path, follow_symlinks=False)

    def make_folder(self, path: Path) -> None:
        """Make the folder *path*, which must not exist, in one that does."""
        path.mkdir()

    def sync_folder(self, path: Path) -> None:
        """Wait until the names in the folder *path* are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def open_reading(self, path: Path) -> BufferedReader:
        """Open the file *path*, which must not be a symbolic link, for reading."""
        # Not `open`, which asks the system whether this is a terminal.
        return BufferedReader(FileIO(path, "rb", opener=_without_following))

    def evict(self, path: Path) -> None:
        """Drop what memory caches of the file, so that it is read from the disk next time."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)

    def space(self, folder: Path) -> Space:
        """Return the space of the file system that *folder* is on."""
        facts = os.statvfs(folder)
        return Space(total=facts.f_blocks * facts.f_frsize, free=facts.f_bavail * facts.f_frsize)

    def now_ns(self) -> int:
        """Return the time that the disk's own stamps are taken from, in ns since 1970."""
        return time.time_ns()


@contextmanager
def reported(doing: str, path: Path) -> Iterator[None]:
    """Raise what the disk raises as a `StorageError`; *doing* is a word like ``writing``."""
    try:
        yield
    except OSError as error:
        raise in_words(doing, path, error) from error


def find_bytes(path: Path, most: int) -> bytes | None:
    """Return up to *most* bytes of a small file of ours, None when there is none; this blocks.

    Raises `StorageError` when the disk refuses.
    """
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                return file.read(most)
        except FileNotFoundError:
            return None


def in_words(doing: str, path: Path, error: OSError) -> StorageError:
    """Return the `StorageError` that says what failed, where and why."""
    if error.errno in _FULL:
        return DiskFullError(f"no space left on the disk when {doing} {path}")
    if error.errno == errno.EROFS:
        return ReadOnlyDiskError(f"{path} is on a read-only file system: {doing} is not possible")
    if error.errno in _FORBIDDEN:
        return StorageError(
            f"no permission for {doing} {path}: it must belong to the user who runs mpmirror"
        )
    return StorageError(f"{doing} {path} failed: {error.strerror or error}")


def _without_following(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
