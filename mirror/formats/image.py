"""What a reader of one structure hands over to be judged.

A reader takes bytes and returns an `Image`, or raises `MalformedImageError` with a rule
and a sentence.  It never raises anything else, whatever the bytes, and never compares
with a claim: `mirror.formats.agreement` does.
"""

from __future__ import annotations

import itertools
from dataclasses import field
from typing import TYPE_CHECKING

from mirror.errors import MalformedImageError
from mirror.formats.verdict import Checksummed, Finding, Identity, ImageFacts, Region
from mirror.frozen import dataclass

if TYPE_CHECKING:
    import struct

_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason to refuse, unless the build is so old that its tools did not do better.

    ``before`` is the first version (``(1, 13)``) in which every build does.
    """

    finding: Finding
    before: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """A sound structure, and what it shows.

    ``kinds`` are those that may carry it (values of `mirror.catalog.kinds.Kind`).
    ``ports`` and ``mcus`` (lower case) are those that such an image can belong to, None
    where the structure can not tell.  ``speaks`` is False for the kind that never carries
    a banner.  ``findings`` warn; ``doubts`` refuse, unless excused by age.
    """

    facts: ImageFacts
    kinds: frozenset[str]
    checksummed: Checksummed = Checksummed.NONE
    identity: Identity = field(default_factory=Identity)
    ports: frozenset[str] | None = None
    mcus: frozenset[str] | None = None
    speaks: bool = True
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    limits: tuple[str, ...] = ()


def unpack(layout: struct.Struct, data: bytes, offset: int, what: str) -> tuple[int, ...]:
    """Read the integers of *layout* at *offset*; refuse when *data* ends before."""
    if offset < 0 or offset + layout.size > len(data):
        raise MalformedImageError(
            f"the file ends before its {what} at offset {offset:#x}: cut short?", rule="truncated"
        )
    return layout.unpack_from(data, offset)


def require_apart(regions: list[Region], what: str) -> list[Region]:
    """Return *regions* by address; refuse two that share a byte."""
    ordered = sorted(regions, key=lambda region: (region.start, region.end))
    for left, right in itertools.pairwise(ordered):
        if right.start < left.end:
            raise MalformedImageError(
                f"{what} overlap: one ends at {left.end:#x}, the next begins at {right.start:#x}",
                rule="overlap",
            )
    return ordered


def is_filled(data: bytes, start: int, end: int, value: int) -> bool:
    """Whether every byte of *data* from *start* to *end* is *value*."""
    filler = bytes([value]) * _AT_ONCE
    # Block by block: the first that differs ends it, and nearly all differ.
    return start <= end and all(
        data[at : min(at + _AT_ONCE, end)] == filler[: end - at]
        for at in range(start, end, _AT_ONCE)
    )
