"""Serve how to set clients up for this mirror, and the authority that they may have to trust.

Nothing here hangs on what is published: it is there from the first start on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mirror.errors import NotFoundError
from mirror.publication.local.dialect import HTML
from mirror.publication.setup.guides import guide, guides
from mirror.publication.setup.pages import render_guide_page, render_index_page
from mirror.publication.setup.render import PAGE, render_guide, render_index
from mirror.publication.setup.steps import AUTHORITY_PATH
from mirror.web.documents import Document
from mirror.web.heads import JSON

if TYPE_CHECKING:
    from aiohttp import web

    from mirror.publication.setup.model import Guide
    from mirror.web.answer import Answer, Route
    from mirror.web.documents import Stationery
    from mirror.web.whereabouts import Whereabouts

_PEM: Final = "application/x-pem-file"


class Setup:
    """The handlers of set-up; its pages are written on *paper*, all else on *stationery*."""

    def __init__(self, whereabouts: Whereabouts, stationery: Stationery, paper: Stationery) -> None:
        self._whereabouts = whereabouts
        self._stationery = stationery
        self._paper = paper

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [
            (PAGE, self.index_page),
            (AUTHORITY_PATH, self.authority),
            (f"{PAGE}/{{client}}", self.page),
            (f"/v1{PAGE}.json", self.index),
            (f"/v1{PAGE}/{{client}}.json", self.document),
        ]

    async def index_page(self, request: web.Request) -> Answer:
        """Answer with the page that leads to all guides."""
        place = await asyncio.to_thread(self._whereabouts.place)
        return await self._page(request, render_index_page(guides(place), place))

    async def page(self, request: web.Request) -> Answer:
        """Answer with one guide as a page."""
        place = await asyncio.to_thread(self._whereabouts.place)
        found = _known(request, guide(request.match_info["client"], place))
        return await self._page(request, render_guide_page(found, place))

    async def index(self, request: web.Request) -> Answer:
        """Answer with the list of clients."""
        place = await asyncio.to_thread(self._whereabouts.place)
        return await self._answer(request, render_index(guides(place)), JSON)

    async def document(self, request: web.Request) -> Answer:
        """Answer with one guide."""
        place = await asyncio.to_thread(self._whereabouts.place)
        found = _known(request, guide(request.match_info["client"], place))
        return await self._answer(request, render_guide(found, place), JSON)

    async def authority(self, request: web.Request) -> Answer:
        """Answer with the authorities of the room."""
        pem = await asyncio.to_thread(self._whereabouts.authorities)
        if not pem:
            raise NotFoundError("this mirror has no authority of its own")
        return await self._answer(request, pem, _PEM)

    async def _page(self, request: web.Request, body: bytes) -> Answer:
        return await Document.of(self._paper, body, media_type=HTML).answer(request)

    async def _answer(self, request: web.Request, body: bytes, media_type: str) -> Answer:
        return await Document.of(self._stationery, body, media_type=media_type).answer(request)


def _known(request: web.Request, found: Guide | None) -> Guide:
    if found is None:
        raise NotFoundError(
            f"there is no guide for {request.match_info['client'][:80]!r}: /v1{PAGE}.json has all"
        )
    return found
