"""Answer with what this node rendered for a path, or with the artifact that this names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import NotFoundError
from mirror.publication.local.dialect import ARTIFACT

if TYPE_CHECKING:
    from aiohttp import web

    from mirror.web.answer import Answer
    from mirror.web.files import Files
    from mirror.web.shelf import Shelf


FIRMWARE: Final = "/resources/firmware"


class LocalDocuments:
    """The local layer of the current publication of *shelf*; *files* has the artifacts."""

    def __init__(self, shelf: Shelf, files: Files) -> None:
        self._shelf = shelf
        self._files = files

    async def at_path(self, request: web.Request) -> Answer:
        """Answer with the document of the path that was asked for."""
        return await self.answer(request, request.rel_url.raw_path)

    async def answer(self, request: web.Request, path: str) -> Answer:
        """Answer with the document of *path*; raise `NotFoundError` when there is none."""
        view = await self._shelf.current()
        document = await view.local(path)
        if document.media_type != ARTIFACT:
            return await document.answer(request)
        artifact = await self._shelf.find(bytes(document.body).decode())
        return await self._files.send(request, artifact)

    async def on_channel(self, request: web.Request) -> Answer:
        """Answer with what a channel has at a path that stands behind its name."""
        channel = request.match_info["channel"]
        path = request.rel_url.raw_path.removeprefix(f"/v1/channels/{channel}")
        view = await self._shelf.on(channel)
        await view.layer.look(self._shelf.layer)
        try:
            document = await view.local(path)
        except NotFoundError:
            folder, _, name = path.rpartition("/")
            if folder != FIRMWARE:
                raise
            return await self._files.send(request, await self._shelf.find_on(channel, name))
        if document.media_type != ARTIFACT:
            return await document.answer(request)
        name = bytes(document.body).decode()
        return await self._files.send(request, await self._shelf.find_on(channel, name))
