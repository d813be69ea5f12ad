"""Serve signatures beside what they sign: the path of a document, and ``.minisig``.

Without ``?key=ID`` it is the signature of the node's present key.  A document that nobody signed
has none: 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.errors import BadQueryError, NotFoundError
from mirror.publication.freshness import PATH as FRESHNESS_PATH
from mirror.publication.local.sums import SUMS_PATH
from mirror.storage.threads import to_end
from mirror.web.documents import Document
from mirror.web.heads import TEXT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web

    from mirror.catalog.values import Digest
    from mirror.storage.freshness import SignedPage
    from mirror.web.answer import Answer, Route
    from mirror.web.documents import Stationery
    from mirror.web.shelf import Shelf
    from mirror.web.view import View

#: Gives the ``.minisig`` files of a document by key id, the present key first.
SignatureSource: TypeAlias = "Callable[[Digest], Awaitable[Mapping[str, str]]]"
#: Gives the page of freshness of a channel with its signatures; it may block.
FreshnessSource: TypeAlias = "Callable[[str], SignedPage | None]"

_FRESHNESS: Final = FRESHNESS_PATH.rpartition("/")[2]
ENDING: Final = ".minisig"


async def no_signatures(_digest: Digest) -> Mapping[str, str]:
    """Know of no signature."""
    return {}


def no_freshness(_channel: str) -> None:
    """Know of no page of freshness."""


class SignatureRoutes:
    """The handlers of signatures and of the page of freshness."""

    def __init__(
        self,
        shelf: Shelf,
        stationery: Stationery,
        signatures: SignatureSource,
        freshness: FreshnessSource,
        view: Callable[[web.Request], Awaitable[View]],
    ) -> None:
        self._shelf = shelf
        self._stationery = stationery
        self._signatures = signatures
        self._freshness = freshness
        self._view = view

    def routes(self, places: tuple[str, ...]) -> list[Route]:
        """Return the paths that are served here; documents stand at each of *places*.

        The last one is that of channels.
        """
        return [
            *((f"{place}/root.json{ENDING}", self.root) for place in places),
            *((f"{place}/content.json{ENDING}", self.content) for place in places),
            *((f"{place}{SUMS_PATH}{ENDING}", self.sums) for place in ("", places[-1])),
            *((f"{place}/{_FRESHNESS}", self.fresh) for place in (places[0], places[-1])),
            *(
                (f"{place}/{_FRESHNESS}{ENDING}", self.fresh_signature)
                for place in (places[0], places[-1])
            ),
        ]

    async def root(self, request: web.Request) -> Answer:
        """Answer with the signature of the root of a publication."""
        return await self._signed(request, (await self._view(request)).loaded.root)

    async def content(self, request: web.Request) -> Answer:
        """Answer with its maker's signature of a content layer."""
        return await self._signed(request, (await self._view(request)).loaded.publication.content)

    async def sums(self, request: web.Request) -> Answer:
        """Answer with the signature of the list of sums."""
        documents = (await self._view(request)).loaded.publication.documents
        if SUMS_PATH not in documents:
            raise NotFoundError("there is no list of sums")
        return await self._signed(request, documents[SUMS_PATH].digest)

    async def fresh(self, request: web.Request) -> Answer:
        """Answer with the page of freshness."""
        page = (await self._page(request)).page
        return await Document.of(self._stationery, page.encode()).answer(request)

    async def fresh_signature(self, request: web.Request) -> Answer:
        """Answer with its signature."""
        return await self._one(request, (await self._page(request)).signatures)

    async def _page(self, request: web.Request) -> SignedPage:
        channel = request.match_info.get("channel", self._shelf.channel)
        page = await to_end(self._freshness, channel)
        if page is None:
            raise NotFoundError("no crawl was complete yet")
        return page

    async def _signed(self, request: web.Request, digest: Digest) -> Answer:
        return await self._one(request, await self._signatures(digest))

    async def _one(self, request: web.Request, signatures: Mapping[str, str]) -> Answer:
        if set(request.query) - {"key"}:
            raise BadQueryError("only the id of a key can be asked for here: ?key=ID")
        wanted = request.query.get("key") or next(iter(signatures), None)
        if wanted is None or wanted not in signatures:
            raise NotFoundError("nobody signed this, or not with that key")
        text = signatures[wanted].encode()
        return await Document.of(self._stationery, text, media_type=TEXT).answer(request)
