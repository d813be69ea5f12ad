"""Serve ``/download/…`` as micropython.org does: all boards, each board, and old ids.

The pages themselves were rendered when their publication was made.  Here are the filters, the
page without its final slash (some clients follow no redirect), and the redirects that upstream
has; their ``Location`` names no host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from mirror.catalog.legacy import present_page
from mirror.errors import NotFoundError
from mirror.publication.site.index import CARDS_PATH, INDEX_PATH, Filters
from mirror.web.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from mirror.web.heads import Heads
    from mirror.web.local_documents import LocalDocuments
    from mirror.web.shelf import Shelf

Handler: TypeAlias = "Callable[[web.Request], Awaitable[Answer]]"

_LATEST: Final = "-latest."


class Downloads:
    """The handlers of ``/download``."""

    def __init__(self, shelf: Shelf, documents: LocalDocuments, heads: Heads) -> None:
        self._shelf = shelf
        self._documents = documents
        self._heads = heads

    def routes(self) -> list[tuple[str, Handler]]:
        """Return the paths that are served here."""
        return [
            (INDEX_PATH.removesuffix("/"), self.to_index),
            (INDEX_PATH, self.index),
            (CARDS_PATH, self._documents.at_path),
            (f"{INDEX_PATH}{{board}}", self.board),
            (f"{INDEX_PATH}{{board}}/{{name:.*}}", self.board),
        ]

    async def to_index(self, request: web.Request) -> Answer:
        """Lead to the page of all boards: its cards are relative to that."""
        query = request.rel_url.raw_query_string
        return self._moved(INDEX_PATH + (f"?{query}" if query else ""))

    async def index(self, request: web.Request) -> Answer:
        """Answer with the page of all boards, or of those that the query asks for."""
        filters = Filters.parse(request.query.items())
        if not filters.asked:
            return await self._documents.answer(request, INDEX_PATH)
        view = await self._shelf.current()
        return await (await view.filtered(filters)).answer(request)

    async def board(self, request: web.Request) -> Answer:
        """Answer with what there is of a board, or lead from an old id to the present one."""
        board, name = request.match_info["board"], request.match_info.get("name", "")
        try:
            return await self._documents.answer(request, f"{INDEX_PATH}{board}/{name}")
        except NotFoundError:
            view = await self._shelf.current()
            present = present_page(board)
            if board in view.loaded.boards or present is None:
                raise
            if present[0] not in view.loaded.boards:
                raise
            return self._moved(f"{INDEX_PATH}{present[0]}/{_present_name(board, present, name)}")

    def _moved(self, location: str) -> Answer:
        return Answer(302, self._heads.empty(302, [("Location", location)]))


def _present_name(old: str, present: tuple[str, str | None], name: str) -> str:
    """Return what *name* below the page of the id *old* is called today."""
    stem, latest, kind = name.partition(_LATEST)
    if not latest or stem != old:
        return quote(name)
    build = "-".join(part for part in present if part)
    return f"{build}{_LATEST}{quote(kind)}"
