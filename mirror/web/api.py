"""Serve the catalogue: the feed, the boards, publications and channels, and how we are.

The same documents are at ``/v1/…`` (the current publication), at
``/v1/publications/{sequence}/…`` (one point in time) and at ``/v1/channels/{channel}/…``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.errors import BadQueryError, MirrorError
from mirror.frozen import dataclass
from mirror.publication.feeds import SCHEMA_PATH, feed_schema
from mirror.publication.query import FeedQuery
from mirror.web.age import Ages
from mirror.web.answer import Answer, Route
from mirror.web.bench import PATIENCE, within
from mirror.web.documents import Document
from mirror.web.download import Downloads
from mirror.web.failures import Failures
from mirror.web.heads import JSON, TEXT
from mirror.web.local_documents import LocalDocuments

if TYPE_CHECKING:
    from aiohttp import web

    from mirror.web.documents import Stationery
    from mirror.web.files import Files
    from mirror.web.history import HistoryShelf
    from mirror.web.shelf import Shelf
    from mirror.web.view import View

StatusSource: TypeAlias = Callable[[], Awaitable[bytes]]
_Handler: TypeAlias = "Callable[[web.Request], Awaitable[Answer]]"

_LATEST_FILTERS: Final = {"variant", "kind", "maturity"}
PLACES: Final = (
    "/v1",
    "/v1/publications/{sequence:[1-9][0-9]{0,17}}",
    "/v1/channels/{channel:[a-z0-9][a-z0-9-]{0,62}}",
)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of this moment: the *status*, the *failures*, and the *ages* of documents."""

    status: StatusSource
    failures: Failures
    ages: Ages


class Api:
    """The handlers of documents."""

    def __init__(
        self,
        shelf: Shelf,
        files: Files,
        history: HistoryShelf,
        stationery: Stationery,
        words: Words,
    ) -> None:
        self._shelf = shelf
        self._files = files
        self._local = LocalDocuments(shelf, files)
        self._downloads = Downloads(shelf, self._local, stationery.heads)
        self._history = history
        self._heads = stationery.heads
        self._schema = Document.of(stationery, feed_schema())
        self._words = words

    def routes(self) -> list[Route]:
        """Return the paths that are served here; the last one takes what no other takes."""
        return [
            *(route for place in PLACES for route in self._documents(place)),
            *((f"{place}/files/{{name}}", self.file) for place in PLACES[1:]),
            ("/v1/channels.json", self._aged(self.channels)),
            ("/v1/publications.json", self._aged(self.publications)),
            (SCHEMA_PATH, self.schema),
            ("/v1/status.json", self.status),
            ("/healthz", self.alive),
            ("/readyz", self.ready),
            *((path, self._aged(handler)) for path, handler in self._downloads.routes()),
            (f"{PLACES[2]}/{{path:.+}}", self._aged(self._local.on_channel)),
            ("/{path:.*}", self._aged(self._local.at_path)),
        ]

    def _documents(self, place: str) -> list[Route]:
        return [
            (f"{place}/feed.json", self._aged(self.feed)),
            (f"{place}/boards.json", self._aged(self.boards)),
            (f"{place}/boards/{{board}}.json", self._aged(self.board)),
            (f"{place}/boards/{{board}}/latest.json", self._aged(self.latest)),
            (f"{place}/root.json", self._aged(self.root)),
            (f"{place}/content.json", self._aged(self.content)),
        ]

    def _aged(self, handler: _Handler) -> _Handler:
        """Have *handler* say how old its answers are, when that should be known."""

        async def aged(request: web.Request) -> Answer:
            answer = await handler(request)
            # What was true at a point in time stays true of it.
            if "sequence" not in request.match_info:
                self._words.ages.mark(answer)
            return answer

        return aged

    async def feed(self, request: web.Request) -> Answer:
        """Answer with the feed, filtered as the query says."""
        view = await self._view(request)
        query = FeedQuery.parse(request.query.items()) if request.query else None
        return await (await view.feed(query)).answer(request)

    async def boards(self, request: web.Request) -> Answer:
        """Answer with the index of the boards."""
        return await (await (await self._view(request)).index()).answer(request)

    async def board(self, request: web.Request) -> Answer:
        """Answer with the document of one board."""
        view = await self._view(request)
        return await view.board(request.match_info["board"]).answer(request)

    async def latest(self, request: web.Request) -> Answer:
        """Answer with what to flash on a board now."""
        view = await self._view(request)
        unknown = set(request.query) - _LATEST_FILTERS
        if unknown:
            raise BadQueryError(f"only {sorted(_LATEST_FILTERS)} can be asked here")
        query = FeedQuery.parse(request.query.items())
        return await (await view.latest(request.match_info["board"], query)).answer(request)

    async def root(self, request: web.Request) -> Answer:
        """Answer with the root document of a publication."""
        return await (await self._view(request)).root().answer(request)

    async def content(self, request: web.Request) -> Answer:
        """Answer with the root document of a content layer."""
        return await (await self._view(request)).content().answer(request)

    async def file(self, request: web.Request) -> Answer:
        """Answer with the file that one certain publication calls by this name."""
        name = request.match_info["name"]
        if "channel" in request.match_info:
            artifact = await self._shelf.find_on(request.match_info["channel"], name)
        else:
            artifact = (await self._view(request)).artifact(name)
        return await self._files.send(request, artifact)

    async def publications(self, request: web.Request) -> Answer:
        """Answer with the list of publications."""
        current = await self._shelf.newest()
        return await (await self._history.document(current)).answer(request)

    async def channels(self, request: web.Request) -> Answer:
        """Answer with the list of channels."""
        return await (await self._history.channels()).answer(request)

    async def schema(self, request: web.Request) -> Answer:
        """Answer with the JSON Schema of the feed."""
        return await self._schema.answer(request)

    async def status(self, request: web.Request) -> Answer:
        """Answer with how this node is, at this moment."""
        async with within(PATIENCE, "asking the daemon"):
            return self._now(request, JSON, await self._words.status())

    async def alive(self, request: web.Request) -> Answer:
        """Answer that this process lives."""
        return self._now(request, TEXT, b"alive\n")

    async def ready(self, request: web.Request) -> Answer:
        """Answer whether there is a publication to serve, and a store that can be read."""
        try:
            await self._shelf.ready()
        except MirrorError as error:
            return self._words.failures.not_ready(request, error)
        return self._now(request, TEXT, b"ready\n")

    async def view(self, request: web.Request) -> View:
        """Return the publication that the path of *request* is about."""
        return await self._view(request)

    async def _view(self, request: web.Request) -> View:
        if "sequence" in request.match_info:
            return await self._shelf.at(int(request.match_info["sequence"]))
        if "channel" in request.match_info:
            return await self._shelf.on(request.match_info["channel"])
        return await self._shelf.current()

    def _now(self, request: web.Request, media_type: str, body: bytes) -> Answer:
        head = self._heads.with_body(200, media_type, len(body))
        return Answer(200, head, b"" if request.method == "HEAD" else body)
