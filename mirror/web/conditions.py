"""Decide what a conditional request is answered with, in one place.

RFC 9110 sections 13 and 14, for representations that have a strong ETag: only the digest says
"same", so an ``If-Range`` that is a date never matches, and ``If-Modified-Since`` only where it
is the very date that these bytes were given with (`mirror.web.modified`).  Several ranges in
one request are answered with the whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

_ETAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,30})-([0-9]{0,30})[ \t]*", re.IGNORECASE)
_ANY: Final = "*"


class _Fields(Protocol):
    """The header fields of a request, as aiohttp gives them."""

    def getall(self, key: str, default: tuple[str, ...], /) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request says of the bytes that its client has, and of those that it wants.

    Fields that stand twice are joined by a comma, as RFC 9110 section 5.3 says.
    """

    if_match: str | None = None
    if_none_match: str | None = None
    if_range: str | None = None
    range: str | None = None
    if_modified_since: str | None = None

    @classmethod
    def of(cls, fields: _Fields) -> Conditions:
        """Take the conditions out of the header *fields* of a request."""
        return cls(
            _joined(fields, "If-Match"),
            _joined(fields, "If-None-Match"),
            _joined(fields, "If-Range"),
            _joined(fields, "Range"),
            _joined(fields, "If-Modified-Since"),
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The status of an answer, and its bytes: from *start* up to, not including, *stop*.

    *status* is 200, 206, 304, 412 or 416; the last three have no bytes.
    """

    status: int
    start: int = 0
    stop: int = 0


def select(
    method: str, conditions: Conditions, etag: str, size: int, modified: str | None = None
) -> Selection:
    """Say what of *size* bytes with the strong *etag* (with its quotes) answers *method*.

    *modified* is the date that these bytes are given with, as RFC 9110 writes it, if any.
    For HEAD the selection is that of GET; that its bytes are not sent is the caller's part.
    """
    # The order of the steps is that of RFC 9110 section 13.2.2.
    if conditions.if_match is not None and not _names_strongly(conditions.if_match, etag):
        return Selection(412)
    if conditions.if_none_match is not None:
        same = _names(conditions.if_none_match, etag)
    else:
        # Section 13.1.3: looked at without the other only.
        same = modified is not None and conditions.if_modified_since == modified
    if same:
        return Selection(304)
    # Section 14.2: a Range of any other method than GET is not looked at.
    if method == "GET" and conditions.range is not None and _in_range(conditions, etag):
        return _part(conditions.range, size)
    return Selection(200, 0, size)


def _joined(fields: _Fields, name: str) -> str | None:
    values = fields.getall(name, ())
    return ", ".join(values) if values else None


def _names(text: str, etag: str) -> bool:
    return text.strip() == _ANY or any(quoted == etag for _, quoted in _ETAG.findall(text))


def _names_strongly(text: str, etag: str) -> bool:
    found = _ETAG.findall(text)
    return text.strip() == _ANY or any(quoted == etag and not weak for weak, quoted in found)


def _in_range(conditions: Conditions, etag: str) -> bool:
    return conditions.if_range is None or conditions.if_range.strip() == etag


def _part(text: str, size: int) -> Selection:
    found = _RANGE.fullmatch(text.strip())
    if found is None or found.group(1) == found.group(2) == "":
        return Selection(200, 0, size)
    first, last = found.groups()
    if not first:
        return _tail(int(last), size)
    if last and int(last) < int(first):
        return Selection(200, 0, size)
    if int(first) >= size:
        return Selection(416)
    return Selection(206, int(first), min(int(last) + 1, size) if last else size)


def _tail(count: int, size: int) -> Selection:
    if count == 0 or size == 0:
        return Selection(416)
    return Selection(206, max(size - count, 0), size)
