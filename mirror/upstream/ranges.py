"""Continuing a body in the middle: what may be continued, and what an answer to that means.

A part is continued only under a strong ETag (RFC 9110, 13.1.5): any other validator may
be equal for different bytes, and would splice two firmwares into one file.
"""

from __future__ import annotations

import re

from mirror.frozen import dataclass

_STRONG = re.compile(r'"[\x21\x23-\x7e]*"')
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ContentRange:
    """The bytes *start* to *end* (both included) of *total*."""

    start: int
    end: int
    total: int

    def __str__(self) -> str:
        return f"bytes {self.start}-{self.end}/{self.total}"


def parse_content_range(text: str | None) -> ContentRange | None:
    """Read a ``Content-Range`` with all three numbers in their order; None for anything else."""
    match = _CONTENT_RANGE.fullmatch(text or "")
    if match is None:
        return None
    start, end, total = (int(number) for number in match.groups())
    return ContentRange(start, end, total) if start <= end < total else None


def strong_etag(text: str | None) -> str | None:
    """Return *text* if it is a strong ETag, which alone may stand in ``If-Range``."""
    return text if text is not None and _STRONG.fullmatch(text) else None
