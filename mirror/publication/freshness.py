"""The small signed page that says: so was it still, when we looked last.

A quiet upstream publishes nothing for weeks, and a mirror that somebody froze looks the same.
So this page is renewed with each complete crawl: it names the root, when that was looked at, and
until when readers shall believe it.  Roots themselves never expire.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import ValidationError

from mirror.catalog.values import Digest
from mirror.errors import ForeignDataError, MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.shapes import Shape

PATH: Final = "/v1/freshness.json"
_TYPE: Final = "mpmirror.freshness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """*root* is current on *channel*, was looked at when *checked*; times are RFC 3339, UTC.

    ``checked`` is when upstream was last crawled to the end: across a gap that is the sender's
    crawl, not the import.
    """

    lineage: str
    channel: str
    sequence: int
    root: Digest
    checked: str
    expires: str
    type: str = _TYPE
    format: int = 1
    critical: tuple[str, ...] = ()

    def age(self, now: datetime) -> float:
        """Return the seconds since *checked*, none for a clock that is behind."""
        return max(0.0, (now - datetime.fromisoformat(self.checked)).total_seconds())


_FRESHNESS = Shape(Freshness)


def encode_freshness(freshness: Freshness) -> bytes:
    """Return the canonical JSON (RFC 8785)."""
    return canonical(_FRESHNESS.dump_python(freshness, mode="json"))


def decode_freshness(data: bytes) -> Freshness:
    """Read it back; raise `MalformedValueError` or `ForeignDataError`."""
    try:
        freshness = _FRESHNESS.validate_json(data)
        times = [
            datetime.fromisoformat(freshness.checked),
            datetime.fromisoformat(freshness.expires),
        ]
    except (ValidationError, ValueError) as error:
        raise MalformedValueError(f"not a document of type {_TYPE}") from error
    if freshness.type != _TYPE or any(time.tzinfo is None for time in times):
        raise MalformedValueError(f"not a document of type {_TYPE}")
    if freshness.format != 1 or freshness.critical:
        raise ForeignDataError(f"{_TYPE} of a newer mpmirror, which is needed to read it")
    return freshness
