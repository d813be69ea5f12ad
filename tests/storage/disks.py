"""Disks to test with: real ones on which the n-th operation goes wrong, or all are recorded."""

from __future__ import annotations

import errno
import itertools
import os
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING

from mirror.errors import StorageError
from mirror.storage.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

EIO = errno.EIO
ENOSPC = errno.ENOSPC


class LazyDisk(Disk):
    """A disk that waits for nothing: on it no power will be cut."""

    def sync(self, descriptor: int) -> None:
        """Do nothing."""

    def sync_folder(self, path: Path) -> None:
        """Do nothing."""


class StillDisk(LazyDisk):
    """A disk whose clock goes only when it is set."""

    def __init__(self) -> None:
        self.ns = 1_800_000_000_000_000_000

    def now_ns(self) -> int:
        """Return what was set."""
        return self.ns


class FailingDisk(LazyDisk):
    """A disk whose *n*-th operation inside `broken` fails once; opening for reading counts too."""

    def __init__(self) -> None:
        self.error = EIO
        self.short = False
        self.countdown = 0
        self.failed = False
        #: So much later it is on this disk, in ns.
        self.ahead_ns = 0
        self._counting = Lock()

    def now_ns(self) -> int:
        """Return the time, but ahead."""
        return super().now_ns() + self.ahead_ns

    @contextmanager
    def broken(self, n: int, error: int, *, short: bool = False) -> Iterator[None]:
        """Let the *n*-th operation in this block fail with *error*, and its `StorageError` end it.

        With *short*, a write that fails takes half of its bytes first.
        """
        self.countdown, self.error, self.short, self.failed = n, error, short, False
        with suppress(StorageError):
            yield
        self.countdown = 0

    def create(self, path: Path) -> int:
        """Fail, or create."""
        self._count(path)
        return super().create(path)

    def reopen(self, path: Path) -> int:
        """Fail, or open."""
        self._count(path)
        return super().reopen(path)

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        """Fail, maybe after half of the bytes, or write."""
        if self.short and self.countdown == 1:
            super().write(descriptor, data[: len(data) // 2], offset)
        self._count(descriptor)
        return super().write(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        """Fail, or truncate."""
        self._count(descriptor)
        super().truncate(descriptor, size)

    def set_mode(self, descriptor: int, mode: int) -> None:
        """Fail, or set the mode."""
        self._count(descriptor)
        super().set_mode(descriptor, mode)

    def hasten(self, descriptor: int) -> None:
        """Fail, or begin to write."""
        self._count(descriptor)
        super().hasten(descriptor)

    def sync(self, descriptor: int) -> None:
        """Fail, or sync."""
        self._count(descriptor)
        super().sync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close, and then fail maybe: the descriptor is gone either way."""
        super().close(descriptor)
        self._count(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Fail, or rename."""
        self._count(new)
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        """Fail, or remove."""
        self._count(path)
        super().remove(path)

    def make_folder(self, path: Path) -> None:
        """Fail, or make the folder."""
        self._count(path)
        super().make_folder(path)

    def sync_folder(self, path: Path) -> None:
        """Fail, or sync the folder."""
        self._count(path)
        super().sync_folder(path)

    def open_reading(self, path: Path) -> BufferedReader:
        """Fail, or open."""
        self._count(path)
        return super().open_reading(path)

    def _count(self, what: Path | int) -> None:
        with self._counting:
            self.countdown -= 1
            due = self.countdown == 0
        if due:
            self.failed = True
            raise OSError(self.error, os.strerror(self.error), str(what))


def every_operation(disk: FailingDisk) -> Iterator[int]:
    """Yield 1, 2, 3, … until the caller's block inside ``disk.broken`` met no failure."""
    for n in itertools.count(1):
        yield n
        if not disk.failed:
            return


class ForgetfulDisk(Disk):
    """A disk that writes other bytes than it is given: the first of each write is changed."""

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        """Write with the first byte flipped."""
        return super().write(descriptor, memoryview(bytes([data[0] ^ 1]) + data[1:]), offset)


class HesitantDisk(Disk):
    """A disk that takes three bytes of each write at most."""

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        """Write three bytes."""
        return super().write(descriptor, data[:3], offset)


class CountingDisk(Disk):
    """A disk that writes down which files are opened for reading.

    Its present is an hour ahead, so that every file on it is old enough to be trusted.
    """

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.ahead_ns = 3_600_000_000_000

    def now_ns(self) -> int:
        """Return the time, but ahead."""
        return super().now_ns() + self.ahead_ns

    def open_reading(self, path: Path) -> BufferedReader:
        """Write it down, and open."""
        self.opened.append(path.name)
        return super().open_reading(path)
