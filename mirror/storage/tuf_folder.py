"""The metadata on the disk: ``tuf/`` in the data folder, as clients ask for them by name.

A version is written once and never changed; ``timestamp.json`` alone is replaced, and last: so a
client never meets one that names what is not there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirror.errors import DamagedError
from mirror.storage.disk import find_bytes, reported

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mirror.storage.files import Files

FOLDER: Final = "tuf"
TIMESTAMP: Final = "timestamp.json"
NAME: Final = re.compile(
    r"timestamp\.json|(?P<version>[1-9][0-9]{0,9})\.(?P<role>[a-z0-9-]{1,20})\.json"
)
#: So many versions stay, for clients that began on an older one.
_KEPT: Final = 10
#: Root is a chain from the first on, which clients walk.
_FOR_EVER: Final = "root"
_MOST_BYTES: Final = 4 << 20


class TufFolder:
    """The folder of metadata of the data folder *data*; all of it blocks."""

    def __init__(self, data: Path, files: Files | None = None) -> None:
        self._folder = data / FOLDER
        self._files = files

    def find(self, name: str) -> bytes | None:
        """Return what clients are given under *name*; None when there is nothing."""
        if NAME.fullmatch(name) is None:
            return None
        return find_bytes(self._folder / name, _MOST_BYTES)

    def read(self, name: str) -> bytes:
        """Return what is there under *name*; raise `DamagedError` without it."""
        found = self.find(name)
        if found is None:
            raise DamagedError(f"{self._folder / name} is missing: mpmirror tuf init begins anew")
        return found

    def newest(self, role: str) -> int:
        """Return the highest version of *role*, 0 without any."""
        return max((version for version, _ in self._versions(role)), default=0)

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Keep *contents* by name, durably, the timestamp last; then let go of old versions."""
        assert self._files is not None  # noqa: S101 - who only reads writes nothing
        self._files.make_folders([self._folder])
        for name in sorted(contents, key=lambda name: name == TIMESTAMP):
            self._files.write(self._folder / name, contents[name])
        roles = {found["role"] for name in contents if (found := NAME.fullmatch(name))}
        for role in sorted(roles - {None, _FOR_EVER}):
            last = self.newest(role) - _KEPT
            old = [path for version, path in self._versions(role) if version <= last]
            self._files.remove_all(old)

    def _versions(self, role: str) -> list[tuple[int, Path]]:
        with reported("reading the folder", self._folder):
            paths = list(self._folder.glob(f"*.{role}.json"))
        found = [(NAME.fullmatch(path.name), path) for path in paths]
        return [(int(match["version"]), path) for match, path in found if match]
