"""Serve what this mirror answers to programs: as OpenAPI, and as a page.

Both are made when somebody first asks: hardly anybody does, and serving begins without them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mirror.publication.local.dialect import HTML
from mirror.publication.pages.layout import Section
from mirror.web.documents import Document
from mirror.web.history import ChannelList, History

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from mirror.web.answer import Answer, Route
    from mirror.web.documents import Stationery

PATH: Final = "/v1/openapi.json"


class Interface:
    """The handlers; the page is written on *paper*, the description on *stationery*."""

    def __init__(self, stationery: Stationery, paper: Stationery) -> None:
        self._stationery = stationery
        self._paper = paper
        self._made: dict[str, Document] = {}
        self._making = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [(PATH, self.description), (Section.INTERFACE, self.page)]

    async def description(self, request: web.Request) -> Answer:
        """Answer with the description for programs."""
        return await (await self._once(PATH, self._describe)).answer(request)

    async def page(self, request: web.Request) -> Answer:
        """Answer with the page for people."""
        return await (await self._once(Section.INTERFACE, self._draw)).answer(request)

    async def _once(self, path: str, make: Callable[[], Document]) -> Document:
        async with self._making:
            if path not in self._made:
                self._made[path] = await self._stationery.questions.run(make)
        return self._made[path]

    def _describe(self) -> Document:
        from mirror.publication.interface.openapi import (  # noqa: PLC0415 - see above
            render_openapi,
            schemas_of,
        )

        lists = schemas_of([History, ChannelList])
        return Document.of(self._stationery, render_openapi(lists))

    def _draw(self) -> Document:
        from mirror.publication.pages.interface import (  # noqa: PLC0415 - see above
            render_interface,
        )

        return Document.of(self._paper, render_interface(PATH), media_type=HTML)
