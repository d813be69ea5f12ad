"""From where on the ledger is wanted: a date, a time, or the number of a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.errors import BadQueryError

if TYPE_CHECKING:
    from mirror.storage.entries import Recorded

#: Whether a line is wanted.
Wanted: TypeAlias = Callable[["Recorded"], bool]

_NUMBER: Final = re.compile(r"[0-9]{1,7}|[0-9]{9,18}")


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
