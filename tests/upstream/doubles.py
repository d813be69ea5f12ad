"""Stand-ins for what surrounds the fetcher: a clock that does not wait, memory on disk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mirror.catalog.pages import read_board_page, read_empty_board_page, read_index_page
from mirror.upstream.fetch import Timing
from mirror.upstream.memory import RememberedPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.catalog.model import BoardPage, IndexPage

START = datetime(2026, 8, 24, 12, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """Time that passes only when somebody sleeps; `slept` says how long each one meant to."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)
    chance: float = 0.0

    @property
    def timing(self) -> Timing:
        """The clock as the fetcher wants it."""
        return Timing(self._now, lambda: self.seconds, self._sleep, lambda: self.chance)

    def _now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.seconds + seconds
        await asyncio.sleep(0)
        self.seconds = max(self.seconds, until)


@dataclass(frozen=True, slots=True)
class FilePartial:
    """A partial download in a file, its validator beside it: it outlives its fetcher."""

    path: Path

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        """What they came with."""
        return self._note.read_text() if self._note.exists() else None

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self.path.read_bytes()

    async def restart(self, validator: str | None) -> None:
        """Begin anew."""
        self.path.write_bytes(b"")
        self._note.unlink(missing_ok=True)
        if validator is not None:
            self._note.write_text(validator)

    async def write(self, chunk: bytes) -> None:
        """Append."""
        with self.path.open("ab") as file:
            file.write(chunk)

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".validator")


@dataclass(frozen=True, slots=True)
class PageFolder:
    """A page memory in a folder: it outlives every crawl."""

    folder: Path

    async def find(self, url: str) -> RememberedPage | None:
        """Read the page's file."""
        file = self._file(url)
        return RememberedPage.from_json(file.read_bytes()) if file.exists() else None

    async def find_all(self, urls: Sequence[str]) -> dict[str, RememberedPage]:
        """Read those files that are there."""
        found = {url: await self.find(url) for url in urls}
        return {url: page for url, page in found.items() if page is not None}

    async def remember(self, *pages: RememberedPage) -> None:
        """Write them."""
        for page in pages:
            self._file(page.url).write_bytes(page.to_json())

    def _file(self, url: str) -> Path:
        return self.folder / quote(url, safe="")


class PlainReader:
    """Reads pages in this process: those of the replica are our own."""

    async def read_index_page(self, html: bytes, url: str) -> IndexPage:
        """Read an index or facet page."""
        return read_index_page(html, url)

    async def read_board_page(self, html: bytes, url: str, board: str) -> BoardPage:
        """Read a board page."""
        return read_board_page(html, url, board)

    async def read_empty_board_page(self, html: bytes, url: str, board: str) -> BoardPage:
        """Read the page of a board without files."""
        return read_empty_board_page(html, url, board)
