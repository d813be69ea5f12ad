"""Serve the files: by name, as upstream spells their paths, and by digest.

A firmware path answers complete, checked bytes or none at all.  A file that the current
publication names and the store has not is damage (503); one that only a superseded
publication names was let go (410), and so was one that is recalled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, GoneError, MalformedValueError
from mirror.publication.feeds import render_sums
from mirror.web.blob_response import Described, answer_blob
from mirror.web.documents import Document
from mirror.web.heads import TEXT, Caching

if TYPE_CHECKING:
    from mirror.web.answer import Answer
    from mirror.web.artifacts import Artifact
    from mirror.web.damage import DamageBell
    from mirror.web.documents import Stationery
    from mirror.web.holdings import OpenFile
    from mirror.web.shelf import Shelf

SUMS_PATH: Final = "/resources/firmware/SHA256SUMS"
_SUM: Final = ".sha256"


class Files:
    """The handlers of file paths."""

    def __init__(self, shelf: Shelf, stationery: Stationery, bell: DamageBell) -> None:
        self._shelf = shelf
        self._bell = bell
        self._stationery = stationery
        self._heads = stationery.heads

    def routes(self) -> list[web.RouteDef]:
        """Return the paths that are served here."""
        return [
            web.get("/v1/files/{name}", self.by_name),
            web.get("/v1/blobs/{digest}", self.by_digest),
            web.get(SUMS_PATH, self.sums),
            web.get("/resources/firmware/{name}", self.as_upstream),
        ]

    async def by_name(self, request: web.Request) -> Answer:
        """Answer with the artifact of this name."""
        artifact = await self._shelf.find(request.match_info["name"])
        return await self.send(request, artifact)

    async def as_upstream(self, request: web.Request) -> Answer:
        """Answer with the artifact of this name, or with its digest where a sum is asked for."""
        name = request.match_info["name"]
        if not name.endswith(_SUM):
            return await self.by_name(request)
        artifact = await self._shelf.find(name.removesuffix(_SUM))
        sums = render_sums([(artifact.name, artifact.digest.hex)])
        document = Document.of(self._stationery, sums, media_type=TEXT)
        return await document.answer(request)

    async def sums(self, request: web.Request) -> Answer:
        """Answer with the digests of all artifacts, as GNU sha256sum reads them."""
        view = await self._shelf.current()
        return await (await view.local(SUMS_PATH)).answer(request)

    async def by_digest(self, request: web.Request) -> Answer:
        """Answer with the bytes of this digest, which never change."""
        try:
            digest = Digest.parse(request.match_info["digest"])
        except MalformedValueError as error:
            raise ArtifactNotFoundError(str(error)) from error
        blob = await self._open(digest)
        described = Described(digest, digest.hex, Caching.FOR_EVER)
        return answer_blob(request, self._heads, described, blob)

    async def send(self, request: web.Request, artifact: Artifact) -> Answer:
        """Answer with the bytes of *artifact*."""
        blob = await self._open_artifact(artifact)
        described = Described(
            digest=artifact.digest,
            filename=artifact.name,
            kind=artifact.kind,
            version=artifact.version,
            flash_offset=artifact.flash_offset,
            md5=artifact.md5,
        )
        return answer_blob(request, self._heads, described, blob)

    async def _open_artifact(self, artifact: Artifact) -> OpenFile:
        try:
            blob = await self._open(artifact.digest)
        except ArtifactNotFoundError as error:
            view = await self._shelf.current()
            if view.loaded.artifacts.get(artifact.name) == artifact:
                self._bell.ring(artifact.digest)
                raise DamagedError(f"the bytes of {artifact.name} are missing") from error
            raise GoneError(f"{artifact.name} is no longer kept") from error
        if blob.size != artifact.size:
            blob.close()
            raise DamagedError(f"{artifact.name} has {blob.size} bytes, not {artifact.size}")
        return blob

    async def _open(self, digest: Digest) -> OpenFile:
        if await self._shelf.recalled(digest):
            raise GoneError(f"{digest} was recalled")
        return await self._shelf.blobs.open(digest)
