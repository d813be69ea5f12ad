"""Many alike records of Intel HEX at once: what reading them one by one gives, only sooner.

Rows are data records that follow each other in the file, are of one length, and hold
addresses without a gap between them.  Nearly all of an image is such rows.  Each is checked
as a single record is: digits, length, and sum.  Where anything is odd nothing is found, and
whoever reads the records one by one then says what it is.
"""

from __future__ import annotations

import functools
import struct

from mirror.frozen import dataclass

MOST_ROWS = 4096
"""Rows that are found at once, at most; so many have 64 KiB where each has 16 bytes."""

FEWEST_ROWS = 16
_FRAME = 5
_LONGEST_LINE = 1 + 2 * (64 + _FRAME) + 2


@dataclass(frozen=True, slots=True)
class Rows:
    """*count* records of *size* bytes in the file; *data* lies at *address* over the base."""

    count: int
    size: int
    address: int
    data: bytes


def is_data(data: bytes, at: int) -> bool:
    """Whether the record at the offset *at* says that it holds data; rows can begin there."""
    return data[at + 7 : at + 9] == b"00"


def find_rows(data: bytes, at: int) -> Rows | None:
    """Return the rows that begin at the offset *at*, where a line begins; None for too few."""
    line = data[at : data.find(b"\n", at, at + _LONGEST_LINE) + 1]
    digits = len(line) - (3 if line.endswith(b"\r\n") else 2)
    if digits < 2 * (_FRAME + 1) or digits % 2:
        return None
    count = _alike(data, at, line)
    raw = _unhexed(data, at, count, len(line))
    if count < FEWEST_ROWS or raw is None or raw[0] != digits // 2 - _FRAME:
        return None
    count = _in_a_row(raw, digits // 2, count)
    raw = raw[: count * (digits // 2)]
    if count < FEWEST_ROWS or not _sums_hold(raw, digits // 2, count):
        return None
    address = raw[1] << 8 | raw[2]
    return Rows(count, count * len(line), address, _payload(raw, digits // 2, count))


def _alike(data: bytes, at: int, line: bytes) -> int:
    """Return how many lines from *at* have marks, length and type (data) as *line* has."""
    stride = len(line)
    count = min(MOST_ROWS, (len(data) - at) // stride)
    same = {0: b":", 1: line[1:2], 2: line[2:3], 7: b"0", 8: b"0", stride - 1: b"\n"}
    if line.endswith(b"\r\n"):
        same[stride - 2] = b"\r"
    for place, letter in same.items():
        column = data[at + place : at + count * stride : stride]
        # Nearly always all are the same, which one look at all of them tells.
        if column != letter * count:
            count -= len(column.lstrip(letter))
    return count


def _unhexed(data: bytes, at: int, count: int, stride: int) -> bytes | None:
    lines = bytearray(memoryview(data)[at : at + count * stride])
    # In place of the marks, which are where they belong: what is read skips spaces, and line ends.
    lines[::stride] = b" " * count
    try:
        raw = bytes.fromhex(lines.decode("ascii"))
    except ValueError:
        return None
    # Each line has room for its digits only: a space or a mark among them shows here.
    digits = stride - (3 if lines.endswith(b"\r\n") else 2)
    return raw if 2 * len(raw) == count * digits else None


def _in_a_row(raw: bytes, stride: int, count: int) -> int:
    """Return how many records from the first on have addresses without a gap."""
    columns = bytearray(2 * count)
    columns[0::2], columns[1::2] = raw[1::stride], raw[2::stride]
    first, step = columns[0] << 8 | columns[1], stride - _FRAME
    wanted = _addresses(first, step, count)
    if columns == wanted:
        return count
    places = range(0, 2 * count, 2)
    return next(at // 2 for at in places if columns[at : at + 2] != wanted[at : at + 2])


@functools.lru_cache(maxsize=16)
def _addresses(first: int, step: int, count: int) -> bytes:
    """Return *count* addresses, each *step* after the one before; most rows begin alike."""
    # An address has 16 bits: what is beyond never stands in a record.
    fitting = min(count, 1 + (0xFFFF - first) // step)
    return struct.pack(f">{fitting}H", *range(first, first + step * fitting, step))


def _sums_hold(raw: bytes, stride: int, count: int) -> bool:
    """Whether the bytes of each record add up to 0 modulo 256.

    All records are added at once, as long numbers with 16 bits for every other of them.
    """
    mask = _every_other(count)
    total = even = 0
    for place in range(stride):
        column = int.from_bytes(raw[place::stride], "little")
        total += column
        even += column & mask
    # What a lane of 16 bits holds in its upper half is carry, and does not count.
    return not even & mask and not (total - even) >> 8 & mask


@functools.lru_cache(maxsize=4)
def _every_other(count: int) -> int:
    return int.from_bytes(b"\xff\0" * ((count + 1) // 2), "little")


def _payload(raw: bytes, stride: int, count: int) -> bytes:
    width = stride - _FRAME
    payload = bytearray(count * width)
    for place in range(width):
        payload[place::width] = raw[4 + place :: stride]
    return bytes(payload)
