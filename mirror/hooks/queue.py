"""Events that wait for one receiver: each a file, whole and durable, in the order they happened.

``hooks/to-NAME/`` of the data folder has them; ``record.json`` beside them says what was given up
since the receiver took anything, and when it took the last.  A file goes, durably, when its event
was taken or given up; so after a crash an event may be sent once more, under the id that it had.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import AwareDatetime, ValidationError

from mirror.frozen import dataclass
from mirror.hooks.kinds import Kind
from mirror.hooks.seen import FOLDER
from mirror.shapes import Shape
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from mirror.storage.files import Files

#: So many events wait for one receiver; for more the oldest are given up.
MOST_WAITING: Final = 1000
_RECORD: Final = "record.json"
_PREFIX: Final = "to-"
_NAME: Final = re.compile(r"[0-9]{10}-[0-9]{2}-msg_[0-9a-f]{32}\.json")
_FILE_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits: what is sent, how often it was tried, and what came of the last try."""

    file: str
    id: str
    kind: Kind
    time: AwareDatetime
    body: str
    attempts: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What became of events: the last that was taken, and those that were given up since.

    ``since`` is when the first of those was given up, ``said`` why the last was.
    """

    taken: AwareDatetime | None = None
    given_up: int = 0
    since: AwareDatetime | None = None
    said: str = ""


_WAITING: Shape[Waiting] = Shape(Waiting)
_RECORDS: Shape[Record] = Shape(Record)


def file_name(look: int, rank: int, known_as: str) -> str:
    """Return the name of the file of an event: names stand in the order of what happened."""
    return f"{look:010}-{rank:02}-{known_as}.json"


class HookQueue:
    """What waits for the hook *name* of the data folder *data*; all methods block."""

    def __init__(self, data: Path, name: str, files: Files) -> None:
        self._top = data / FOLDER
        self._folder = self._top / f"{_PREFIX}{name}"
        self._files = files

    def prepare(self) -> None:
        """Make the folder, and sweep what a killed process left."""
        self._files.make_folders([self._top, self._folder])
        self._files.sweep(self._folder)

    def load(self) -> list[Waiting]:
        """Return what waits, the oldest first, each id once; a file that is no event is left out.

        Raises `StorageError`.
        """
        found: dict[str, Waiting] = {}
        for path in self._paths():
            with reported("reading", path):
                try:
                    one = _WAITING.validate_json(_read(path))
                except FileNotFoundError:
                    continue  # taken meanwhile by the daemon
                except ValidationError:
                    continue
            found.setdefault(one.id, one)
        return list(found.values())

    def put(self, entries: Iterable[Waiting]) -> None:
        """Hold *entries* durably, in place of what was held of them."""
        contents = {self._folder / one.file: _WAITING.dump_json(one) + b"\n" for one in entries}
        if contents:
            self._files.write_all(contents)

    def remove(self, entries: Collection[Waiting]) -> None:
        """Let go of *entries*, durably."""
        if entries:
            self._files.remove_all([self._folder / one.file for one in entries])

    def record(self) -> Record:
        """Return what became of events; nothing where nobody can say."""
        path = self._folder / _RECORD
        with reported("reading", path):
            try:
                return _RECORDS.validate_json(_read(path))
            except (FileNotFoundError, ValidationError):
                return Record()

    def write_record(self, record: Record) -> None:
        """Note durably what became of events."""
        self._files.write(self._folder / _RECORD, _RECORDS.dump_json(record) + b"\n")

    def _paths(self) -> list[Path]:
        with reported("reading the folder", self._folder):
            try:
                return sorted(one for one in self._folder.iterdir() if _NAME.fullmatch(one.name))
            except FileNotFoundError:
                return []


def drop_others(data: Path, names: Collection[str], files: Files) -> dict[str, int]:
    """Let go of what waits for hooks that are none of *names*; return how much, by hook."""
    top = data / FOLDER
    with reported("reading the folder", top):
        folders = sorted(top.glob(f"{_PREFIX}*")) if top.is_dir() else []
    dropped: dict[str, int] = {}
    for folder in folders:
        name = folder.name.removeprefix(_PREFIX)
        if name not in names:
            paths = sorted(folder.iterdir())
            dropped[name] = sum(_NAME.fullmatch(path.name) is not None for path in paths)
            files.remove_all(paths)
    return {name: count for name, count in dropped.items() if count}


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_FILE_BYTES)
