"""The folder of partial downloads: which there are, and which of them go on after a restart."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from mirror.storage.disk import reported
from mirror.storage.incoming import Incoming, is_sealed
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mirror.storage.files import Files
    from mirror.storage.space import Room

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}")


class Left:
    """Which parts may be in the folder: all until somebody has looked, then those begun since."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._paths: set[Path] | None = None

    def looked(self, paths: set[Path]) -> None:
        """Say that these are all."""
        self._paths = paths

    def may_have(self, path: Path) -> bool:
        """Whether *path* may be there."""
        return self._paths is None or path in self._paths

    def begun(self, path: Path) -> None:
        """Say that *path* is there."""
        if self._paths is not None:
            self._paths.add(path)

    def gone(self, path: Path) -> None:
        """Say that *path* is there no more."""
        if self._paths is not None:
            self._paths.discard(path)


class IncomingFolder:
    """The folder of partial downloads; *key* is the artifact's name, or any other text."""

    def __init__(self, folder: Path, files: Files, room: Room) -> None:
        self._folder = folder
        self._files = files
        self._room = room
        self._left = Left()

    def open(self, key: str, url: str, *, md5: bool = True) -> Incoming:
        """Return the partial download of *key* from *url*, to be entered with ``async with``.

        With *md5* the MD5 of what comes is made too.

        One task at a time may have a key: the downloads of two would spoil each other.
        """
        return Incoming(self._path(key), url, self._files, self._room, self._left, md5=md5)

    async def prune(self, before: datetime) -> int:
        """Take away what was not touched since *before*; return how many downloads."""
        return await to_end(self._prune, before.timestamp())

    def recover(self) -> None:
        """Remove what no download can go on from: a part without a note, and the reverse."""
        listed = self._listed()
        self._left.looked({path.with_suffix(".part") for path in listed})
        for path in sorted(listed, reverse=True):  # parts first, then their notes
            partner = path.with_suffix(".json" if path.suffix == ".part" else ".part")
            if not partner.exists() or (path.suffix == ".part" and is_sealed(path)):
                self._files.remove(path)

    def _prune(self, before: float) -> int:
        with reported("reading the folder", self._folder):
            parts = [path for path in self._listed() if path.stat().st_mtime < before]
        for path in parts:
            self._files.remove(path)
        return sum(path.suffix == ".part" for path in parts)

    def _listed(self) -> list[Path]:
        with reported("reading the folder", self._folder):
            return [path for path in self._folder.iterdir() if path.suffix in {".part", ".json"}]

    def _path(self, key: str) -> Path:
        plain = _PLAIN_KEY.fullmatch(key) is not None
        name = key if plain else f"-{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"
        return self._folder / f"{name}.part"
