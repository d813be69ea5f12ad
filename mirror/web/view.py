"""The documents of one loaded publication, as clients ask for them.

What is asked for is made at the first question and kept with the publication: the feed, the
boards, and a bounded number of filtered answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind, Maturity
from mirror.errors import ArtifactNotFoundError, BoardNotFoundError
from mirror.publication.documents import decode_board
from mirror.publication.feeds import filter_feed, render_latest
from mirror.publication.hiding import without_hidden
from mirror.publication.local.boards import INDEX_PATH
from mirror.publication.local.dialect import HTML
from mirror.publication.site.index import CARDS_PATH, decode_cards, render_index_page
from mirror.storage.threads import to_end
from mirror.web.documents import Document
from mirror.web.local import LocalLayer
from mirror.web.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from mirror.publication.documents import BoardDocument
    from mirror.publication.query import FeedQuery
    from mirror.publication.site.index import Card, Filters
    from mirror.web.artifacts import Artifact
    from mirror.web.documents import Stationery
    from mirror.web.holdings import Blobs
    from mirror.web.loading import Loaded, LoadedBoard

_FLASHABLE = tuple(kind for kind in Kind if kind.flashable)


class View:
    """Answers about the publication *loaded*; raises `NotFoundError`s for what is not in it."""

    def __init__(self, loaded: Loaded, blobs: Blobs, stationery: Stationery) -> None:
        self.loaded = loaded
        self._stationery = stationery
        self._feed = Document(stationery, loaded.feed, loaded.feed_digest)
        self._boards: dict[str, Document] = {}
        self.layer = LocalLayer(loaded.publication, blobs, stationery)
        self._local: Recent[str] = Recent(most=512, most_bytes=64 << 20)
        self._pages: Recent[Filters] = Recent(most=128, most_bytes=16 << 20)
        self._people: Recent[Hashable] = Recent(most=256, most_bytes=32 << 20)
        self._feeds: Recent[FeedQuery] = Recent(most=32, most_bytes=64 << 20)
        self._latest: Recent[tuple[str, FeedQuery]] = Recent(most=512, most_bytes=16 << 20)

    def artifact(self, name: str) -> Artifact:
        """Return the artifact called *name*."""
        try:
            return self.loaded.artifacts[name]
        except KeyError as error:
            raise ArtifactNotFoundError(f"no artifact is called {name[:200]!r}") from error

    def root(self) -> Document:
        """Return the root document of the publication."""
        loaded = self.loaded
        return Document(self._stationery, loaded.publication_bytes, loaded.root.hex)

    def content(self) -> Document:
        """Return the root document of the content layer."""
        loaded = self.loaded
        return Document(self._stationery, loaded.content_bytes, loaded.publication.content.hex)

    def board(self, board: str) -> Document:
        """Return the document of one board."""
        if board not in self._boards:
            entry = self._entry(board)
            body = memoryview(self.loaded.feed)[entry.start : entry.stop]
            self._boards[board] = Document(self._stationery, body, entry.digest.hex)
        return self._boards[board]

    async def index(self) -> Document:
        """Return the index of the boards."""
        return await self.local(INDEX_PATH)

    async def local(self, path: str) -> Document:
        """Return a document that this node rendered for *path*."""
        return await self._local.get(path, lambda: self.layer.read(path))

    async def filtered(self, filters: Filters) -> Document:
        """Return the page of those boards that *filters* show."""
        return await self._pages.get(filters, lambda: self._filter_page(filters))

    async def page(self, key: Hashable, make: Callable[[], Awaitable[Document]]) -> Document:
        """Return the page for people called *key*, which *make* makes at the first question."""
        return await self._people.get(key, make)

    async def cards(self) -> tuple[Card, ...]:
        """Return the cards of all boards."""
        cards = bytes((await self.local(CARDS_PATH)).body)
        return await to_end(decode_cards, cards)

    async def board_document(self, board: str) -> BoardDocument:
        """Return one board as a value."""
        return await to_end(self._decode, self._entry(board))

    async def feed(self, query: FeedQuery | None) -> Document:
        """Return the feed, or what *query* asks of it."""
        if query is None:
            return self._feed
        return await self._feeds.get(query, lambda: self._filter(query))

    async def latest(self, board: str, query: FeedQuery) -> Document:
        """Return what to flash on *board* now, as far as *query* leaves that open.

        Left open, the newest release is meant, or the newest preview of a board without
        release; and the kind that comes first there.
        """
        entry = self._entry(board)
        return await self._latest.get((board, query), lambda: self._find_latest(entry, query))

    async def _filter_page(self, filters: Filters) -> Document:
        cards = bytes((await self.local(CARDS_PATH)).body)
        return await self._stationery.questions.run(self._make_page, cards, filters)

    def _make_page(self, cards: bytes, filters: Filters) -> Document:
        body = render_index_page(decode_cards(cards), filters)
        return Document.of(self._stationery, body, media_type=HTML)

    async def _filter(self, query: FeedQuery) -> Document:
        return await self._stationery.questions.run(self._make_feed, query)

    def _make_feed(self, query: FeedQuery) -> Document:
        boards = (entry for entry in self.loaded.boards.values() if _may_show(entry, query))
        body = filter_feed(self.loaded.head, map(self._decode, boards), query)
        return Document.of(self._stationery, body)

    async def _find_latest(self, entry: LoadedBoard, query: FeedQuery) -> Document:
        # One board is quickly read: it does not wait behind those who filter whole feeds.
        return await to_end(self._make_latest, entry, query)

    def _make_latest(self, entry: LoadedBoard, query: FeedQuery) -> Document:
        board = without_hidden(self._decode(entry))
        body = render_latest(board, _narrowed_to_newest(board, query))
        return Document.of(self._stationery, body)

    def _decode(self, entry: LoadedBoard) -> BoardDocument:
        return decode_board(self.loaded.feed[entry.start : entry.stop])

    def _entry(self, board: str) -> LoadedBoard:
        try:
            return self.loaded.boards[board]
        except KeyError as error:
            raise BoardNotFoundError(f"no board is called {board[:200]!r}") from error


def _may_show(entry: LoadedBoard, query: FeedQuery) -> bool:
    # Boards are left out here before they are parsed; `FeedQuery.narrow` decides.
    names = entry.names
    return (
        query.shows(names.board)
        and (not query.ports or names.port in query.ports)
        and (not query.mcus or names.mcu in query.mcus)
        and (not query.vendors or names.vendor in query.vendors)
    )


def _narrowed_to_newest(board: BoardDocument, query: FeedQuery) -> FeedQuery:
    """Return *query* with its open questions decided: which maturity, and which kind."""
    fitting = replace(query, kinds=query.kinds or _FLASHABLE).narrow(board)
    releases = [release for release in fitting.releases if release.files] if fitting else []
    if not releases:
        return query
    # A stable sort: the newest release comes first, or else the newest preview.
    newest = min(releases, key=lambda release: release.maturity is not Maturity.RELEASE)
    kinds = [file.kind for file in newest.files]
    # An app-bin alone does not start a board: `upstream.md` section 6.
    kind = next((kind for kind in kinds if kind is not Kind.APP_BIN), kinds[0])
    return replace(query, kinds=query.kinds or (kind,), maturities=(newest.maturity,))
