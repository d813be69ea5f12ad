"""One writer for each data folder: whoever holds its lock file."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from mirror.errors import LockedError, StorageError
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE = "lock"

_PID_BYTES = 20


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the data folder *folder*; raise `LockedError` when another process does.

    The kernel gives the lock up when its holder dies, however it dies.  The process id in
    the file is for people.
    """
    path = folder / LOCK_FILE
    with reported("locking", path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def refuse_if_locked(folder: Path) -> None:
    """Raise `LockedError` when another process holds the lock of *folder* at this moment."""
    try:
        with locked(folder):
            return
    except LockedError:
        raise
    except StorageError:
        # A folder that can not be written is locked by nobody.
        return


def _take(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, _PID_BYTES, 0).decode("ascii", "replace").strip()
        process = f"process {holder}" if holder.isdecimal() else "another process"
        raise LockedError(f"{process} holds the data folder {folder}") from error
    with contextlib.suppress(OSError):  # a full disk does not keep us from holding the lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
