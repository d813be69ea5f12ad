"""Write a tree of files beside the one that is served, then switch to it in one step.

``DIR/current`` is a symbolic link to ``DIR/generations/N``, replaced by a rename: a web server
that follows it serves one whole tree, before and after.  Files are hard links: to the store, or to
the generation before where nothing changed; where the store is on another disk they are copied
once.  The generation before stays, for those who are in the middle of a download.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError, MirrorError
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.storage.files import Files

CURRENT: Final = "current"
GENERATIONS: Final = "generations"


class Generations:
    """The generations in *folder*, written with *files*; all methods block."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._all = folder / GENERATIONS

    def prepare(self) -> None:
        """Make the folder, or take one that is ours; drop what was never switched to.

        Raises `ConfigurationError` for a folder with other things in it.
        """
        with reported("making the folder", self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        with reported("reading the folder", self._folder):
            there = {path.name for path in self._folder.iterdir()}
        if there and GENERATIONS not in there:
            raise ConfigurationError(f"{self._folder} has other things in it: name an empty folder")
        self._files.make_folders([self._all])
        newest = self.newest()
        for number in self._numbers():
            if newest is None or number > newest:
                self._drop(number)

    def newest(self) -> int | None:
        """Return the number of the generation that is served; None: none yet."""
        with reported("reading", self._folder / CURRENT):
            try:
                name = (self._folder / CURRENT).readlink().name
            except FileNotFoundError:
                return None
        return int(name) if name.isascii() and name.isdecimal() else None

    def path(self, number: int) -> Path:
        """Return the folder of a generation."""
        return self._all / str(number)

    def write(
        self, number: int, documents: Mapping[str, bytes], files: Mapping[str, Path]
    ) -> tuple[int, int]:
        """Write a generation: *documents* by their bytes, *files* by where they lie.

        Returns how many of all are new, and how many the generation before had as well.
        """
        folder, before = self.path(number), self.newest()
        self._make_folders(folder, [*documents, *files])
        same: dict[str, Path] = {}
        if before is not None:
            old = self.path(before)
            same = {
                path: old / path for path, body in documents.items() if _holds(old / path, body)
            }
        new = {folder / path: body for path, body in documents.items() if path not in same}
        self._files.write_all(new)
        for path, source in same.items():
            self._files.link(source, folder / path)
        fresh = self._link_files(folder, files, before)
        self._files.sync_folders({(folder / path).parent for path in (*same, *files)})
        return len(new) + fresh, len(same) + len(files) - fresh

    def switch(self, number: int) -> None:
        """Serve this generation from now on, durably."""
        self._files.point(self._folder / CURRENT, f"{GENERATIONS}/{number}")

    def let_go(self, keep: Iterable[int]) -> None:
        """Remove all generations but those, and the one that is served."""
        kept = {*keep, self.newest()}
        for number in self._numbers():
            if number not in kept:
                self._drop(number)

    def drop(self, number: int) -> None:
        """Remove a generation that is not served."""
        self._drop(number)

    def _link_files(self, folder: Path, files: Mapping[str, Path], before: int | None) -> int:
        """Link each file, from where the same one was linked already if that can be; count new."""
        fresh, first = 0, dict[Path, Path]()
        for path, source in files.items():
            final = folder / path
            old = None if before is None else self.path(before) / path
            if old is not None and _is_copy_of(old, source):
                self._files.link(old, final)
            else:
                # Where links to the store can not be made, one copy serves all names.
                self._files.link_or_copy(first.get(source, source), final)
                fresh += 1
            first.setdefault(source, final)
        return fresh

    def _make_folders(self, folder: Path, paths: Iterable[str]) -> None:
        needed = {folder}
        for path in paths:
            parent = (folder / path).parent
            while parent not in needed:
                needed.add(parent)
                parent = parent.parent
        self._files.make_folders(sorted(needed))

    def _numbers(self) -> list[int]:
        with reported("reading the folder", self._all):
            names = [path.name for path in self._all.iterdir()]
        return sorted(int(name) for name in names if name.isascii() and name.isdecimal())

    def _drop(self, number: int) -> None:
        with reported("removing", self.path(number)):
            shutil.rmtree(self.path(number))


def _holds(path: Path, body: bytes) -> bool:
    with contextlib.suppress(OSError):
        return path.is_file() and path.stat().st_size == len(body) and path.read_bytes() == body
    return False


def _is_copy_of(path: Path, source: Path) -> bool:
    """Whether *path* is *source* by another name, or, on another disk, of its size and time."""
    try:
        old, facts = path.stat(), source.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise MirrorError(f"{path} can not be looked at: {error.strerror}") from error
    if old.st_dev == facts.st_dev:
        return old.st_ino == facts.st_ino
    return (old.st_size, old.st_mtime_ns) == (facts.st_size, facts.st_mtime_ns)
