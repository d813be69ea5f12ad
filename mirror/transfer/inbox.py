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

from mirror.errors import BundleRefusedError
from mirror.storage.disk import reported
from mirror.transfer.bundles.volumes import find_volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.storage.files import Files

TAKEN: Final = "taken"
REFUSED: Final = "refused"
_UNDER_WAY: Final = (".part", ".tmp", ".temp", ".crdownload", ".filepart", ".swp")

#: What a file looks like from outside: its inode, size in bytes, and time of its last change.
Print: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Arrival:
    """The files of one bundle, all of them there; *refusal* says what is wrong at first sight."""

    files: tuple[Path, ...]
    refusal: str | None = None


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
                files.write(final.with_name(f"{final.name}.why.txt"), f"{refusal}\n".encode())
        files.sync_folders([place, self.folder])

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


def _free(place: Path, name: str) -> Path:
    """Return a path in *place* that nothing has yet."""
    number, final = 1, place / name
    while final.exists():
        number += 1
        final = place / f"{name}.{number}"
    return final
