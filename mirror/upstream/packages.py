"""Upstream's mip packages: the one spelling of their URLs, and how each of them is asked for.

Every request goes through the same polite way as pages do.  A file is what its URL promises,
eight hex digits of its SHA-256, or refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mirror.catalog.packages import INDEX_PATH, LATEST, file_path
from mirror.errors import DigestMismatchError, DocumentRefusedError, UpstreamError
from mirror.upstream.answers import Validators

if TYPE_CHECKING:
    from mirror.catalog.package_documents import PackageContent, PackageIndex
    from mirror.catalog.packages import DocumentName
    from mirror.upstream.answers import PageAnswer
    from mirror.upstream.memory import PageSource


class PackageReader(Protocol):
    """Turns foreign JSON into values, somewhere where it can do no harm."""

    async def read_package_index(self, document: bytes, url: str) -> PackageIndex:
        """Read the index."""

    async def read_package(self, document: bytes, url: str) -> PackageContent:
        """Read a package document."""


class PackageSite:
    """The packages behind *fetcher*; what comes is read by *reader*."""

    def __init__(self, fetcher: PageSource, reader: PackageReader) -> None:
        self._fetcher = fetcher
        self._reader = reader

    @property
    def index_url(self) -> str:
        """Where the index is."""
        return self._fetcher.upstream + INDEX_PATH

    def url_of(self, path: str) -> str:
        """Return the URL of a *path* of ``/pi/v2``."""
        return self._fetcher.upstream + path

    async def changed(self, path: str, since: Validators) -> PageAnswer | None:
        """Return what is at *path*; None if it is as it was at *since*."""
        return await self._fetcher.changed_page(self.url_of(path), since)

    async def whole(self, path: str) -> PageAnswer:
        """Return what is at *path*."""
        answer = await self.changed(path, Validators())
        if answer is None:
            url = self.url_of(path)
            raise UpstreamError(f"{url}: answered 304 to a request without conditions")
        return answer

    async def file(self, hash8: str) -> PageAnswer:
        """Return the file whose SHA-256 begins with *hash8*; `DigestMismatchError` for another."""
        answer = await self.whole(file_path(hash8))
        if not answer.digest.hex.startswith(hash8):
            raise DigestMismatchError(f"{answer.url}: its bytes are {answer.digest}")
        return answer

    async def read_index(self, document: bytes) -> PackageIndex:
        """Read the index; raise `DocumentRefusedError`."""
        return await self._reader.read_package_index(document, self.index_url)

    async def read_document(self, document: bytes, name: DocumentName) -> PackageContent:
        """Read the document called *name*; raise `DocumentRefusedError`, also for another's."""
        url = self.url_of(name.path)
        content = await self._reader.read_package(document, url)
        if name.version not in {content.version, LATEST}:
            raise DocumentRefusedError(f"{url}: says that it is {content.version[:80]!r}")
        return content
