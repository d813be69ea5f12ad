"""Serve the pages that flash from the browser, and esp-web-tools, which they use.

Their policy allows what no other page needs: to fetch the bytes that the page itself checked.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.errors import NotFoundError
from mirror.publication.local.dialect import HTML
from mirror.publication.pages.flasher import FLASH, MODULES, TERMS, flash_path
from mirror.storage.threads import to_end
from mirror.web.documents import Document
from mirror.web.heads import TEXT, Caching

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from mirror.publication.pages.flasher import Flasher
    from mirror.web.answer import Answer, Route
    from mirror.web.documents import Stationery
    from mirror.web.shelf import Shelf
    from mirror.web.view import View
    from mirror.web.whereabouts import Whereabouts

_SCRIPT: Final = "text/javascript; charset=utf-8"


#: Gives esp-web-tools, None where it is not built in; it may block.
FlasherSource: TypeAlias = "Callable[[], Flasher | None]"


class FlashPages:
    """The handlers; pages are written on *paper*, modules on *plain*; *find* gives the tool."""

    def __init__(
        self,
        shelf: Shelf,
        paper: Stationery,
        plain: Stationery,
        whereabouts: Whereabouts,
        find: FlasherSource,
    ) -> None:
        self._shelf = shelf
        self._paper = paper
        self._plain = plain
        self._whereabouts = whereabouts
        self._find = find
        self._modules: dict[str, Document] = {}

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [
            (f"{FLASH}{{name}}", self.page),
            (f"{MODULES}{{version}}/{{name}}", self.module),
        ]

    async def page(self, request: web.Request) -> Answer:
        """Answer with the page for one file."""
        name = request.match_info["name"]
        view = await self._shelf.current()
        # Raises for what is not in this publication, before anything is made of the name.
        board = view.artifact(name).board
        make = partial(self._make, view, board, name)
        return await (await view.page(("flash", name), make)).answer(request)

    async def module(self, request: web.Request) -> Answer:
        """Answer with a module of esp-web-tools, which is kept for ever under its version."""
        flasher = await to_end(self._find)
        name = request.match_info["name"]
        if flasher is None or request.match_info["version"] != flasher.version:
            raise NotFoundError("esp-web-tools of this version is not built in")
        if name not in self._modules:
            body, media_type = _file(flasher, name)
            self._modules[name] = Document.of(
                self._plain, body, media_type=media_type, caching=Caching.FOR_EVER
            )
        return await self._modules[name].answer(request)

    async def _make(self, view: View, board: str, name: str) -> Document:
        # Here, because most people flash in another way.
        from mirror.publication.pages.flash import Here, render_flash  # noqa: PLC0415 - see above

        document = await view.board_document(board)
        flasher = await to_end(self._find)
        place = await to_end(self._whereabouts.place)
        host = place.own_host if place.tls else None
        secure = f"https://{host}{flash_path(name)}" if host else None
        here = Here(view.loaded.content.upstream, flasher, secure)

        def made() -> Document:
            body = render_flash(document, name, here)
            return Document.of(self._paper, body, media_type=HTML)

        return await self._paper.questions.run(made)


def _file(flasher: Flasher, name: str) -> tuple[bytes, str]:
    if name == TERMS:
        return flasher.terms.encode(), TEXT
    if name not in flasher.modules:
        raise NotFoundError("esp-web-tools has no module of this name")
    return flasher.modules[name], _SCRIPT
