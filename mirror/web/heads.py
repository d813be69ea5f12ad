"""Make the heads of all answers: the status line and every header field but the last few.

A head is made once and sent many times; `mirror.web.answer` adds the date and how the
connection goes on.  What must stand in every answer is written here and nowhere else: the
node's id, no guessing of types, nothing that a browser would run, reading allowed to pages
of any origin.  Nothing is ever made from what a request says of its host.
"""

from __future__ import annotations

import re
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from mirror.errors import MalformedValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

ALLOWED: Final = "GET, HEAD, OPTIONS"
OCTETS: Final = "application/octet-stream"
JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"

Field = tuple[str, str]

_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
# RFC 9110 section 5.5, without the bytes above ASCII that it calls obsolete.
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1998}[\x21-\x7e])?")
_SHOWN = (
    "Accept-Ranges, Age, Content-Disposition, Content-Length, Content-Range, ETag, Link, "
    "Retry-After"
)
_OURS = "X-Flash-Offset, X-Firmware-Version, X-MD5, X-Mpmirror-Node, X-Request-Id, X-SHA256"

_ASKED = "If-Match, If-None-Match, If-Range, Range, X-Request-Id, X-Station"


class Caching(StrEnum):
    """How long a cache may give an answer without asking; no cache may change its bytes."""

    # A digest can be recalled, so what has a name is asked for each time: 304 costs little.
    ASK = "public, no-cache, no-transform"
    FOR_EVER = "public, max-age=31536000, immutable, no-transform"
    NEVER = "no-store"


#: What pages for people may do: nothing but show this mirror's own files, in no frame.
PAGES_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
#: The same for pages that flash: esp-web-tools fetches the bytes that the page has checked.
FLASH_POLICY: Final = f"{PAGES_POLICY}; connect-src 'self' blob:"
_PAGES: Final = (
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


class Heads:
    """The heads of one node, whose id is *node*; *policy* is what a browser may do with them."""

    def __init__(self, node: str, policy: str = "sandbox", more: Iterable[Field] = ()) -> None:
        #: What stands in every answer.
        self.always: Final[tuple[Field, ...]] = (
            ("Server", "mpmirror"),
            ("X-Mpmirror-Node", node),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", policy),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", f"{_SHOWN}, {_OURS}"),
            *more,
        )
        self._always = _block(self.always)

    @classmethod
    def of_pages(cls, node: str) -> Heads:
        """Return the heads of pages for people, which have a style and a script of ours."""
        return cls(node, PAGES_POLICY, _PAGES)

    @classmethod
    def of_flashing(cls, node: str) -> Heads:
        """Return the heads of pages that flash a board."""
        return cls(node, FLASH_POLICY, _PAGES)

    def head(self, status: int, caching: Caching, fields: Iterable[Field]) -> bytes:
        """Return a head with *fields*; raise `MalformedValueError` for one that could lie."""
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        return line.encode() + self._always + _block([("Cache-Control", caching), *fields])

    def with_body(
        self, status: int, media_type: str, size: int, fields: Iterable[Field] = ()
    ) -> bytes:
        """Return the head of an answer for this moment with a body of *size* bytes."""
        own = [("Content-Type", media_type), ("Content-Length", str(size)), *fields]
        return self.head(status, Caching.NEVER, own)

    def empty(self, status: int, fields: Iterable[Field] = ()) -> bytes:
        """Return the head of an answer for this moment that has no bytes."""
        return self.head(status, Caching.NEVER, [("Content-Length", "0"), *fields])

    def preflight(self) -> bytes:
        """Return what pages of other origins are told before they ask."""
        fields = [
            ("Allow", ALLOWED),
            ("Access-Control-Allow-Methods", ALLOWED),
            (
                "Access-Control-Allow-Headers",
                "If-Match, If-None-Match, If-Range, Range, X-Request-Id, X-Station",
            ),
            ("Access-Control-Max-Age", "86400"),
        ]
        return self.head(204, Caching.NEVER, fields)


def _block(fields: Iterable[Field]) -> bytes:
    lines = []
    for name, value in fields:
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise MalformedValueError(f"not a header field: {name[:40]!r}: {value[:80]!r}")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("ascii")
