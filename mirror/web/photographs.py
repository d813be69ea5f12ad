"""Serve photographs of boards at upstream's own paths: drawn anew here, never upstream's bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mirror.errors import ArtifactNotFoundError, DamagedError, GoneError, NotFoundError
from mirror.publication.photographs import FOLDER, decode_photographs
from mirror.storage.threads import to_end
from mirror.web.blob_response import About, Described, answer_blob
from mirror.web.loading import MOST_BYTES

if TYPE_CHECKING:
    from aiohttp import web

    from mirror.catalog.values import Digest
    from mirror.publication.photographs import PhotographsDocument
    from mirror.web.answer import Answer, Route
    from mirror.web.damage import DamageBell
    from mirror.web.documents import Stationery
    from mirror.web.shelf import Shelf
    from mirror.web.view import View


class Photographs:
    """The handlers of photographs, which follow the current publication of *shelf*."""

    def __init__(self, shelf: Shelf, stationery: Stationery, bell: DamageBell) -> None:
        self._shelf = shelf
        self._heads = stationery.heads
        self._bell = bell
        self._loaded: tuple[Digest, PhotographsDocument] | None = None
        self._loading = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [(f"{FOLDER}/{{board}}/{{name}}", self.photograph)]

    async def photograph(self, request: web.Request) -> Answer:
        """Answer with a photograph, or a thumbnail."""
        board, name = request.match_info["board"], request.match_info["name"]
        found = (await self._document()).find(board, name)
        if found is None:
            raise NotFoundError(f"no photograph {name[:80]!r} of {board[:80]!r} is held")
        photograph, picture = found
        if await self._shelf.recalled(picture.digest):
            raise GoneError(f"{picture.digest} was recalled")
        try:
            blob = await self._shelf.blobs.open(picture.digest)
        except ArtifactNotFoundError as error:
            self._bell.ring(picture.digest)
            raise DamagedError(f"the photograph {name} is missing") from error
        described = Described(picture.digest, name, media_type=photograph.media_type)
        return answer_blob(request, About(self._heads, described), blob)

    async def _document(self) -> PhotographsDocument:
        document = await self.find(await self._shelf.current())
        if document is None:
            raise NotFoundError("no photographs are held")
        return document

    async def find(self, view: View) -> PhotographsDocument | None:
        """Return the photographs of the publication *view*, None when it has none."""
        top = view.loaded.content.photographs
        if top is None:
            return None
        async with self._loading:
            if self._loaded is None or self._loaded[0] != top:
                body = await self._shelf.blobs.read(top, max_bytes=MOST_BYTES)
                self._loaded = top, await to_end(decode_photographs, body)
            return self._loaded[1]
