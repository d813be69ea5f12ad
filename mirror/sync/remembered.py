"""The crawl's memory of pages, kept in the store's index.

The crawl and the store do not know each other: here one's values become the other's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import DamagedError
from mirror.storage.pages import StoredPage
from mirror.upstream.memory import RememberedPage

if TYPE_CHECKING:
    from mirror.storage.index import Index


class RememberedPages:
    """Remembered pages by URL; a page that can not be read back is simply not known."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def find(self, url: str) -> RememberedPage | None:
        """Return the last good page at *url*, if there was one."""
        stored = await self._index.find_page(url)
        if stored is None:
            return None
        try:
            return RememberedPage.from_json(stored.body)
        except DamagedError:
            # Losing it costs one parse; an older version of the mirror may have written it.
            return None

    async def remember(self, page: RememberedPage) -> None:
        """Keep *page* in place of what was remembered of its URL."""
        await self._index.remember_page(
            StoredPage(
                url=page.url,
                digest=page.digest,
                body=page.to_json(),
                crawl=page.crawl,
                fetched_at=page.fetched_at,
            )
        )
