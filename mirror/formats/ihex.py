"""Intel HEX: records of text, each with its address and a sum.

`read_ihex` takes only the canonical form that upstream's tools write: upper-case digits,
one kind of line end, an end record that ends the file, and no gap under 256 bytes,
because a lost record leaves one of 16.  A record lost at the very end of a run leaves
none.  `flatten` is for files inside a container that has a checksum of its own.
"""

from __future__ import annotations

import binascii
import itertools
from typing import TYPE_CHECKING

from mirror.errors import MalformedImageError
from mirror.formats.identity import find_identity, merge
from mirror.formats.ihex_rows import Rows, find_rows, is_data
from mirror.formats.image import Image, require_apart
from mirror.formats.payload import payload_digest
from mirror.formats.verdict import Checksummed, ImageFacts, Region

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_GAP = 256
LIMIT = "a record lost at the end of a run of addresses leaves no gap and may go unnoticed"

DATA, END, SEGMENT_BASE, SEGMENT_ENTRY, BASE, ENTRY = range(6)

_MOST_RECORDS = 1 << 20
_MOST_RUNS = 1024
_LOOK_AGAIN = 512
_LONGEST_LINE = 1 + 2 * (255 + 5) + 2
_FRAME = 5
_DIGITS = b"0123456789ABCDEFabcdef"
_SIZES = {END: 0, SEGMENT_BASE: 2, SEGMENT_ENTRY: 4, BASE: 2, ENTRY: 4}
# Where the flash of each port lies; nRF and Renesas both begin at 0.
_FLASHES = (
    (range(0x08000000, 0x10000000), "STM32", frozenset({"stm32"})),
    (range(0x30000000, 0x34000000), "MIMXRT", frozenset({"mimxrt"})),
    (range(0x60000000, 0x70000000), "MIMXRT", frozenset({"mimxrt"})),
    (range(0x34000000, 0x38000000), "STM32", frozenset({"stm32"})),
    (range(0x70000000, 0xA0000000), "STM32", frozenset({"stm32"})),
    (range(0x08000000), None, frozenset({"nrf", "renesas-ra"})),
)
# An nRF's user configuration, which no other chip has there.
_UICR = range(0x10001000, 0x10002000)


class Memory:
    """The data of records as runs of addresses without a gap, in the order they came."""

    __slots__ = ("_next", "base", "runs")

    def __init__(self) -> None:
        self.base = 0
        self.runs: list[tuple[int, bytearray]] = []
        self._next = -1

    def take(self, record: bytes) -> None:
        """Add the data of *record*, or its base for the addresses that follow."""
        kind = record[3]
        if kind == BASE:
            self.base = int.from_bytes(record[4:6], "big") << 16
        elif kind == SEGMENT_BASE:
            self.base = int.from_bytes(record[4:6], "big") << 4
        elif kind not in _SIZES:
            self._put(self.base + (record[1] << 8 | record[2]), record[4:-1])

    def take_rows(self, rows: Rows) -> None:
        """Add the data of all *rows*."""
        self._put(self.base + rows.address, rows.data)

    def _put(self, address: int, data: bytes) -> None:
        if address != self._next:
            if len(self.runs) == _MOST_RUNS:
                raise MalformedImageError(f"more than {_MOST_RUNS} runs of addresses")
            self.runs.append((address, bytearray()))
        self.runs[-1][1].extend(data)
        self._next = address + len(data)

    def content(self) -> list[tuple[Region, bytes]]:
        """Return the runs by address, adjoining ones as one; refuse two that overlap."""
        runs = sorted(self.runs, key=lambda run: run[0])
        require_apart([Region(start, start + len(data)) for start, data in runs], "records")
        joined: list[tuple[int, bytearray]] = []
        for start, data in runs:
            if joined and joined[-1][0] + len(joined[-1][1]) == start:
                joined[-1][1].extend(data)
            else:
                joined.append((start, bytearray(data)))
        return [(Region(start, start + len(data)), bytes(data)) for start, data in joined]


def read_ihex(data: bytes) -> Image:
    """Read a plain file in canonical form."""
    require_canonical(data)
    content = flatten(data, one_end=True)
    regions = [region for region, _ in content]
    require_no_lost_record(regions)
    chip, ports = _chip_at(regions)
    return Image(
        facts=ImageFacts(
            structure="intel-hex",
            chip=chip,
            offset=regions[0].start,
            regions=tuple(regions),
            payload=payload_digest(content),
        ),
        kinds=frozenset({"hex"}),
        checksummed=Checksummed.XOR,
        identity=merge(find_identity(run) for _, run in content),
        ports=ports,
        limits=(LIMIT,),
    )


def flatten(data: bytes, *, one_end: bool = False) -> list[tuple[Region, bytes]]:
    """Return the data of all records by address; refuse other types than those of Intel HEX.

    With *one_end*, lines that end in several ways are refused too.
    """
    memory, lines = Memory(), _Lines(data, one_end=one_end)
    while not lines.ended:
        rows = lines.find_rows()
        if rows is not None:
            memory.take_rows(rows)
            continue
        record = lines.record()
        if record[3] not in _SIZES and record[3] != DATA:
            raise MalformedImageError(f"a record of unknown type {record[3]:#04x}")
        memory.take(record)
    content = memory.content()
    if not content:
        raise MalformedImageError("no record holds any data")
    return content


def records(data: bytes) -> Iterator[bytes]:
    """Yield the bytes of each record with their sum checked; the end record is the last line.

    Lines that end in several ways are refused.
    """
    lines = _Lines(data, one_end=True)
    while not lines.ended:
        yield lines.record()


class _Lines:
    """The lines of *data*, one after the other, until the end record has come."""

    def __init__(self, data: bytes, *, one_end: bool) -> None:
        self.ended = False
        # How the first line ends, if all others must end so too.
        self._end = data[: data.find(b"\n") + 1][-2:].lstrip(_DIGITS) if one_end else None
        self._data = data
        self._at = 0
        self._number = 0
        self._look_again = 0

    def find_rows(self) -> Rows | None:
        """Return many records at once, if there are such next."""
        if self._number < self._look_again or not is_data(self._data, self._at):
            return None
        rows = find_rows(self._data, self._at)
        if rows is None:
            # Looked for in vain at every line, they would take for ever.
            self._look_again = self._number + _LOOK_AGAIN
            return None
        self._at += rows.size
        self._number += rows.count
        # All rows end as the last of them does.
        self._require_end(self._data[self._at - 3 : self._at])
        if self._number > _MOST_RECORDS:
            raise MalformedImageError(f"line {self._number} is one too many")
        return rows

    def record(self) -> bytes:
        """Return the next record with its sum checked."""
        if self._at == len(self._data):
            raise MalformedImageError("no end record: cut short?", rule="truncated")
        self._number += 1
        line = self._next_line()
        if self._number > _MOST_RECORDS or len(line) > _LONGEST_LINE:
            raise MalformedImageError(f"line {self._number} is too long, or one too many")
        record = _record(line, self._number)
        self._require_end(line[-3:])
        self.ended = record[3] == END
        if self.ended and self._at < len(self._data):
            raise MalformedImageError("bytes stand behind the end record", rule="trailing")
        return record

    def _require_end(self, last: bytes) -> None:
        if self._end is not None and last.lstrip(_DIGITS) != self._end:
            raise MalformedImageError("line ends of several kinds", rule="canonical")

    def _next_line(self) -> bytes:
        bound = self._at + _LONGEST_LINE + 1
        end = self._data.find(b"\n", self._at, bound) + 1 or min(bound, len(self._data))
        line = self._data[self._at : end]
        self._at = end
        return line


def _record(line: bytes, number: int) -> bytes:
    try:
        record = binascii.unhexlify(line[1:].rstrip(b"\r\n"))
    except binascii.Error as error:
        raise MalformedImageError(f"line {number} is not hexadecimal") from error
    if line[0] != ord(":") or len(record) < _FRAME or record[0] != len(record) - _FRAME:
        raise MalformedImageError(f"line {number} is no record of the length it claims")
    if sum(record) & 0xFF:
        raise MalformedImageError(f"the sum of line {number} is wrong", rule="checksum")
    if _SIZES.get(record[3], record[0]) != record[0]:
        raise MalformedImageError(f"line {number} is too long or short for its type")
    return record


def require_canonical(data: bytes) -> None:
    """Refuse lower-case digits, or a last line without an end."""
    if any(digit in data for digit in (b"a", b"b", b"c", b"d", b"e", b"f")):
        raise MalformedImageError("lower-case digits", rule="canonical")
    if not data.endswith(b"\n"):
        raise MalformedImageError("the last line has no end: cut short?", rule="truncated")


def require_no_lost_record(regions: list[Region]) -> None:
    """Refuse a gap that no linker leaves, but a lost record does."""
    for left, right in itertools.pairwise(regions):
        if right.start - left.end < SHORTEST_GAP:
            raise MalformedImageError(
                f"{right.start - left.end} bytes are missing at {left.end:#x}: a lost record?",
                rule="gap",
            )


def _chip_at(regions: list[Region]) -> tuple[str | None, frozenset[str] | None]:
    """Return the chip, if one can be told, and the ports whose flash begins where these do."""
    if any(region.start in _UICR for region in regions):
        return "nRF", frozenset({"nrf"})
    for flash, chip, ports in _FLASHES:
        if regions[0].start in flash:
            return chip, ports
    return None, None
