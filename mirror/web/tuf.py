"""Serve the metadata of TUF as they lie on the disk, and the files by the names it asks by.

Nothing of TUF is read here: clients verify, this only hands out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, NotFoundError
from mirror.storage.threads import to_end
from mirror.web.documents import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from mirror.web.answer import Answer, Route
    from mirror.web.documents import Stationery
    from mirror.web.files import Files

#: Gives a document by its name; it may block.
TufSource: TypeAlias = "Callable[[str], bytes | None]"

_TARGET: Final = re.compile(r"([0-9a-f]{64})\.[^/]+")


class Tuf:
    """The handlers of /tuf/."""

    def __init__(self, source: TufSource, files: Files, stationery: Stationery) -> None:
        self._source = source
        self._files = files
        self._stationery = stationery

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [
            ("/tuf/metadata/{name}", self.metadata),
            ("/tuf/targets/{name}", self.target),
        ]

    async def metadata(self, request: web.Request) -> Answer:
        """Answer with a document of the metadata."""
        found = await to_end(self._source, request.match_info["name"])
        if found is None:
            raise NotFoundError("no such metadata, or none at all here")
        return await Document.of(self._stationery, found).answer(request)

    async def target(self, request: web.Request) -> Answer:
        """Answer with the file of the digest that stands before its name."""
        name = request.match_info["name"]
        parts = _TARGET.fullmatch(name)
        if parts is None or self._source("timestamp.json") is None:
            raise ArtifactNotFoundError(f"no target is called {name[:200]!r}")
        return await self._files.of_digest(request, Digest(parts[1]))
