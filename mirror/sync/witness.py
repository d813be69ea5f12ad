"""Put together what is known of where bytes came from: the answer, and the page that led there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.storage.entries import Evidence

if TYPE_CHECKING:
    from mirror.catalog.values import Digest
    from mirror.storage.index import Index
    from mirror.upstream.answers import Download


class Witness:
    """Gives evidence; each page is looked up once, so one witness is for one run."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._pages: dict[str, Digest | None] = {}

    async def evidence(self, download: Download, page: str | None) -> Evidence:
        """Return who gave *download*, and the digest of *page* (a URL) as it was last read."""
        return Evidence(
            peer=download.peer,
            certificate=download.certificate,
            page=None if page is None else await self._digest_of(page),
            headers=download.headers,
        )

    async def _digest_of(self, page: str) -> Digest | None:
        if page not in self._pages:
            stored = await self._index.find_page(page)
            self._pages[page] = stored.digest if stored else None
        return self._pages[page]
