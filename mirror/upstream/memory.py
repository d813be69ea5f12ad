"""What the crawl remembers of each page between runs, and the interfaces it works with."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from mirror.catalog.model import BoardPage, IndexPage
from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.upstream.answers import PageAnswer, Validators

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class RememberedPage:
    """The last good page at *url*: what it said, and how to see that it still says so.

    ``crawl`` is the crawl that fetched it last, ``fetched_at`` when.  ``reader`` is the
    version of the mirror that parsed it: another one parses it anew.
    """

    url: str
    digest: Digest
    value: IndexPage | BoardPage
    crawl: str
    fetched_at: datetime
    reader: str
    validators: Validators = field(default_factory=Validators)

    def to_json(self) -> bytes:
        """Return all of it as JSON, which `from_json` reads back."""
        return _DOCUMENT.dump_json(self)

    @classmethod
    def from_json(cls, document: bytes) -> RememberedPage:
        """Read what `to_json` wrote; raise `DamagedError` for anything else."""
        try:
            return _DOCUMENT.validate_json(document)
        except ValidationError as error:
            raise DamagedError(f"a remembered page can not be read: {error}") from error


_DOCUMENT = Shape(RememberedPage)


class PageMemory(Protocol):
    """Remembered pages by URL; they outlive the process, and losing them costs only time."""

    async def find(self, url: str) -> RememberedPage | None:
        """Return the last good page at *url*, if there was one."""

    async def find_all(self, urls: Sequence[str]) -> dict[str, RememberedPage]:
        """Return the last good page at each of *urls* where there was one."""

    async def remember(self, *pages: RememberedPage) -> None:
        """Keep *pages* in place of what was remembered of their URLs."""


class PageReader(Protocol):
    """Turns foreign HTML into values, somewhere where it can do no harm.

    Each method raises a `RefusedError` for a page that it will not take.
    """

    async def read_index_page(self, html: bytes, url: str) -> IndexPage:
        """Read the index or a facet page."""

    async def read_board_page(self, html: bytes, url: str, board: str) -> BoardPage:
        """Read a board page; `FirmwareHeadingMissingError` where only its past can tell."""

    async def read_empty_board_page(self, html: bytes, url: str, board: str) -> BoardPage:
        """Read the page of a board that never had a file."""


class PageSource(Protocol):
    """Where pages come from: a `Fetcher`."""

    @property
    def upstream(self) -> str:
        """The base URL, without a final slash."""

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        """Return the page at *url*, None if it is as it was at *since*."""
