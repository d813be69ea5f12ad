"""How old the data are, in a small file: who serves them holds no database.

``crawled.json`` says when the last crawl was complete, for how long it counts as fresh, and
whether upstream is away.  It is written loosely and may be lost: then no age is known until
the next run.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field, ValidationError

from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

CRAWLED_FILE = "crawled.json"

_FILE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class LastCrawl:
    """The last crawl was complete at ``at``; fresh for so many seconds, unless ``away``.

    ``away``: upstream could not be reached since.
    """

    at: AwareDatetime
    fresh_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    away: bool = False

    def age(self, now: datetime) -> timedelta:
        """Return how long ago it was; nothing for a crawl in the future of a wrong clock."""
        return max(now - self.at, timedelta(0))

    def is_stale(self, now: datetime) -> bool:
        """Whether clients shall be told how old the data are."""
        return self.away or self.age(now).total_seconds() > self.fresh_seconds


_LAST_CRAWLS = Shape(LastCrawl)


def find_last_crawl(folder: Path) -> LastCrawl | None:
    """Read what is said in the data folder *folder*; None when nothing is; this blocks.

    Raises `StorageError` when the disk refuses.
    """
    path = folder / CRAWLED_FILE
    text = find_bytes(path, _FILE_BYTES)
    if text is None:
        return None
    try:
        return _LAST_CRAWLS.validate_json(text)
    except ValidationError:
        # A power cut, or another version: it is written anew after the next run.
        return None


def write_last_crawl(folder: Path, crawl: LastCrawl, files: Files) -> None:
    """Say *crawl* in *folder*, if that is news; this blocks."""
    if find_last_crawl(folder) != crawl:
        files.write_loosely(folder / CRAWLED_FILE, _LAST_CRAWLS.dump_json(crawl) + b"\n")
