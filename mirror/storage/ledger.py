"""The record of everything seen upstream and of every decision: append-only, chained by hash.

``ledger/<number of the first line>.jsonl`` holds up to about 4 MiB.  An append is synced
once and counts as a whole: what a power cut left of an incomplete one is cut off at the
next start.  Any other line that is not as it was written is damage, and said so.  The
chain can not show that whole appends are missing at the very end; the database, which
follows the ledger, can.

Whoever appends while an append is being written is in the next one, with all others who
came meanwhile: the disk is waited for once, not once for each.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mirror.errors import DamagedError, StorageError
from mirror.storage.disk import reported
from mirror.storage.entries import START, Entry, Position, Recorded
from mirror.storage.ledger_reader import LedgerReader, first_number
from mirror.storage.lines import write_lines
from mirror.storage.threads import outlast, to_end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from mirror.storage.files import Files

    Follower: TypeAlias = Callable[[list[Recorded]], Awaitable[None]]

_FILE_BYTES = 4 << 20


@dataclass(slots=True)
class _Scan:
    """What one file of the ledger holds: the last whole append ends at *end* and *size*."""

    end: Position | None = None
    size: int = 0
    newest: datetime | None = None
    torn: bool = False


@dataclass(slots=True)
class _Portion:
    """What is written as one append: the entries of all who came in time."""

    entries: list[Entry]
    hurry: asyncio.Event
    written: asyncio.Task[list[Recorded]]


class Ledger(LedgerReader):
    """The one writer's ledger; `recover` comes first."""

    def __init__(self, folder: Path, files: Files) -> None:
        super().__init__(folder, files.disk)
        self._files = files
        self._lock = asyncio.Lock()
        self._next: _Portion | None = None
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

    async def append(self, entries: Sequence[Entry], *, patience: float = 0.0) -> list[Recorded]:
        """Add *entries*, all or none of them, durably; return where they stand.

        What the follower raises is raised here, and then the entries do stand.  Of several
        whose entries are one append, all fail when it does.  With *patience* this waits so
        many seconds for others to come, unless one comes who has none.
        """
        portion = self._next or self._begin_portion(patience)
        start = len(portion.entries)
        portion.entries.extend(entries)
        if not patience:
            portion.hurry.set()
        recorded = await outlast(portion.written)
        return recorded[start : start + len(entries)]

    def hurry(self) -> None:
        """Have those who wait for others to come wait no longer; nobody else comes soon."""
        if self._next is not None:
            self._next.hurry.set()

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

    def _begin_portion(self, patience: float) -> _Portion:
        entries: list[Entry] = []
        hurry = asyncio.Event()
        writing = self._write_in_turn(entries, hurry, patience)
        self._next = _Portion(entries, hurry, asyncio.create_task(writing))
        return self._next

    async def _write_in_turn(
        self, entries: list[Entry], hurry: asyncio.Event, patience: float
    ) -> list[Recorded]:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await hurry.wait()
        async with self._lock:
            # From here on nobody can join: what is added to them later would not be written.
            self._next = None
            recorded = await to_end(self._append, entries)
            if recorded and self._follower is not None:
                await self._follower(recorded)
            return recorded

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
        for line, recorded, length in self._walk(path, START if first_number(path) == 1 else None):
            size += length
            scan.newest = _newer(scan.newest, [recorded.entry])
            if line.ends_append:
                scan.end, scan.size = recorded.position, size
        with reported("reading", path):
            scan.torn = path.stat().st_size > scan.size
        return scan

    def _path_from(self, number: int) -> Path:
        return self._folder / f"{number:09}.jsonl"


def _newer(newest: datetime | None, entries: Sequence[Entry]) -> datetime | None:
    times = [entry.time for entry in entries]
    return max([newest, *times] if newest is not None else times, default=None)
