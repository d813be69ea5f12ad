"""One writer for each data folder: whoever holds its lock file."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from mirror.errors import LockedError, StorageError
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

LOCK_FILE = "lock"
# Seconds that are enough for a command that looks at what is held.
PATIENCE = 3.0

_PID_BYTES = 20
# Seconds between two attempts.
_MOMENT = 0.05


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


@contextlib.asynccontextmanager
async def locked_soon(folder: Path, patience: float) -> AsyncIterator[None]:
    """Hold the lock as `locked` does, after at most *patience* seconds of waiting for it.

    A command that only looks holds it for a moment: that is no reason for a daemon to end.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + patience
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(folder))
                break
            except LockedError:
                if loop.time() >= ends:
                    raise
            await asyncio.sleep(_MOMENT)
        yield


async def refuse_if_locked(folder: Path, patience: float) -> None:
    """Raise `LockedError` when another process holds the lock of *folder* for that long."""
    try:
        async with locked_soon(folder, patience):
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
