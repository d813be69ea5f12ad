"""Where the bytes of an artifact came from, as one text in the ledger.

Mostly that is the URL they were fetched from.  What an operator brought says so instead:
``adopted`` for a file of upstream's that lay in a folder, ``adopted:URL`` where upstream
lists that name too, and ``local`` for an own build.
"""

from __future__ import annotations

from typing import Final

ADOPTED: Final = "adopted"
LOCAL: Final = "local"
UNLISTED: Final = (ADOPTED, LOCAL)
"""What upstream was never seen to list."""

_PREFIX: Final = f"{ADOPTED}:"


def adopted_as(listed_at: str | None) -> str:
    """Return the origin of an adopted file, *listed_at* being where upstream has that name."""
    return ADOPTED if listed_at is None else _PREFIX + listed_at


def is_adopted(origin: str) -> bool:
    """Whether an operator brought it under upstream's name."""
    return origin == ADOPTED or origin.startswith(_PREFIX)


def source_of(origin: str) -> str:
    """Return what documents give as ``source``: a URL, or ``adopted`` or ``local``."""
    return origin.removeprefix(_PREFIX)


def fetchable(origin: str) -> str | None:
    """Return the URL from which the same bytes could come again; None where there is none."""
    return None if origin in UNLISTED else source_of(origin)
