"""Open a file that somebody names on the command line, if it can be read as one."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mirror.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path


@contextmanager
def opened(path: Path) -> Iterator[tuple[BufferedReader, int]]:
    """Open *path*, and give its size in bytes; raise `StorageError` for what can not be read."""
    try:
        # Asked first: opening a named pipe would wait for whoever writes to it.
        if not stat.S_ISREG(path.stat().st_mode):
            raise StorageError(f"{path} can not be read: not a file")
        file = path.open("rb")
    except OSError as error:
        raise StorageError(f"{path} can not be read: {error.strerror or error}") from error
    with file:
        yield file, os.fstat(file.fileno()).st_size
