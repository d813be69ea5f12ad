"""The ledger as operators read it: from a date, a time or the number of a line on.

Each line says of what kind its entry is; its place and hash are those of the ledger's own line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.catalog.values import Digest
from mirror.errors import BadQueryError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.entries import Entry, Position

if TYPE_CHECKING:
    from mirror.storage.entries import Recorded

#: Whether a line is wanted.
Wanted: TypeAlias = Callable[["Recorded"], bool]

_NUMBER: Final = re.compile(r"[0-9]{1,7}|[0-9]{9,18}")


@dataclass(frozen=True, slots=True)
class _Told:
    """A line of the ledger, and the ``kind`` of its entry, such as ``sighting``."""

    kind: str
    position: Position
    previous: Digest
    entry: Entry


_TOLD = Shape(_Told)


def spell(recorded: Recorded) -> bytes:
    """Return *recorded* as one line of JSON, with its line end."""
    kind = type(recorded.entry).__name__.lower()
    told = _Told(kind, recorded.position, recorded.previous, recorded.entry)
    return _TOLD.dump_json(told) + b"\n"


def since(text: str | None) -> Wanted:
    """Return what is wanted from *text* on; everything for None.

    A date begins at midnight, and a time without zone is one, in UTC.  Eight digits are a date.
    Raises `BadQueryError` for anything else.
    """
    if text is None:
        return lambda _recorded: True
    if _NUMBER.fullmatch(text):
        number = int(text)
        return lambda recorded: recorded.position.number >= number
    first = _time(text)
    return lambda recorded: recorded.entry.time >= first


def _time(text: str) -> datetime:
    try:
        # A "+" that stands for itself in a query arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise BadQueryError(
            "since is a date such as 2026-04-06, a time such as 2026-04-06T12:00:00Z, or the "
            f"number of a line, not {text[:40]!r}"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
