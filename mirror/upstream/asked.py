"""What a run asks for pages and files: one upstream, or something that stands before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mirror.upstream.memory import PageSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.upstream.answers import Download, PageAnswer, Partial


class Asked(PageSource, Protocol):
    """Gives pages and files as `mirror.upstream.fetch.Fetcher` does, with the same errors."""

    @property
    def is_mirror(self) -> bool:
        """Whether the last answer said that it comes from an mpmirror."""

    async def page(self, url: str) -> PageAnswer:
        """Return the page at *url*, decoded, with its digest."""

    async def download(
        self, url: str, partial: Partial, expecting: Callable[[int], None] | None = None
    ) -> Download:
        """Bring *partial* to the whole of the file at *url*, and return its facts."""
