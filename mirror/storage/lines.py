"""The lines of the ledger: one JSON object each, chained by hash.

``previous`` is the SHA-256 of the line before (without its line end); ``n`` counts lines
from 1; ``of`` gives the first and the last line of the append that wrote it, so that an
append counts as a whole or not at all.  Sightings are written briefly, as ``seen``
(`mirror.storage.brief`); lines of earlier versions have them whole, as ``sighting``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, MalformedValueError, StorageError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.brief import BriefSighting, brief_sighting, whole_sighting
from mirror.storage.entries import (
    Change,
    Decision,
    Look,
    Position,
    Recorded,
    Refusal,
    Removal,
    Return,
    Sighting,
    Withdrawal,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.storage.entries import Entry

LINE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Line:
    """One line; exactly one of the entries is there, ``seen`` only in what is written."""

    previous: Digest
    n: int
    of: tuple[int, int]
    sighting: Sighting | None = None
    refusal: Refusal | None = None
    change: Change | None = None
    decision: Decision | None = None
    withdrawal: Withdrawal | None = None
    returned: Return | None = None
    removal: Removal | None = None
    look: Look | None = None
    seen: BriefSighting | None = None

    def __post_init__(self) -> None:
        """Refuse what no append writes; pydantic makes the error one of the document."""
        if (
            len(self._entries) + (self.seen is not None) != 1
            or not self.of[0] <= self.n <= self.of[1]
        ):
            raise ValueError(f"line {self.n} has {len(self._entries)} entries, in {self.of}")

    @property
    def entry(self) -> Entry:
        """The entry."""
        return self._entries[0]

    @property
    def ends_append(self) -> bool:
        """Whether the append that wrote this line is complete with it."""
        return self.n == self.of[1]

    @property
    def _entries(self) -> list[Entry]:
        entries = [
            self.sighting,
            self.refusal,
            self.change,
            self.decision,
            self.withdrawal,
            self.returned,
            self.removal,
            self.look,
        ]
        return [entry for entry in entries if entry is not None]


_LINES = Shape(Line)


def write_lines(entries: Sequence[Entry], after: Position) -> tuple[list[Recorded], list[bytes]]:
    """Return *entries* as they stand behind the line *after*, and their lines with line ends."""
    of = (after.number + 1, after.number + len(entries))
    recorded, lines = [], []
    for entry in entries:
        text = _LINES.dump_json(_line(entry, after, of), exclude_defaults=True)
        if len(text) >= LINE_BYTES:
            raise StorageError(f"an entry of {len(text)} bytes is too large for the ledger")
        previous, after = after.digest, Position(after.number + 1, Digest.of(text))
        recorded.append(Recorded(after, previous, entry))
        lines.append(text + b"\n")
    return recorded, lines


def find_line(text: bytes) -> Line | None:
    """Read one line without its line end; None when it can not be read."""
    try:
        line = _LINES.validate_json(text)
        if line.seen is not None:
            line = replace(line, sighting=whole_sighting(line.seen), seen=None)
    except (MalformedValueError, ValueError):
        return None
    return line


def chained(line: Line, text: bytes, after: Position) -> Recorded:
    """Return what *line* records; raise `DamagedError` when it does not follow *after*."""
    if line.n != after.number + 1 or line.previous != after.digest:
        raise DamagedError(f"line {line.n} of the ledger does not follow line {after.number}")
    return Recorded(Position(line.n, Digest.of(text)), line.previous, line.entry)


def _line(entry: Entry, after: Position, of: tuple[int, int]) -> Line:
    place = after.digest, after.number + 1, of
    match entry:
        case Sighting():
            line = Line(*place, seen=brief_sighting(entry))
        case Refusal():
            line = Line(*place, refusal=entry)
        case Change():
            line = Line(*place, change=entry)
        case Decision():
            line = Line(*place, decision=entry)
        case Withdrawal():
            line = Line(*place, withdrawal=entry)
        case Return():
            line = Line(*place, returned=entry)
        case Removal():
            line = Line(*place, removal=entry)
        case _:
            line = Line(*place, look=entry)
    return line
