"""What a node remembers of upstream's packages between runs, and what it holds of them.

The published tree is the truth; what was asked for lately, and the validators of each answer,
is in the index and may be lost: that costs requests only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    ForeignDataError,
    MalformedValueError,
    RecalledError,
    TooLargeError,
)
from mirror.frozen import dataclass
from mirror.publication.documents import decode_content, decode_publication
from mirror.publication.packages import PackageDocument, decode_package, decode_packages
from mirror.shapes import Shape
from mirror.storage.pages import StoredPage
from mirror.upstream.answers import Validators

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.storage.store import Store, StoreReader
    from mirror.upstream.answers import PageAnswer

_MOST_BYTES: Final = 64 * 1024 * 1024
_UNREADABLE: Final = (
    ArtifactNotFoundError,
    DamagedError,
    ForeignDataError,
    MalformedValueError,
    TooLargeError,
)
_VALIDATORS = Shape(Validators)


@dataclass(frozen=True, slots=True)
class Tree:
    """A published tree of packages: its top, the index that it serves, and each package."""

    top: Digest
    index: Digest
    packages: Mapping[str, PackageDocument]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a URL answered last: bytes that are held, and how to ask whether they changed.

    *under* is the index (its digest) under which it was asked for.
    """

    digest: Digest
    validators: Validators
    body: bytes
    under: str


class PackageMemory:
    """The packages that *store* holds, and remembers at the time *now*."""

    def __init__(self, store: Store, now: datetime) -> None:
        self._store = store
        self._now = now

    async def find(self, url: str) -> Remembered | None:
        """Return what *url* answered last, if its bytes are held and sound."""
        page = await self._store.index.find_page(url)
        body = None if page is None else await self.read(page.digest)
        if page is None or body is None:
            return None
        try:
            validators = _VALIDATORS.validate_json(page.body)
            return Remembered(page.digest, validators, body, page.crawl)
        except ValidationError:
            # Another version wrote it, and losing it costs one request.
            return None

    async def keep(self, url: str, answer: PageAnswer, under: str = "") -> Digest:
        """Hold what *url* answered, durably, and remember that it did.

        Raises `RecalledError` for bytes that an operator forbids.
        """
        if await self._store.index.find_recall(answer.digest) is not None:
            raise RecalledError(f"{url}: {answer.digest} is recalled")
        digest = await self._store.blobs.put(answer.body)
        await self._remember(url, Remembered(digest, answer.validators, answer.body, under))
        return digest

    async def hold_again(self, url: str, known: Remembered, under: str = "") -> Digest:
        """Hold what is remembered of *url* as if it had come now: nothing prunes it meanwhile."""
        digest = await self._store.blobs.put(known.body)
        if known.under != under:
            await self._remember(url, replace(known, under=under))
        return digest

    async def _remember(self, url: str, known: Remembered) -> None:
        body = _VALIDATORS.dump_json(known.validators)
        page = StoredPage(url, known.digest, body, known.under, self._now)
        await self._store.index.remember_pages([page])

    async def read(self, digest: Digest) -> bytes | None:
        """Return bytes that are held; None if they are not, or are damaged."""
        try:
            return await self._store.blobs.read(digest, max_bytes=_MOST_BYTES)
        except (ArtifactNotFoundError, DamagedError, TooLargeError):
            return None


async def find_tree(store: StoreReader) -> Tree | None:
    """Return the packages of the current publication; None also if they can not be read."""
    try:
        current = await store.publications.current()
        if current is None:
            return None
        root = decode_publication(await _read(store, current))
        top = decode_content(await _read(store, root.content)).packages
        return None if top is None else await _tree(store, top)
    except _UNREADABLE:
        # Made again from what is remembered, or from upstream: the same bytes, which mends it.
        return None


async def _tree(store: StoreReader, top: Digest) -> Tree:
    document = decode_packages(await _read(store, top))
    packages = {
        name: await asyncio.to_thread(decode_package, await _read(store, digest))
        for name, digest in document.packages.items()
    }
    return Tree(top, document.index, packages)


async def _read(store: StoreReader, digest: Digest) -> bytes:
    return await store.blobs.read(digest, max_bytes=_MOST_BYTES)
