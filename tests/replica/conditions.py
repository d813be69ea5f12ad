"""Conditional and range requests as upstream's nginx answers them.  Pure.

The ETag of a static file is ``"<mtime in hex>-<size in hex>"`` (``upstream.md`` section 9):
strong, and no hash of the content.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Whole:
    """All of it: status 200."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from *start* up to, not including, *end*: status 206."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NotModified:
    """The client has it: status 304."""


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """The range lies outside the file: status 416."""


Decision = Whole | Part | NotModified | Unsatisfiable


def etag_of(modified: int, size: int) -> str:
    """Return the ETag, quotes included, of a file of *size* bytes modified at *modified* (s)."""
    return f'"{modified:x}-{size:x}"'


def decide(headers: Mapping[str, str], modified: int, size: int) -> Decision:
    """Return what a GET or HEAD with *headers* gets of a file.

    ``If-None-Match`` outranks ``If-Modified-Since``; a range counts only when ``If-Range``,
    if there is one, names this very file.  Several ranges, or an odd one, get the whole.
    """
    etag = etag_of(modified, size)
    if _is_known(headers, etag, modified):
        return NotModified()
    wanted = headers.get("Range")
    condition = headers.get("If-Range")
    if wanted is None or condition not in {None, etag, formatdate(modified, usegmt=True)}:
        return Whole()
    return _part(wanted, size)


def _is_known(headers: Mapping[str, str], etag: str, modified: int) -> bool:
    known = headers.get("If-None-Match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or etag in tags
    since = headers.get("If-Modified-Since")
    return since is not None and _time_of(since) == modified


def _time_of(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, OverflowError):
        return None


def _part(wanted: str, size: int) -> Decision:
    found = _RANGE.fullmatch(wanted)
    if found is None or found[0] == "bytes=-":
        return Whole()
    if not found[1]:
        return Part(max(0, size - int(found[2])), size) if int(found[2]) else Unsatisfiable()
    start = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if start >= size:
        return Unsatisfiable()
    return Part(start, end) if start < end else Whole()
