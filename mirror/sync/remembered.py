"""The crawl's memory of pages, kept in the store's index.

The crawl and the store do not know each other: here one's values become the other's.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from mirror.errors import DamagedError
from mirror.storage.pages import StoredPage
from mirror.upstream.memory import RememberedPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.storage.index import Index


class RememberedPages:
    """Remembered pages by URL; a page that can not be read back is simply not known."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def find(self, url: str) -> RememberedPage | None:
        """Return the last good page at *url*, if there was one."""
        return (await self.find_all([url])).get(url)

    async def find_all(self, urls: Sequence[str]) -> dict[str, RememberedPage]:
        """Return the last good page at each of *urls* where there was one."""
        found: dict[str, RememberedPage] = {}
        for stored in await self._index.find_pages(urls):
            # Losing one costs one parse; an older version of the mirror may have written it.
            with contextlib.suppress(DamagedError):
                found[stored.url] = RememberedPage.from_json(stored.body)
        return found

    async def remember(self, *pages: RememberedPage) -> None:
        """Keep *pages* in place of what was remembered of their URLs."""
        await self._index.remember_pages(
            [
                StoredPage(
                    url=page.url,
                    digest=page.digest,
                    body=page.to_json(),
                    crawl=page.crawl,
                    fetched_at=page.fetched_at,
                )
                for page in pages
            ]
        )
