"""The content codings of documents: which one a client prefers, and the coded bytes.

The same bytes are coded the same way each time by one version of the libraries, but not by
every version: coded documents are therefore never answered in parts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Short documents grow, or save less than one packet.
SMALLEST: Final = 1024

_MOST_ITEMS = 32
_ITEM = re.compile(
    r"[ \t]*([A-Za-z0-9!#$%&'*+.^_`|~-]{1,40})"
    r"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[ \t]*"
)
_BROTLI_QUALITY = 5
_ZSTD_LEVEL = 9
_GZIP_LEVEL = 6


class Coding(StrEnum):
    """A content coding; those before win when a client likes both as much."""

    BR = "br"
    ZSTD = "zstd"
    GZIP = "gzip"
    IDENTITY = "identity"

    def etag(self, digest: str) -> str:
        """Return the strong ETag of the document with this hex *digest*, so coded."""
        return f'"{digest}"' if self is Coding.IDENTITY else f'"{digest}-{self}"'


def preferred(accept_encoding: str | None) -> Coding:
    """Return the coding that a client likes best; what can not be read is not liked."""
    if not accept_encoding:
        return Coding.IDENTITY
    liked = dict(_items(accept_encoding))
    other = liked.get("*", 0.0)
    best = max(
        (coding for coding in Coding if coding is not Coding.IDENTITY),
        key=lambda coding: liked.get(coding, other),
    )
    likes = liked.get(best, other)
    # Not named, the plain document is acceptable, but liked less than any coding named.
    plain = liked.get(Coding.IDENTITY, 0.0)
    return best if likes > 0 and likes >= plain else Coding.IDENTITY


def encode(data: bytes | memoryview, coding: Coding) -> bytes:
    """Return *data* in *coding*; this takes up to a second for a large feed: use a thread."""
    match coding:
        case Coding.BR:
            # What no client asks for is not loaded at start.
            import brotli  # type: ignore[import-untyped] # noqa: PLC0415 - see above

            return bytes(brotli.compress(bytes(data), quality=_BROTLI_QUALITY))
        case Coding.ZSTD:
            import zstandard  # noqa: PLC0415 - see above

            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data)
        case Coding.GZIP:
            import gzip  # noqa: PLC0415 - see above

            return gzip.compress(data, _GZIP_LEVEL, mtime=0)
        case Coding.IDENTITY:
            return bytes(data)


def _items(text: str) -> Iterator[tuple[str, float]]:
    for item in text.split(",", _MOST_ITEMS)[:_MOST_ITEMS]:
        found = _ITEM.fullmatch(item)
        if found is not None:
            name, weight = found.groups()
            name = name.lower().removeprefix("x-")
            yield name, 1.0 if weight is None else float(weight)
