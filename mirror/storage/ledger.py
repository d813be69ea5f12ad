"""The record of everything seen upstream and of every decision: append-only, chained by hash.

``ledger/<number of the first line>.jsonl`` holds up to about 4 MiB.  An append is synced
once and counts as a whole: what a power cut left of an incomplete one is cut off at the
next start.  Any other line that is not as it was written is damage, and said so.  The
chain can not show that whole appends are missing at the very end; the database, which
follows the ledger, can.
"""

from __future__ import annotations

import contextlib
import re
from asyncio import Lock
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, StorageError
from mirror.storage.disk import reported
from mirror.storage.entries import (
    START,
    Change,
    Decision,
    Entry,
    Position,
    Recorded,
    Refusal,
    Sighting,
)
from mirror.storage.lines import LINE_BYTES, chained, find_line, write_lines
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO, TypeAlias

    from mirror.storage.disk import Disk
    from mirror.storage.files import Files
    from mirror.storage.lines import Line

    Follower: TypeAlias = Callable[[list[Recorded]], Awaitable[None]]

__all__ = [
    "START",
    "Change",
    "Decision",
    "Entry",
    "Ledger",
    "LedgerReader",
    "Position",
    "Recorded",
    "Refusal",
    "Sighting",
]

_FILE_BYTES = 4 << 20
_BATCH = 500
_NAME = re.compile(r"([0-9]{9})\.jsonl")


@dataclass(slots=True)
class _Scan:
    """What one file of the ledger holds: the last whole append ends at *end* and *size*."""

    end: Position | None = None
    size: int = 0
    newest: datetime | None = None
    torn: bool = False


class LedgerReader:
    """Reads the ledger in *folder*; safe beside a writer, whose append in progress is not seen."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def read(self, after: Position = START) -> Generator[Recorded]:
        """Yield what stands behind *after*, oldest first; this blocks.

        Raises `DamagedError` at the first line that is not as it was written, and when the
        line *after* is not in this ledger.
        """
        paths = self._paths()
        for index, path in enumerate(paths):
            follower = paths[index + 1] if index + 1 < len(paths) else None
            if follower is not None and _first(follower) <= after.number:
                continue
            for recorded in self._read_file(path, after):
                after = recorded.position
                yield recorded
            if follower is not None and _first(follower) != after.number + 1:
                raise DamagedError(f"{path} ends with line {after.number}, too early")

    async def entries(self, after: Position = START) -> AsyncIterator[Recorded]:
        """Yield what stands behind *after*, oldest first, without holding it all in memory."""
        while batch := await to_end(self._batch, after):
            for recorded in batch:
                yield recorded
            after = batch[-1].position

    async def verify(self) -> Position:
        """Read every line; return the last place, or raise `DamagedError` that names one."""
        return await to_end(self._verify)

    def _verify(self) -> Position:
        end = START
        for recorded in self.read():
            end = recorded.position
        return end

    def _batch(self, after: Position) -> list[Recorded]:
        with contextlib.closing(self.read(after)) as records:
            return list(islice(records, _BATCH))

    def _paths(self) -> list[Path]:
        with reported("reading the folder", self._folder):
            paths = sorted(p for p in self._folder.iterdir() if _NAME.fullmatch(p.name))
        if paths and _first(paths[0]) != 1:
            raise DamagedError(f"the first file of the ledger is missing: {self._folder}")
        return paths

    def _read_file(self, path: Path, after: Position) -> Iterator[Recorded]:
        """Yield the lines of one file behind *after*, append by append."""
        append: list[Recorded] = []
        for line, recorded, _ in self._walk(path, after):
            append.append(recorded)
            if line.ends_append:
                yield from append
                append.clear()

    def _walk(self, path: Path, after: Position | None) -> Iterator[tuple[Line, Recorded, int]]:
        """Yield each line behind *after* (None: all), what it records and its size in bytes.

        Ends before a line that is incomplete, or that only a torn append can have left.
        """
        with reported("reading", path), self._disk.open_reading(path) as file:
            for number, text in enumerate(_whole_lines(file), start=_first(path)):
                if after is not None and number <= after.number:
                    _refuse_another(path, number, text, after)
                    continue
                line = find_line(text)
                if line is None:
                    _refuse_if_followed(path, number, file)
                    return
                recorded = _chained(path, line, text, after or Position(number - 1, line.previous))
                yield line, recorded, len(text) + 1
                after = recorded.position


class Ledger(LedgerReader):
    """The one writer's ledger; `recover` comes first."""

    def __init__(self, folder: Path, files: Files) -> None:
        super().__init__(folder, files.disk)
        self._files = files
        self._lock = Lock()
        self._path = self._path_from(1)
        self._size = 0
        self._head = START
        self._newest: datetime | None = None
        self._follower: Follower | None = None

    @property
    def head(self) -> Position:
        """The place of the last line."""
        return self._head

    @property
    def newest(self) -> datetime | None:
        """The newest time in the newest file: a clock before it is wrong."""
        return self._newest

    @property
    def follower(self) -> Follower | None:
        """Who is told of appends."""
        return self._follower

    def followed_by(self, follower: Follower | None) -> None:
        """Have *follower* told of every append that is durable, before `append` returns."""
        self._follower = follower

    async def append(self, entries: Sequence[Entry]) -> list[Recorded]:
        """Add *entries*, all or none of them, durably; return where they stand.

        What the follower raises is raised here, and then the entries do stand.
        """
        async with self._lock:
            recorded = await to_end(self._append, list(entries))
            if recorded and self._follower is not None:
                await self._follower(recorded)
            return recorded

    def recover(self) -> str | None:
        """Find the end, and cut off an append that a crash left incomplete; this blocks.

        Returns a sentence about what was cut, or None.  Raises `DamagedError` for a line
        in the newest file that was complete and is not as it was written.
        """
        paths = self._paths()
        if not paths:
            self._begin_file(1)
            return None
        self._path = paths[-1]
        scan = self._scan(self._path)
        self._size, self._newest = scan.size, scan.newest
        if scan.end is not None:
            self._head = scan.end
        elif len(paths) > 1:
            self._take_end_of(paths[-2])
        # Synced in any case: a killed process may have written without coming to that.
        self._files.cut(self._path, self._size)
        return f"cut an incomplete append off {self._path}" if scan.torn else None

    def _verify(self) -> Position:
        head = self._head
        end = super()._verify()
        if end.number < head.number:
            raise DamagedError(f"the ledger ends with line {end.number}, not {head.number}")
        return end

    def _append(self, entries: list[Entry]) -> list[Recorded]:
        recorded, lines = write_lines(entries, self._head)
        if not recorded:
            return []
        if self._size >= _FILE_BYTES:
            self._begin_file(self._head.number + 1)
        data = b"".join(lines)
        try:
            self._files.append(self._path, data, self._size)
        except StorageError:
            with contextlib.suppress(StorageError):  # else the next append cuts it
                self._files.cut(self._path, self._size)
            raise
        self._size += len(data)
        self._head = recorded[-1].position
        self._newest = _newer(self._newest, entries)
        return recorded

    def _begin_file(self, number: int) -> None:
        path = self._path_from(number)
        self._files.write(path, b"")
        self._path, self._size = path, 0

    def _take_end_of(self, path: Path) -> None:
        scan = self._scan(path)
        if scan.torn or scan.end is None:
            raise DamagedError(f"{path} is not as it was written, and not the newest file")
        self._head, self._newest = scan.end, scan.newest

    def _scan(self, path: Path) -> _Scan:
        """Read one file up to its last whole append; raise for damage before that."""
        scan, size = _Scan(), 0
        for line, recorded, length in self._walk(path, START if _first(path) == 1 else None):
            size += length
            scan.newest = _newer(scan.newest, [recorded.entry])
            if line.ends_append:
                scan.end, scan.size = recorded.position, size
        with reported("reading", path):
            scan.torn = path.stat().st_size > scan.size
        return scan

    def _path_from(self, number: int) -> Path:
        return self._folder / f"{number:09}.jsonl"


def _first(path: Path) -> int:
    return int(path.name.removesuffix(".jsonl"))


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines without their ends; the last one only if it has an end, or is far too long."""
    while text := file.readline(LINE_BYTES):
        if text.endswith(b"\n") or len(text) == LINE_BYTES:
            yield text.removesuffix(b"\n")


def _chained(path: Path, line: Line, text: bytes, after: Position) -> Recorded:
    try:
        return chained(line, text, after)
    except DamagedError as error:
        raise DamagedError(f"{path}: {error}") from error


def _refuse_another(path: Path, number: int, text: bytes, after: Position) -> None:
    if number == after.number and Digest.of(text) != after.digest:
        raise DamagedError(f"{path}: line {number} is another one than is remembered")


def _refuse_if_followed(path: Path, number: int, file: BinaryIO) -> None:
    """Raise when a later append follows the unreadable line *number*: it was complete then."""
    followers = map(find_line, _whole_lines(file))
    if any(line is not None and line.of[0] > number for line in followers):
        raise DamagedError(f"{path}: line {number} can not be read")


def _newer(newest: datetime | None, entries: Sequence[Entry]) -> datetime | None:
    times = [entry.time for entry in entries]
    return max([newest, *times] if newest is not None else times, default=None)
