"""Read the ledger: line after line along the chain, whole appends only.

Safe beside a writer.  What looks like an append in progress, or like one that a crash left
torn, ends the reading; any other line that is not as it was written is damage.
"""

from __future__ import annotations

import contextlib
import re
from itertools import islice
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.storage.disk import reported
from mirror.storage.entries import START, Position
from mirror.storage.lines import LINE_BYTES, chained, find_line
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from mirror.storage.disk import Disk
    from mirror.storage.entries import Recorded
    from mirror.storage.lines import Line

_BATCH = 500
_NAME = re.compile(r"([0-9]{9})\.jsonl")


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
            if follower is not None and first_number(follower) <= after.number:
                continue
            for recorded in self._read_file(path, after):
                after = recorded.position
                yield recorded
            if follower is not None and first_number(follower) != after.number + 1:
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
        if paths and first_number(paths[0]) != 1:
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
            for number, text in enumerate(_whole_lines(file), start=first_number(path)):
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


def first_number(path: Path) -> int:
    """Return the number of the first line of a file of the ledger, which is its name."""
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
