"""Serve the pages for people: boards, releases, how the mirror is, and the files they use.

A page is made at the first question and kept with the publication that it shows.  The status
is of this moment, and is made each time.  Nothing hangs on a script, nothing on the request's
host: the mirror's own address is what its operator set.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.catalog.legacy import present_page
from mirror.errors import (
    BoardNotFoundError,
    MirrorError,
    NotFoundError,
    PublicationNotFoundError,
)
from mirror.frozen import dataclass
from mirror.publication.history import NodeHistory
from mirror.publication.local.dialect import HTML
from mirror.publication.pages.assets import ASSETS, FOLDER
from mirror.publication.pages.board import Surroundings, board_path, render_board
from mirror.publication.pages.catalogue import Asked, render_catalogue, render_nothing_yet
from mirror.publication.pages.licenses import PATH as LICENSES
from mirror.publication.pages.licenses import render_licenses
from mirror.publication.pages.releases import releases_of, render_release, render_releases
from mirror.publication.photographs import PhotographsDocument
from mirror.storage.threads import to_end
from mirror.web.answer import Answer
from mirror.web.api import StatusSource
from mirror.web.bench import PATIENCE, within
from mirror.web.documents import Document
from mirror.web.flashing import FlasherSource
from mirror.web.heads import Caching

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from aiohttp import web

    from mirror.publication.pages.releases import Release
    from mirror.web.answer import Route
    from mirror.web.documents import Stationery
    from mirror.web.photographs import Photographs
    from mirror.web.shelf import Shelf
    from mirror.web.view import View

# Who asks for a name that is not there asks for a version or an id: those are short.
_LONGEST: Final = 100


#: Gives what was noted of the node over time; it may block.
HistorySource: TypeAlias = "Callable[[], NodeHistory]"


def no_history() -> NodeHistory:
    """Return the history of a node of which nothing was noted."""
    return NodeHistory()


@dataclass(frozen=True, slots=True)
class Present:
    """Where the pages learn how the node is, now and over time, and what flashes boards.

    Without ``answers`` no page is made for what somebody asks for.
    """

    status: StatusSource
    history: HistorySource
    flasher: FlasherSource
    answers: bool = True


class Pages:
    """The handlers of pages about the current publication of *shelf*, written on *paper*."""

    def __init__(
        self,
        shelf: Shelf,
        photographs: Photographs,
        paper: Stationery,
        present: Present,
        url: str | None,
    ) -> None:
        self._shelf = shelf
        self._photographs = photographs
        self._paper = paper
        self._present = present
        self._url = url
        self._assets = {
            path: Document.of(
                paper, asset.body, media_type=asset.media_type, caching=Caching.FOR_EVER
            )
            for path, asset in ASSETS.items()
        }

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [
            ("/", self.catalogue),
            ("/boards/{board}", self.board),
            ("/releases", self.releases),
            ("/releases/{version}", self.release),
            ("/status", self.status),
            (LICENSES, self.licenses),
            (f"{FOLDER}{{name}}", self.asset),
        ]

    async def catalogue(self, request: web.Request) -> Answer:
        """Answer with the boards, or those that the query asks for."""
        try:
            view = await self._shelf.current()
        except PublicationNotFoundError:
            return self._now(request, render_nothing_yet(), 503)
        asked = Asked.parse(request.query.items()) if self._present.answers else None
        return await self._page(request, view, asked, partial(self._catalogue, view, asked))

    async def board(self, request: web.Request) -> Answer:
        """Answer with the page of one board, or lead to it from another spelling or an old id."""
        board = request.match_info["board"]
        view = await self._shelf.current()
        if board not in view.loaded.boards:
            return self._moved(board_path(_present_id(board, view)))
        return await self._page(request, view, ("board", board), partial(self._board, view, board))

    async def releases(self, request: web.Request) -> Answer:
        """Answer with all versions."""
        view = await self._shelf.current()
        return await self._page(request, view, ("releases",), partial(self._releases, view))

    async def release(self, request: web.Request) -> Answer:
        """Answer with what came out under one version."""
        version = request.match_info["version"]
        view = await self._shelf.current()
        make = partial(self._release, view, version)
        return await self._page(request, view, ("release", version[:_LONGEST]), make)

    async def status(self, request: web.Request) -> Answer:
        """Answer with how this node is, at this moment."""
        # Here, because it takes as long to load as all other pages together.
        from mirror.publication.pages.status import (  # noqa: PLC0415 - see above
            read_status,
            render_status,
        )

        try:
            async with within(PATIENCE, "asking the daemon"):
                facts = read_status(await self._present.status())
        except MirrorError:
            # Most of all whoever looks at this page wants to know that.
            return self._now(request, render_status(None, await self._history()), 503)
        return self._now(request, render_status(facts, await self._history()), 200)

    async def licenses(self, request: web.Request) -> Answer:
        """Answer with the terms under which others let have what is served here."""
        view = await self._shelf.current()
        return await self._page(request, view, ("licenses",), partial(self._licenses, view))

    async def asset(self, request: web.Request) -> Answer:
        """Answer with a file that all pages use."""
        try:
            document = self._assets[request.path]
        except KeyError as error:
            raise NotFoundError("no page uses a file of this name") from error
        return await document.answer(request)

    async def _page(
        self,
        request: web.Request,
        view: View,
        key: Hashable,
        make: Callable[[], Awaitable[Document]],
    ) -> Answer:
        return await (await view.page(key, make)).answer(request)

    async def _catalogue(self, view: View, asked: Asked | None) -> Document:
        cards = await view.cards()
        held = await self._photographs.find(view) or PhotographsDocument()
        upstream = view.loaded.content.upstream
        return await self._make(lambda: render_catalogue(cards, held, asked, upstream))

    async def _board(self, view: View, board: str) -> Document:
        document = await view.board_document(board)
        held = await self._photographs.find(view) or PhotographsDocument()
        shown = held.of_board(board, document.photographs)
        around = Surroundings(self._url, view.loaded.content.upstream, shown)
        return await self._make(lambda: render_board(document, around))

    async def _releases(self, view: View) -> Document:
        cards = await view.cards()
        upstream = view.loaded.content.upstream
        return await self._make(lambda: render_releases(releases_of(cards), upstream))

    async def _release(self, view: View, version: str) -> Document:
        found = await asyncio.to_thread(releases_of, await view.cards())
        release = _named(version, found)
        notes = await _notes(release, view)
        upstream = view.loaded.content.upstream
        return await self._make(lambda: render_release(release, notes, upstream))

    async def _licenses(self, view: View) -> Document:
        cards = await view.cards()
        ports = {card.port for card in cards if card.port}
        upstream = view.loaded.content.upstream
        flasher = await to_end(self._present.flasher)
        return await self._make(lambda: render_licenses(ports, upstream, flasher))

    async def _history(self) -> NodeHistory:
        try:
            return await to_end(self._present.history)
        except MirrorError:
            return NodeHistory()

    async def _make(self, render: Callable[[], bytes]) -> Document:
        def made() -> Document:
            return Document.of(self._paper, render(), media_type=HTML)

        return await self._paper.questions.run(made)

    def _moved(self, location: str) -> Answer:
        return Answer(302, self._paper.heads.empty(302, [("Location", location)]))

    def _now(self, request: web.Request, body: bytes, status: int) -> Answer:
        head = self._paper.heads.with_body(status, HTML, len(body))
        return Answer(status, head, b"" if request.method == "HEAD" else body)


def _present_id(asked: str, view: View) -> str:
    """Return the id that *asked* means: of another case, or an old one."""
    boards = view.loaded.boards
    for board in boards:
        if board.lower() == asked.lower():
            return board
    present = present_page(asked)
    if present is None or present[0] not in boards:
        raise BoardNotFoundError(f"no board is called {asked[:200]!r}")
    return present[0]


async def _notes(release: Release, view: View) -> str | None:
    if release.holder is None:
        return None
    board = await view.board_document(release.holder)
    return next((one.notes for one in board.releases if one.version == release.version), None)


def _named(version: str, releases: list[Release]) -> Release:
    for release in releases:
        if release.version == version:
            return release
    raise NotFoundError(f"nothing of version {version[:_LONGEST]!r} is known here")
