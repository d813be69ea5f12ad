"""Serve mip packages at upstream's own paths, byte for byte as upstream wrote them.

Everything that an answer leads to (documents, files) was held before the index that names it
was served.  A file that only an earlier tree of this process named is still answered while it
is held, so that who began to install on one publication can finish.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mirror.catalog.packages import INDEX_PATH, DocumentName
from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    GoneError,
    MalformedValueError,
    NotFoundError,
)
from mirror.frozen import dataclass
from mirror.publication.packages import all_files, decode_package, decode_packages
from mirror.storage.threads import to_end
from mirror.web.blob_response import About, Described, answer_blob
from mirror.web.documents import Document
from mirror.web.loading import MOST_BYTES
from mirror.web.recent import Recent

if TYPE_CHECKING:
    from aiohttp import web

    from mirror.web.answer import Answer, Route
    from mirror.web.damage import DamageBell
    from mirror.web.documents import Stationery
    from mirror.web.shelf import Shelf

_TREES: Final = 4


@dataclass(frozen=True, slots=True)
class PackageTree:
    """What a publication has of packages: the index, the documents, and the files, by name."""

    index: Digest
    documents: Mapping[DocumentName, Digest]
    files: Mapping[str, Digest]


class Packages:
    """The handlers of ``/pi/v2``, which follow the current publication of *shelf*."""

    def __init__(self, shelf: Shelf, stationery: Stationery, bell: DamageBell) -> None:
        self._shelf = shelf
        self._stationery = stationery
        self._bell = bell
        self._trees: OrderedDict[Digest, PackageTree] = OrderedDict()
        self._loading = asyncio.Lock()
        self._documents: Recent[Digest] = Recent(most=2048, most_bytes=16 << 20)

    def routes(self) -> list[Route]:
        """Return the paths that are served here."""
        return [
            (INDEX_PATH, self.index),
            ("/pi/v2/package/{abi}/{name}/{version}.json", self.document),
            ("/pi/v2/file/{folder}/{hash}", self.file),
        ]

    async def index(self, request: web.Request) -> Answer:
        """Answer with the index of what is held."""
        return await self._answer(request, (await self._tree()).index)

    async def document(self, request: web.Request) -> Answer:
        """Answer with one package document."""
        asked = request.match_info
        try:
            name = DocumentName(asked["name"], asked["abi"], asked["version"])
        except MalformedValueError as error:
            raise NotFoundError(str(error)) from error
        digest = (await self._tree()).documents.get(name)
        if digest is None:
            raise NotFoundError(f"no package document is at {name.path}")
        return await self._answer(request, digest)

    async def file(self, request: web.Request) -> Answer:
        """Answer with one file of a package."""
        hash8 = request.match_info["hash"]
        tree = await self._tree()
        digest = tree.files.get(hash8) or self._earlier(hash8)
        if digest is None or request.match_info["folder"] != hash8[:2]:
            raise NotFoundError(f"no file of a package is called {hash8[:80]!r}")
        await self._refuse_recalled(digest)
        try:
            blob = await self._shelf.blobs.open(digest)
        except ArtifactNotFoundError as error:
            if tree.files.get(hash8) != digest:
                raise GoneError(f"{hash8} is no longer kept") from error
            raise self._damaged(digest) from error
        described = Described(digest, hash8)
        return answer_blob(request, About(self._stationery.heads, described), blob)

    async def _answer(self, request: web.Request, digest: Digest) -> Answer:
        await self._refuse_recalled(digest)
        try:
            document = await self._documents.get(digest, lambda: self._read(digest))
        except ArtifactNotFoundError as error:
            raise self._damaged(digest) from error
        return await document.answer(request)

    async def _read(self, digest: Digest) -> Document:
        body = await self._shelf.blobs.read(digest, max_bytes=MOST_BYTES)
        return Document(self._stationery, body, digest.hex)

    async def _refuse_recalled(self, digest: Digest) -> None:
        if await self._shelf.recalled(digest):
            raise GoneError(f"{digest} was recalled")

    def _damaged(self, digest: Digest) -> DamagedError:
        self._bell.ring(digest)
        return DamagedError(f"{digest} of a package is missing")

    def _earlier(self, hash8: str) -> Digest | None:
        found = (tree.files[hash8] for tree in self._trees.values() if hash8 in tree.files)
        return next(found, None)

    async def _tree(self) -> PackageTree:
        top = (await self._shelf.current()).loaded.content.packages
        if top is None:
            raise NotFoundError("no packages are held")
        if top not in self._trees:
            async with self._loading:
                if top not in self._trees:
                    self._trees[top] = await self._load(top)
                    while len(self._trees) > _TREES:
                        self._trees.popitem(last=False)
        return self._trees[top]

    async def _load(self, top: Digest) -> PackageTree:
        try:
            document = decode_packages(await self._bytes(top))
            bodies = [await self._bytes(digest) for digest in document.packages.values()]
        except ArtifactNotFoundError as error:
            raise self._damaged(top) from error
        return await to_end(_assemble, document.index, bodies)

    async def _bytes(self, digest: Digest) -> bytes:
        return await self._shelf.blobs.read(digest, max_bytes=MOST_BYTES)


def _assemble(index: Digest, bodies: list[bytes]) -> PackageTree:
    packages = [decode_package(body) for body in bodies]
    documents = {name: digest for one in packages for name, digest in one.names().items()}
    return PackageTree(index, documents, all_files(packages))
