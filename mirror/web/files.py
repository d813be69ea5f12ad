"""Serve the files: by name, as upstream spells their paths, and by digest.

A firmware path answers complete, checked bytes or none at all.  A file that the current
publication names and the store has not is damage (503); one that only a superseded
publication names was let go (410), and so was one that is recalled.  What is on demand is
answered once it was fetched and is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    GoneError,
    MalformedValueError,
    NotFoundError,
)
from mirror.publication.dialects import arduino, ota
from mirror.publication.dialects.sums import NAME as SUMS_NAME
from mirror.publication.feeds import render_sums
from mirror.publication.local.sums import SUMS_PATH
from mirror.web.blob_response import About, Described, answer_blob
from mirror.web.delivered import told_when_sent
from mirror.web.documents import Document
from mirror.web.heads import TEXT, Caching
from mirror.web.modified import find_modified

if TYPE_CHECKING:
    from aiohttp import web

    from mirror.web.accesses import AccessLog
    from mirror.web.answer import Answer, Route
    from mirror.web.artifacts import Artifact
    from mirror.web.damage import DamageBell
    from mirror.web.delivered import DeliverySink
    from mirror.web.documents import Stationery
    from mirror.web.holdings import OpenFile
    from mirror.web.on_demand import Fetched
    from mirror.web.shelf import Shelf

_SUM: Final = ".sha256"
# About 2 kB each; what is asked for is a small part of what there is.
_MOST_KNOWN: Final = 1024


class Files:
    """The handlers of file paths."""

    def __init__(
        self,
        shelf: Shelf,
        stationery: Stationery,
        bell: DamageBell,
        on_demand: Fetched | None = None,
        accesses: AccessLog | None = None,
        delivered: DeliverySink | None = None,
    ) -> None:
        self._shelf = shelf
        self._bell = bell
        self._stationery = stationery
        self._heads = stationery.heads
        self._on_demand = on_demand
        self._accesses = accesses
        self._delivered = delivered
        self._known: dict[tuple[str, bytes], About] = {}

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [
            ("/v1/files/{name}", self.by_name),
            ("/v1/blobs/{digest}", self.by_digest),
            (SUMS_PATH, self.sums),
            (f"/v1/files/{SUMS_NAME}", self.sums),
            ("/resources/firmware/{name}", self.as_upstream),
            (rf"{arduino.FOLDER}{{name:[^/]+\.(uf2|bin|app-bin|dfu)}}", self.by_name),
            (rf"{ota.FOLDER}{{name:[^/]+\.app-bin}}", self.by_name),
        ]

    async def by_name(self, request: web.Request) -> Answer:
        """Answer with the artifact of this name."""
        name = request.match_info["name"]
        try:
            return await self.send(request, await self._shelf.find(name))
        except NotFoundError:
            fetched = await self._fetched(name)
            if fetched is None:
                raise
        try:
            return await self._send_fetched(request, await fetched.find(name))
        except NotFoundError:
            if await self._shelf.recalls(name):
                raise
            # It was let go since somebody here asked for it last.
            fetched.forget(name)
            return await self._send_fetched(request, await fetched.find(name))

    async def _send_fetched(self, request: web.Request, artifact: Artifact) -> Answer:
        answer = await self.send(request, artifact)
        if self._accesses is not None:
            self._accesses.note(artifact.digest)
        return answer

    async def as_upstream(self, request: web.Request) -> Answer:
        """Answer with the artifact of this name, or with its digest where a sum is asked for."""
        name = request.match_info["name"]
        if not name.endswith(_SUM):
            return await self.by_name(request)
        artifact = await self._find(name.removesuffix(_SUM))
        # Nobody is told the sum of what he could not get.
        (await self._open_artifact(artifact, artifact.digest)).close()
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
        return await self.of_digest(request, digest)

    async def of_digest(self, request: web.Request, digest: Digest) -> Answer:
        """Answer with the bytes of *digest*."""
        blob = await self._open(digest)
        about = About(self._heads, Described(digest, digest.hex, Caching.FOR_EVER))
        return self._told(request, answer_blob(request, about, blob), digest)

    async def send(self, request: web.Request, artifact: Artifact) -> Answer:
        """Answer with the bytes of *artifact*."""
        about = self._about(artifact)
        digest = about.described.digest
        blob = await self._open_artifact(artifact, digest)
        return self._told(request, answer_blob(request, about, blob), digest)

    def _told(self, request: web.Request, answer: Answer, digest: Digest) -> Answer:
        if self._delivered is None:
            return answer
        return told_when_sent(request, answer, digest, self._shelf.sequence, self._delivered)

    def _about(self, artifact: Artifact) -> About:
        key = (artifact.name, artifact.sums)
        about = self._known.get(key)
        if about is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            about = self._known[key] = About(self._heads, _described(artifact))
        return about

    async def _find(self, name: str) -> Artifact:
        try:
            return await self._shelf.find(name)
        except NotFoundError:
            fetched = await self._fetched(name)
            if fetched is None:
                raise
        return await fetched.find(name)

    async def _fetched(self, name: str) -> Fetched | None:
        """Return where *name* can be had on demand, if it can."""
        return self._on_demand if await self._shelf.offers(name) else None

    async def _open_artifact(self, artifact: Artifact, digest: Digest) -> OpenFile:
        try:
            blob = await self._open(digest)
        except ArtifactNotFoundError as error:
            if await self._shelf.names(artifact):
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
        try:
            return await self._shelf.blobs.open(digest)
        except ArtifactNotFoundError as error:
            # A recall publishes, then takes the bytes away: the pointer is newer than our view.
            if await self._shelf.recalled_by_now(digest):
                raise GoneError(f"{digest} was recalled") from error
            raise


def _described(artifact: Artifact) -> Described:
    return Described(
        digest=artifact.digest,
        filename=artifact.name,
        kind=artifact.kind,
        version=artifact.version,
        flash_offset=artifact.flash_offset,
        md5=artifact.md5,
        modified=find_modified(artifact.name, artifact.digest),
    )
