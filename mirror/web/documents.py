"""Answer with a document: bytes in memory that are the same for everybody.

A document's strong ETag is its digest, with the coding's name when it is coded.  Its heads
are made once, and each coding once, beside the loop.  A coded document is answered whole:
see `mirror.web.codings`.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import field, replace
from typing import TYPE_CHECKING

from mirror.frozen import dataclass
from mirror.web.answer import Answer
from mirror.web.bench import Bench
from mirror.web.codings import SMALLEST, Coding, encode, preferred
from mirror.web.conditions import Conditions, Selection, select
from mirror.web.heads import JSON, Caching, Heads

if TYPE_CHECKING:
    from aiohttp import web

    from mirror.web.heads import Field


@dataclass(frozen=True, slots=True)
class Stationery:
    """What every document of one application is answered with.

    Questions wait at a bench of their own: many of them keep nobody from a coded feed.
    """

    heads: Heads
    coding: Bench = field(default_factory=Bench)
    questions: Bench = field(default_factory=Bench)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A document in one coding, ready to be sent."""

    head: bytes
    body: bytes | memoryview


class Document:
    """A *body* whose SHA-256 is *digest* (hex), of *media_type*."""

    def __init__(
        self,
        stationery: Stationery,
        body: bytes | memoryview,
        digest: str,
        *,
        media_type: str = JSON,
        caching: Caching = Caching.ASK,
    ) -> None:
        self._heads = stationery.heads
        self._bench = stationery.coding
        self._body = body
        self._digest = digest
        self.media_type = media_type
        self._caching = caching
        self._copies = {Coding.IDENTITY: _Copy(self._head(Coding.IDENTITY, len(body)), body)}
        self._coding = asyncio.Lock()

    @classmethod
    def of(
        cls,
        stationery: Stationery,
        body: bytes,
        *,
        media_type: str = JSON,
        caching: Caching = Caching.ASK,
    ) -> Document:
        """Return a document for *body*, hashed here: keep that for small ones."""
        digest = hashlib.sha256(body).hexdigest()
        return cls(stationery, body, digest, media_type=media_type, caching=caching)

    @property
    def body(self) -> bytes | memoryview:
        """The bytes of the document, in no coding."""
        return self._body

    async def answer(self, request: web.BaseRequest) -> Answer:
        """Answer a GET or HEAD with the document, a part of it, or that it is the same."""
        coding = self._coding_for(request)
        conditions = Conditions.of(request.headers)
        if coding is not Coding.IDENTITY:
            conditions = replace(conditions, range=None)
        etag = coding.etag(self._digest)
        selection = select(request.method, conditions, etag, len(self._body))
        if selection.status == 200:  # noqa: PLR2004 - a status is best known by its number
            copy = await self._copy(coding)
            return Answer(200, copy.head, b"" if request.method == "HEAD" else copy.body)
        return self._part(selection, coding)

    def _coding_for(self, request: web.BaseRequest) -> Coding:
        if len(self._body) < SMALLEST:
            return Coding.IDENTITY
        return preferred(request.headers.get("Accept-Encoding"))

    async def _copy(self, coding: Coding) -> _Copy:
        copy = self._copies.get(coding)
        if copy is not None:
            return copy
        async with self._coding:
            if coding not in self._copies:
                body = await self._bench.run(encode, self._body, coding)
                self._copies[coding] = _Copy(self._head(coding, len(body)), body)
        return self._copies[coding]

    def _part(self, selection: Selection, coding: Coding) -> Answer:
        start, stop = selection.start, selection.stop
        fields = self._fields(coding)
        if selection.status != 304:  # noqa: PLR2004 - as above
            fields += [("Content-Type", self.media_type), ("Content-Length", str(stop - start))]
        match selection.status:
            case 206:
                fields.append(("Content-Range", f"bytes {start}-{stop - 1}/{len(self._body)}"))
            case 416:
                fields.append(("Content-Range", f"bytes */{len(self._body)}"))
        head = self._heads.head(selection.status, self._caching, fields)
        return Answer(selection.status, head, memoryview(self._body)[start:stop])

    def _head(self, coding: Coding, size: int) -> bytes:
        fields = [
            *self._fields(coding),
            ("Content-Type", self.media_type),
            ("Content-Length", str(size)),
        ]
        if coding is not Coding.IDENTITY:
            fields.append(("Content-Encoding", coding))
        return self._heads.head(200, self._caching, fields)

    def _fields(self, coding: Coding) -> list[Field]:
        fields = [("ETag", coding.etag(self._digest)), ("Vary", "Accept-Encoding")]
        if coding is Coding.IDENTITY:
            fields.append(("Accept-Ranges", "bytes"))
        return fields
