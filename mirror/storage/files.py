"""The only durable writes: a file has its final name only when all of it is on the disk.

One order, for everybody: temporary name, write, flush, fsync, verify, rename, fsync of
the folder.  So after a power cut at any instant a name is absent, or old, or new and
whole; and what was reported written is there.  A failure leaves the final name as it was
and takes the temporary one away; temporaries of a killed process are swept at start.
All calls block: run them in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.errors import DamagedError
from mirror.storage.disk import reported
from mirror.storage.hashes import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.catalog.values import Digest
    from mirror.storage.disk import Disk

PLAIN = 0o644
READ_ONLY = 0o444

# Files of one batch stay open from write to fsync: only so is a failed write-back noticed.
_AT_ONCE = 64
_PORTION = 1 << 18
# Another disk, a file system without links, too many of them, or not our file.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK}
_TEMPORARY = re.compile(r"\..+\.[0-9]+\.new", re.DOTALL)


def is_temporary(name: str) -> bool:
    """Whether *name* is one that a file has here until it is whole."""
    return _TEMPORARY.fullmatch(name) is not None


@dataclass(slots=True)
class _Fresh:
    """A file on its way to its final name."""

    temporary: Path
    final: Path
    descriptor: int
    closed: bool = False


class Files:
    """The durable writes over one `Disk`.  Every method raises only `StorageError`s."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._numbers = itertools.count()

    def write(self, final: Path, data: bytes, *, mode: int = PLAIN) -> None:
        """Make *final* hold *data*, durably, in place of what it held."""
        self.write_all({final: data}, mode=mode)

    def write_all(self, contents: Mapping[Path, bytes], *, mode: int = PLAIN) -> None:
        """Make each path hold its bytes, durably; each folder is synced once.

        After a failure some of the files may be new and some as they were, each whole.
        """
        finals = list(contents)
        for start in range(0, len(finals), _AT_ONCE):
            some = {final: contents[final] for final in finals[start : start + _AT_ONCE]}
            self._write_some(some, mode)
        self.sync_folders({final.parent for final in finals})

    def write_loosely(self, final: Path, data: bytes) -> None:
        """Make *final* hold *data* without waiting for the disk.

        A killed process leaves it old or new; after a power cut it can be anything.
        """
        fresh = self._begin(final, data, PLAIN)
        try:
            with reported("writing", final):
                self._close(fresh)
                self.disk.rename(fresh.temporary, final)
        except BaseException:
            self._drop(fresh)
            raise

    def place(self, temporary: Path, final: Path, digest: Digest) -> None:
        """Verify *temporary*, whose bytes are on the disk, and rename it to *final*, durably.

        Raises `DamagedError` when its bytes are not those of *digest*.
        """
        self.rename_verified(temporary, final, digest)
        self.sync_folders([final.parent])

    def rename_verified(self, temporary: Path, final: Path, digest: Digest) -> None:
        """Do what `place` does, but for the folder: until it is synced the name is not durable."""
        with reported("reading back", temporary), self.disk.open_reading(temporary) as file:
            actual = digest_of(file)
        if actual != digest:
            raise DamagedError(f"the disk gave back other bytes than were written: {temporary}")
        with reported("writing", final):
            self.disk.rename(temporary, final)

    def link(self, path: Path, final: Path) -> None:
        """Give the file *path* the further name *final*, which must be free; not durable yet."""
        with reported("linking", final):
            self.disk.link(path, final)

    def link_or_copy(self, path: Path, final: Path) -> None:
        """Give the file *path* the further name *final*, or copy it where no link can be."""
        with reported("writing", final):
            try:
                self.disk.link(path, final)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                self.disk.copy(path, final)

    def point(self, link: Path, target: str) -> None:
        """Make the symbolic link *link* point to *target*, durably, in place of what it was."""
        temporary = link.with_name(f".{link.name}.{next(self._numbers)}.new")
        with reported("writing", link):
            self.disk.make_link(temporary, target)
            self.disk.rename(temporary, link)
        self.sync_folders([link.parent])

    def move(self, path: Path, final: Path) -> None:
        """Give the durable file *path* the name *final*, durably; its time of change is now."""
        with reported("moving", path):
            self.disk.touch(path)
            self.disk.rename(path, final)
        self.sync_folders([final.parent, path.parent])

    def write_at(self, descriptor: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write all of *data* at *offset*; raise `OSError` when the disk takes no more."""
        rest = memoryview(data)
        while rest:
            count = self.disk.write(descriptor, rest, offset)
            rest, offset = rest[count:], offset + count

    def append(self, path: Path, data: bytes, size: int) -> None:
        """Make *path*, of which *size* bytes count, *size* bytes and *data* long, durably.

        After a failure or a power cut the first *size* bytes are as they were.
        """
        with reported("appending to", path):
            descriptor = self.disk.reopen(path)
            try:
                # What an append that failed left behind must not follow what comes now.
                self.disk.truncate(descriptor, size)
                self.write_at(descriptor, data, size)
                self.disk.sync(descriptor)
            finally:
                self.disk.close(descriptor)

    def cut(self, path: Path, size: int) -> None:
        """Make *path* *size* bytes long, durably."""
        self.append(path, b"", size)

    def make_folders(self, paths: Iterable[Path]) -> None:
        """Make each folder that is missing; the parents of all are durable afterwards.

        Parents stand before their children.  Also the folders that are there have their
        names synced: a killed process may have made them and not come to that.
        """
        children: dict[Path, list[Path]] = {}
        for path in paths:
            children.setdefault(path.parent, []).append(path)
        for parent, folders in children.items():
            # One look at all of them costs less than the refusal to make each again.
            there = _names_in(parent)
            for path in folders:
                if path.name not in there:
                    self._make_folder(path)
        self.sync_folders(children)

    def _make_folder(self, path: Path) -> None:
        with reported("making the folder", path), contextlib.suppress(FileExistsError):
            self.disk.make_folder(path)

    def sync_folders(self, folders: Iterable[Path]) -> None:
        """Make the names in each of *folders* durable."""
        for folder in sorted(set(folders)):
            with reported("syncing the folder", folder):
                self.disk.sync_folder(folder)

    def remove(self, path: Path) -> None:
        """Take the name *path* away, if it is there; a power cut may bring it back."""
        with reported("removing", path), contextlib.suppress(FileNotFoundError):
            self.disk.remove(path)

    def remove_all(self, paths: Iterable[Path]) -> None:
        """Take each of the names *paths* away, durably; each folder is synced once.

        After a failure or a power cut some of them may be there still, each whole.
        """
        removed = list(paths)
        try:
            for path in removed:
                self.remove(path)
        finally:
            self.sync_folders({path.parent for path in removed})

    def sweep(self, folder: Path) -> int:
        """Remove the temporaries that a killed process left in *folder*; say how many."""
        with reported("reading the folder", folder), os.scandir(folder) as entries:
            stale = [entry.name for entry in entries if is_temporary(entry.name)]
        for name in stale:
            self.remove(folder / name)
        return len(stale)

    def _write_some(self, contents: Mapping[Path, bytes], mode: int) -> None:
        batch: list[_Fresh] = []
        try:
            for final, data in contents.items():
                batch.append(self._begin(final, data, mode))
            for fresh in batch:
                self._make_durable(fresh)
            for fresh in batch:
                self._verify(fresh, contents[fresh.final])
            for fresh in batch:
                with reported("writing", fresh.final):
                    self.disk.rename(fresh.temporary, fresh.final)
        except BaseException:
            for fresh in batch:
                self._drop(fresh)
            raise

    def _begin(self, final: Path, data: bytes, mode: int) -> _Fresh:
        temporary = final.with_name(f".{final.name}.{next(self._numbers)}.new")
        with reported("writing", final):
            fresh = _Fresh(temporary, final, self.disk.create(temporary))
            try:
                self.write_at(fresh.descriptor, data, 0)
                self.disk.set_mode(fresh.descriptor, mode)
            except BaseException:
                self._drop(fresh)
                raise
        return fresh

    def _make_durable(self, fresh: _Fresh) -> None:
        with reported("writing", fresh.final):
            self.disk.sync(fresh.descriptor)
            self._close(fresh)

    def _verify(self, fresh: _Fresh, data: bytes) -> None:
        with reported("reading back", fresh.final), self.disk.open_reading(fresh.temporary) as file:
            # In portions: a large document is in memory once as it is.
            at = 0
            while (portion := file.read(_PORTION)) and data[at : at + len(portion)] == portion:
                at += len(portion)
        if portion or at != len(data):
            raise DamagedError(f"the disk gave back other bytes than were written: {fresh.final}")

    def _close(self, fresh: _Fresh) -> None:
        if not fresh.closed:
            fresh.closed = True  # even when closing fails, the descriptor is gone
            self.disk.close(fresh.descriptor)

    def _drop(self, fresh: _Fresh) -> None:
        # Best effort: what stays is swept at the next start, and never has a final name.
        with contextlib.suppress(OSError):
            self._close(fresh)
        with contextlib.suppress(OSError):
            self.disk.remove(fresh.temporary)


def _names_in(folder: Path) -> frozenset[str]:
    # A folder above ours may be one that lets us through and shows nothing.
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()
