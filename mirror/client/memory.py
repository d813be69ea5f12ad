"""What this user's machine remembers of mirrors: one small file, written durably.

Several commands may run at once: each change is made under a lock, to what is there then.  A
file that can not be read is never taken for "nothing is known": the error says where it is.
All methods block.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.client.known import KNOWN_MIRRORS, KnownMirrors
from mirror.errors import DamagedError, LockedError
from mirror.storage.disk import Disk, reported
from mirror.storage.files import Files
from mirror.storage.lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_FILE: Final = "mirrors.json"
_MOST_BYTES: Final = 4 << 20
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.05
_PRIVATE: Final = 0o600


def state_folder(environment: Mapping[str, str]) -> Path:
    """Return where a user's programs keep their state (XDG Base Directory Specification)."""
    given = environment.get("XDG_STATE_HOME", "")
    # The specification: a path that is not absolute is ignored.
    base = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "state"
    return base / "mpmirror"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return where a user's programs keep what can be had again, made if it is not there."""
    given = environment.get("XDG_CACHE_HOME", "")
    base = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    with reported("making the folder", base):
        base.mkdir(parents=True, exist_ok=True)
    return base / "mpmirror"


class Memory:
    """The known mirrors, in the folder *folder* that is made when something is remembered."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder = folder
        self._path = folder / _FILE
        self._files = Files(disk or Disk())

    def known(self) -> KnownMirrors:
        """Return what is known; raise `DamagedError` when it can not be read."""
        with reported("reading", self._path):
            try:
                with self._path.open("rb") as file:
                    data = file.read(_MOST_BYTES)
            except FileNotFoundError:
                return KnownMirrors()
        return self._parsed(data)

    def change(self, changed: Callable[[KnownMirrors], KnownMirrors]) -> None:
        """Remember what *changed* makes of what is known by then, durably."""
        # Parents that other programs share are made plainly.
        with reported("making the folder", self._folder):
            self._folder.parent.mkdir(parents=True, exist_ok=True)
        self._files.make_folders([self._folder])
        with self._alone():
            before = self.known()
            now = changed(before)
            if now != before:
                self._files.write(self._path, KNOWN_MIRRORS.dump_json(now, indent=1), mode=_PRIVATE)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        until = time.monotonic() + _PATIENCE
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(locked(self._folder))
                    break
                except LockedError:
                    if time.monotonic() > until:
                        raise
                time.sleep(_PAUSE)
            yield

    def _parsed(self, data: bytes) -> KnownMirrors:
        try:
            known = KNOWN_MIRRORS.validate_json(data)
        except ValidationError as error:
            raise DamagedError(
                f"{self._path} can not be read: it says how far each mirror was seen and whose "
                "keys were pinned.  Bring it back, or remove it to trust all of them anew"
            ) from error
        if (known.type, known.format) != (KnownMirrors().type, KnownMirrors().format):
            raise DamagedError(f"{self._path} was written by a newer mpmirror")
        return known
