"""Why a run ended early, in one fixed word: what a status looks up what can be done by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import (
    BreakerOpenError,
    CatalogShrunkError,
    DiskFullError,
    DoubtfulClockError,
    IncompleteError,
    SelfUpstreamError,
    StorageError,
    UpstreamError,
    UpstreamRestingError,
    WentBackError,
)

if TYPE_CHECKING:
    from mirror.errors import MirrorError

#: The first that fits counts; None ends no run early, or is what somebody set.
_CAUSES: Final[tuple[tuple[type[MirrorError], str | None], ...]] = (
    (IncompleteError, None),
    (BreakerOpenError, "upstream-away"),
    (UpstreamRestingError, None),
    (UpstreamError, "upstream-away"),
    (CatalogShrunkError, "catalog-shrunken"),
    (SelfUpstreamError, "upstream-is-itself"),
    (WentBackError, "upstream-went-back"),
    (DoubtfulClockError, "clock"),
    (DiskFullError, "no-room"),
    (StorageError, "storage"),
)


def cause_of(error: MirrorError | None) -> str | None:
    """Return the word for *error*; None when it is no reason for an alarm."""
    if error is None:
        return None
    found = [word for kind, word in _CAUSES if isinstance(error, kind)]
    return found[0] if found else "run-failed"
