"""The volumes of UF2 boot loaders: found by ``INFO_UF2.TXT``, matched with the chip of a file.

A boot loader shows itself as a small drive and writes what is copied onto it to the flash, then
restarts the board, and the volume is gone.  What the file says is foreign and may be anything.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.texts import one_line
from mirror.errors import BoardError, RefusedError
from mirror.frozen import dataclass
from mirror.publication.flashing import kinds_of_boot_loader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.flashing import VolumeKind

_INFO: Final = "INFO_UF2.TXT"
_MOST_INFO: Final = 4096
_CHUNK: Final = 1 << 16
_PAUSE: Final = 0.2
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
_MOUNTS: Final = Path("/proc/self/mounts")
_PARENTS: Final = (Path("/Volumes"),)


@dataclass(frozen=True, slots=True)
class Volume:
    """A boot loader's volume at *path*: what it says of itself."""

    path: Path
    board_id: str
    model: str

    def __str__(self) -> str:
        return f"{self.path} ({self.board_id or self.model or 'no Board-ID'})"


def read_volume(path: Path) -> Volume | None:
    """Return the volume at *path*, None if it is none of a UF2 boot loader."""
    try:
        with (path / _INFO).open("rb") as file:
            text = file.read(_MOST_INFO).decode("ascii", "replace")
    except OSError:
        return None
    pairs = (line.partition(":") for line in text.splitlines())
    said = {key.strip().lower(): one_line(value, 120) for key, _, value in pairs}
    return Volume(path, said.get("board-id", ""), said.get("model", ""))


def mounted() -> tuple[Path, ...]:
    """Return every folder at which a volume may be mounted."""
    found: list[Path] = []
    with contextlib.suppress(OSError):
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
        found += [Path(_unescaped(line.split(" ")[1])) for line in lines if " " in line]
    for parent in _PARENTS:
        with contextlib.suppress(OSError):
            found += list(parent.iterdir())
    return tuple(dict.fromkeys(found))


def find_volume(kind: VolumeKind, places: Iterable[Path]) -> Volume | None:
    """Return the only volume at *places* that takes such files, None if there is none yet.

    Raises `BoardError` when there are several: nobody should guess which board is meant.
    """
    volumes = [volume for volume in map(read_volume, places) if volume is not None]
    fitting = [volume for volume in volumes if kind.takes(volume.board_id)]
    if len(fitting) > 1:
        named = ", ".join(map(str, fitting))
        raise BoardError(f"several boards wait for such a file: {named}; choose with --volume")
    return fitting[0] if fitting else None


def named_volume(kind: VolumeKind, path: Path) -> Volume:
    """Return the volume at *path*, which somebody named.

    Raises `BoardError` when it is no boot loader's, `RefusedError` when it is one for another
    chip.  One that says of no chip that it is for it is taken: it was named.
    """
    volume = read_volume(path)
    if volume is None:
        raise BoardError(f"{path} is no volume of a UF2 boot loader: there is no {_INFO}")
    if not kind.takes(volume.board_id) and kinds_of_boot_loader(volume.board_id):
        raise RefusedError(f"{volume} is for another chip than the file")
    return volume


def copy_onto(volume: Volume, file: Path) -> None:
    """Copy *file* onto *volume*, all of it to the board; raise `BoardError`.

    A boot loader that has seen the last block restarts at once: an error of the disk at the end
    counts only if the volume is still there.
    """
    target = volume.path / file.name
    try:
        _copy(file, target)
    except OSError as error:
        if read_volume(volume.path) is not None:
            raise BoardError(f"{target} could not be written: {error.strerror}") from error


def wait_until_gone(volume: Volume, seconds: float) -> None:
    """Return when *volume* is gone, as the boot loader has taken the file; raise `BoardError`."""
    until = time.monotonic() + seconds
    while read_volume(volume.path) is not None:
        if time.monotonic() > until:
            raise BoardError(f"{volume} is still there after {seconds:g} s: the file was not taken")
        time.sleep(_PAUSE)


def _copy(file: Path, target: Path) -> None:
    # Not renamed into place as files of ours are: a boot loader looks at each block as it comes.
    with file.open("rb") as source:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            while chunk := source.read(_CHUNK):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _unescaped(text: str) -> str:
    """Undo how ``/proc/self/mounts`` writes spaces and the like (fstab(5))."""
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 8)), text)
