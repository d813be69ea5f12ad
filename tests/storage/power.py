"""Cut the power: record what was done to a disk, then make every disk that could be left.

The model is strict.  Bytes that were not synced are there, lost, or torn in pages of 512
bytes; names that were not synced are there or not, each for itself.  A rename within one
folder is one change; from folder to folder it is two.  What was synced is there.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tests.storage.disks import LazyDisk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import BufferedReader
    from random import Random

_PAGE = 512


@dataclass(frozen=True)
class Create:
    """A new file."""

    path: Path
    inode: int


@dataclass(frozen=True)
class Write:
    """Bytes into a file."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Truncate:
    """A new size."""

    inode: int
    size: int


@dataclass(frozen=True)
class SetMode:
    """New permissions."""

    inode: int
    mode: int


@dataclass(frozen=True)
class Sync:
    """The bytes of a file are on the disk."""

    inode: int


@dataclass(frozen=True)
class Rename:
    """Another name."""

    old: Path
    new: Path


@dataclass(frozen=True)
class Remove:
    """A name gone."""

    path: Path


@dataclass(frozen=True)
class MakeFolder:
    """A new folder."""

    path: Path


@dataclass(frozen=True)
class SyncFolder:
    """The names in a folder are on the disk."""

    path: Path


@dataclass(frozen=True)
class Done:
    """What came before was reported done."""

    what: str


Operation: TypeAlias = (
    Create | Write | Truncate | SetMode | Sync | Rename | Remove | MakeFolder | SyncFolder | Done
)


class RecordingDisk(LazyDisk):
    """A disk that does everything and writes it down."""

    def __init__(self) -> None:
        self.log: list[Operation] = []
        self._open: dict[int, int] = {}
        self._named: dict[Path, int] = {}
        self._numbers = itertools.count()
        #: So much older than it is every file on this disk seems to be.
        self.ahead_ns = 0

    def now_ns(self) -> int:
        """Return the time, but ahead."""
        return super().now_ns() + self.ahead_ns

    def adopt(self, root: Path) -> None:
        """Take what is in *root* as written and synced."""
        self.log.append(MakeFolder(root))
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                self.log.append(MakeFolder(path))
            else:
                self._adopt_file(path)
        folders = [root.parent, root, *(path for path in root.rglob("*") if path.is_dir())]
        self.log.extend(SyncFolder(folder) for folder in folders)

    def _adopt_file(self, path: Path) -> None:
        inode = self._named[path] = next(self._numbers)
        self.log += [
            Create(path, inode),
            Write(inode, 0, path.read_bytes()),
            SetMode(inode, path.stat().st_mode & 0o777),
            Sync(inode),
        ]

    def done(self, what: str) -> None:
        """Write down that *what* was reported done."""
        self.log.append(Done(what))

    def create(self, path: Path) -> int:
        """Create, and write it down."""
        descriptor = super().create(path)
        # A number of our own: the file system gives those of removed files to new ones.
        self._open[descriptor] = self._named[path] = next(self._numbers)
        self.log.append(Create(path, self._open[descriptor]))
        return descriptor

    def reopen(self, path: Path) -> int:
        """Open."""
        descriptor = super().reopen(path)
        self._open[descriptor] = self._named[path]
        return descriptor

    def open_reading(self, path: Path) -> BufferedReader:
        """Open; whoever reads a file may still give it another mode."""
        file = super().open_reading(path)
        self._open[file.fileno()] = self._named[path]
        return file

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        """Write, and write it down."""
        self.log.append(Write(self._open[descriptor], offset, bytes(data)))
        return super().write(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        """Truncate, and write it down."""
        self.log.append(Truncate(self._open[descriptor], size))
        super().truncate(descriptor, size)

    def set_mode(self, descriptor: int, mode: int) -> None:
        """Set the mode, and write it down."""
        self.log.append(SetMode(self._open[descriptor], mode))
        super().set_mode(descriptor, mode)

    def sync(self, descriptor: int) -> None:
        """Write it down."""
        self.log.append(Sync(self._open[descriptor]))

    def rename(self, old: Path, new: Path) -> None:
        """Rename, and write it down."""
        super().rename(old, new)
        self._named[new] = self._named.pop(old)
        self.log.append(Rename(old, new))

    def remove(self, path: Path) -> None:
        """Remove, and write it down."""
        super().remove(path)
        self.log.append(Remove(path))

    def make_folder(self, path: Path) -> None:
        """Make the folder, and write it down."""
        super().make_folder(path)
        self.log.append(MakeFolder(path))

    def sync_folder(self, path: Path) -> None:
        """Write it down."""
        self.log.append(SyncFolder(path))


@dataclass
class _File:
    """A file in the model: what the disk has of it, and what it was told since."""

    data: bytearray = field(default_factory=bytearray)
    mode: int = 0o644
    pending: list[Write | Truncate | SetMode] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.pending:
            self._take(change)
        self.pending.clear()

    def torn(self, chance: Random, share: float) -> _File:
        """Return the file with a random part of what was not synced."""
        left = _File(bytearray(self.data), self.mode)
        for change in self.pending:
            for piece in _pieces(change):
                if chance.random() < share:
                    left._take(piece)
        return left

    def _take(self, change: Write | Truncate | SetMode) -> None:
        match change:
            case Write(_, offset, data):
                self._lengthen(offset)
                self.data[offset : offset + len(data)] = data
            case Truncate(_, size):
                self._lengthen(size)
                del self.data[size:]
            case SetMode(_, mode):
                self.mode = mode

    def _lengthen(self, size: int) -> None:
        self.data.extend(bytes(max(0, size - len(self.data))))


@dataclass
class _Folder:
    """A folder in the model; None in a change means that the name is gone."""

    names: dict[str, int | Path] = field(default_factory=dict)
    pending: list[dict[str, int | Path | None]] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.pending:
            _apply(self.names, change)
        self.pending.clear()

    def torn(self, chance: Random, share: float) -> dict[str, int | Path]:
        """Return the names with a random part of the changes that were not synced."""
        names = dict(self.names)
        for change in self.pending:
            if chance.random() < share:
                _apply(names, change)
        return names


class Wreck:
    """The disks that a power cut after some operations can leave of the folder *root*.

    The parent of *root* was there before, and its names are those of *operations* only.
    """

    def __init__(self, root: Path, operations: Iterable[Operation]) -> None:
        self._root = root
        self._files: dict[int, _File] = {}
        self._folders: dict[Path, _Folder] = {root.parent: _Folder()}
        self._seen: dict[Path, int] = {}
        for operation in operations:
            self._do(operation)

    def leave(self, chance: Random, target: Path) -> None:
        """Make in *target* one of the disks that can be left."""
        share = chance.choice([0.0, 0.5, 0.9, 1.0])
        left = {inode: file.torn(chance, share) for inode, file in self._files.items()}
        made: dict[int, Path] = {}
        self._make(self._root.parent, target, left, made, chance, share)

    def _make(
        self,
        folder: Path,
        target: Path,
        left: dict[int, _File],
        made: dict[int, Path],
        chance: Random,
        share: float,
    ) -> None:
        for name, entry in self._folders[folder].torn(chance, share).items():
            path = target / name
            if not isinstance(entry, int):
                path.mkdir()
                self._make(entry, path, left, made, chance, share)
            elif entry in made:
                path.hardlink_to(made[entry])
            else:
                path.write_bytes(left[entry].data)
                path.chmod(left[entry].mode)
                made[entry] = path

    def _do(self, operation: Operation) -> None:
        match operation:
            case Create(path, inode):
                self._files[inode] = _File()
                self._name(path, inode)
            case Write() | Truncate() | SetMode():
                self._files[operation.inode].pending.append(operation)
            case Sync(inode):
                self._files[inode].sync()
            case Rename(old, new):
                self._rename(old, new)
            case SyncFolder(path):
                self._folders[path].sync()
            case Remove(path):
                self._folders[path.parent].pending.append({path.name: None})
            case MakeFolder(path):
                self._folders[path] = _Folder()
                self._folders[path.parent].pending.append({path.name: path})
            case _:
                pass  # what was reported done changes no disk

    def _name(self, path: Path, inode: int) -> None:
        self._seen[path] = inode
        self._folders[path.parent].pending.append({path.name: inode})

    def _rename(self, old: Path, new: Path) -> None:
        inode = self._seen.pop(old)
        self._seen[new] = inode
        if old.parent == new.parent:
            self._folders[new.parent].pending.append({old.name: None, new.name: inode})
        else:
            self._folders[new.parent].pending.append({new.name: inode})
            self._folders[old.parent].pending.append({old.name: None})


def _apply(names: dict[str, int | Path], change: dict[str, int | Path | None]) -> None:
    for name, entry in change.items():
        if entry is None:
            names.pop(name, None)
        else:
            names[name] = entry


def _pieces(change: Write | Truncate | SetMode) -> list[Write | Truncate | SetMode]:
    if not isinstance(change, Write):
        return [change]
    starts = range(0, len(change.data), _PAGE)
    return [
        Write(change.inode, change.offset + start, change.data[start : start + _PAGE])
        for start in starts
    ]
