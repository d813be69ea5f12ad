"""What lies in a folder that bundles are put into: which are whole, and where they go then.

A file counts when two looks in a row found it the same: so one that is still being copied is left
alone.  A bundle in volumes waits until all of them are there.  Links, folders, devices and names
that programs use for copies under way are not looked at.  What was taken in moves to ``taken``
below the folder, what was refused to ``refused``, with a text beside it that says why.
"""

from __future__ import annotations

import contextlib
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.catalog.texts import one_line
from mirror.errors import BundleRefusedError, StorageError
from mirror.storage.disk import reported
from mirror.transfer.bundles.volumes import find_volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.storage.files import Files

TAKEN: Final = "taken"
REFUSED: Final = "refused"
_WHY: Final = ".why.txt"
_MOST_WHY: Final = 4096
_MOST_REFUSALS: Final = 1000
_UNDER_WAY: Final = (".part", ".tmp", ".temp", ".crdownload", ".filepart", ".swp")

#: What a file looks like from outside: its inode, size in bytes, and time of its last change.
Print: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Arrival:
    """The files of one bundle, all of them there; *refusal* says what is wrong at first sight."""

    files: tuple[Path, ...]
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A *file* that lies under ``refused``, and what stands beside it of *why*."""

    file: str
    why: str


@dataclass(slots=True)
class Inbox:
    """The folder *folder*, looked at now and then; all methods block."""

    folder: Path
    _seen: dict[Path, Print] = field(default_factory=dict)

    def look(self) -> list[Arrival]:
        """Return the bundles that lie there whole and have not changed since the last look."""
        now = self._prints()
        still = [path for path, one in now.items() if self._seen.get(path) == one]
        self._seen = now
        return list(_arrivals(still))

    def put_away(self, arrival: Arrival, refusal: str | None, files: Files) -> None:
        """Move what was taken in, or refused for *refusal*, out of the way, durably."""
        place = self.folder / (TAKEN if refusal is None else REFUSED)
        files.make_folders([place])
        for path in arrival.files:
            final = _free(place, path.name)
            with reported("moving", path):
                files.disk.rename(path, final)
            if refusal is not None:
                files.write(final.with_name(f"{final.name}{_WHY}"), f"{refusal}\n".encode())
        files.sync_folders([place, self.folder])

    def find_refusals(self) -> dict[str, Refusal] | None:
        """Return the newest of what was refused and still lies there, by a mark of its own.

        None when the folder can not be read now.
        """
        place = self.folder / REFUSED
        try:
            texts = [(path.lstat(), path) for path in place.iterdir() if path.name.endswith(_WHY)]
            texts.sort(key=lambda one: one[0].st_mtime_ns, reverse=True)
            return {
                f"{_shown(path.name)} {facts.st_mtime_ns}": Refusal(
                    _shown(path.name.removesuffix(_WHY)), _text(path)
                )
                for facts, path in texts[:_MOST_REFUSALS]
                if stat.S_ISREG(facts.st_mode)
            }
        except FileNotFoundError:
            return {} if self.folder.is_dir() else None
        except (OSError, StorageError):
            return None

    def _prints(self) -> dict[Path, Print]:
        found: dict[Path, Print] = {}
        with reported("reading the folder", self.folder):
            names = sorted(path.name for path in self.folder.iterdir())
        for name in names:
            if name.startswith((".", "~")) or name.lower().endswith(_UNDER_WAY):
                continue
            with contextlib.suppress(OSError):  # gone since, or not for us
                facts = (self.folder / name).lstat()
                if stat.S_ISREG(facts.st_mode) and facts.st_size:
                    found[self.folder / name] = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        return found


def _arrivals(paths: Iterable[Path]) -> Iterable[Arrival]:
    volumes: Mapping[str, dict[int, Path]] = defaultdict(dict)
    counts: dict[str, int] = {}
    for path in paths:
        try:
            volume = find_volume(path)
        except BundleRefusedError as error:
            yield Arrival((path,), str(error))
            continue
        except OSError as error:
            yield Arrival((path,), f"it can not be read: {error.strerror or error}")
            continue
        if volume is None:
            yield Arrival((path,))
        else:
            volumes[volume.bundle][volume.number] = path
            counts[volume.bundle] = volume.count
    for bundle, found in volumes.items():
        if len(found) == counts[bundle]:
            yield Arrival(tuple(path for _, path in sorted(found.items())))


def _shown(name: str) -> str:
    """Return a file's name as text: it may have any bytes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _text(path: Path) -> str:
    """Return the first of *path*, which we wrote, in one line."""
    with path.open("rb") as file:
        return one_line(file.read(_MOST_WHY).decode("utf-8", "replace").strip(), _MOST_WHY)


def _free(place: Path, name: str) -> Path:
    """Return a path in *place* that nothing has yet."""
    number, final = 1, place / name
    while final.exists():
        number += 1
        final = place / f"{name}.{number}"
    return final
