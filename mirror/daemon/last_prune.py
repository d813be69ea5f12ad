"""What the last prune did, or why it did nothing, remembered for the status; it may be lost."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.errors import StorageError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.sync.publish import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.storage.index import Index
    from mirror.upkeep.pruner import Report

_MARK: Final = "last-prune"


@dataclass(frozen=True, slots=True)
class PruneStatus:
    """How many files and bytes went, how many publications' documents, and what goes later.

    ``failure`` says why nothing was pruned, or not all of it; times are RFC 3339 in UTC.
    """

    ended: str
    files: int = 0
    size: int = 0
    publications: int = 0
    later: int = 0
    later_size: int = 0
    failure: str | None = None


_STATUS = Shape(PruneStatus)


async def remember_prune(index: Index, report: Report, ended: datetime) -> None:
    """Remember what came of a prune, unless the index can not be written."""
    later = sum(one.size for one in report.later)
    counts = len(report.gone), report.size, len(report.forgotten), len(report.later), later
    await _remember(index, PruneStatus(stamp(ended), *counts))


async def remember_failure(index: Index, failure: str, ended: datetime) -> None:
    """Remember why a prune did not come to its end, unless the index can not be written."""
    await _remember(index, PruneStatus(stamp(ended), failure=failure))


async def find_prune(index: Index) -> PruneStatus | None:
    """Return what came of the last prune; None when there was none.  Raises `StorageError`."""
    mark = await index.find_mark(_MARK)
    try:
        return _STATUS.validate_json(mark) if mark else None
    except ValidationError:
        # Another version wrote it.
        return None


async def _remember(index: Index, status: PruneStatus) -> None:
    with suppress(StorageError):
        await index.set_mark(_MARK, _STATUS.dump_json(status).decode())
