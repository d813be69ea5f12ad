"""The lists that GitHub's clients ask for page by page: releases and tags, newest first.

Every release is a document that was rendered when it was published; a page joins those that
are on it.  So a page costs what is on it, and no list of everything is kept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mirror.catalog.versions import Version
from mirror.errors import NotFoundError
from mirror.publication.dialects.github import BY_TAG, RELEASES, TAGS
from mirror.publication.dialects.offers import as_json
from mirror.web.documents import Document
from mirror.web.paging import Page
from mirror.web.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from mirror.web.answer import Answer, Route
    from mirror.web.documents import Stationery
    from mirror.web.shelf import Shelf
    from mirror.web.view import View


class GitHub:
    """The handlers of GitHub's lists."""

    def __init__(self, shelf: Shelf, stationery: Stationery) -> None:
        self._shelf = shelf
        self._stationery = stationery
        self._pages: Recent[tuple[str, str, Page]] = Recent(most=32, most_bytes=64 << 20)

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [(RELEASES, self.releases), (TAGS, self.tags)]

    async def releases(self, request: web.Request) -> Answer:
        """Answer with one page of the releases."""
        view, page = await self._shelf.current(), Page.of(request.query)
        paths = sorted(await view.layer.paths(BY_TAG), key=_version, reverse=True)
        if not paths:
            raise NotFoundError(
                "no releases are listed: nothing is held, or this mirror has no public_url"
            )
        key = (view.loaded.root.hex, RELEASES, page)
        document = await self._pages.get(key, lambda: self._joined(view, page.cut(paths)))
        return await _answer(request, document, page.links(RELEASES, len(paths)))

    async def tags(self, request: web.Request) -> Answer:
        """Answer with one page of the tags."""
        view, page = await self._shelf.current(), Page.of(request.query)
        tags = json.loads(bytes((await view.local(TAGS)).body))
        document = Document.of(self._stationery, as_json([*page.cut(tags)]))
        return await _answer(request, document, page.links(TAGS, len(tags)))

    async def _joined(self, view: View, paths: Sequence[str]) -> Document:
        bodies = [bytes((await view.local(path)).body).strip() for path in paths]
        return Document.of(self._stationery, b"[" + b",\n".join(bodies) + b"]\n")


async def _answer(request: web.Request, document: Document, links: str | None) -> Answer:
    answer = await document.answer(request)
    if links is not None:
        answer.say_links(links)
    return answer


def _version(path: str) -> Version:
    return Version.parse(unquote(path.removeprefix(BY_TAG)))
