"""The operators' application: start a sync and watch it, read runs and ledger.

It is served on a Unix socket that only the daemon's own user can open.  What takes long is
answered with JSON lines as they come; an error that comes after the first of them is the
last line.  A client that goes away closes its iterator and nothing else.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from mirror.catalog.values import Digest
from mirror.errors import (
    BadQueryError,
    MalformedValueError,
    MirrorError,
)
from mirror.web.accesses import read_digests
from mirror.web.answer import Answer
from mirror.web.bearers import OPERATOR, in_the_name_of, with_tokens
from mirror.web.channel_orders import ChannelHandlers
from mirror.web.failures import Failures
from mirror.web.heads import JSON, Caching, Heads
from mirror.web.on_demand import encode_artifact
from mirror.web.refusing import answering, words_of
from mirror.web.server import HEADS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence

    from mirror.storage.tokens import Token
    from mirror.web.artifacts import Artifact
    from mirror.web.channel_orders import ChannelOperations

_JSON_LINES = "application/jsonl"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
# An order to pin may name many artifacts.
_MOST_ORDER = 2 << 20
_MOST_BYTES = 16_384

_log = logging.getLogger(__name__)


class Operations(Protocol):
    """What the daemon does for operators; documents and lines are JSON in UTF-8.

    A line ends with its line end.
    """

    async def status(self) -> bytes:
        """Return what ``/v1/status.json`` says."""

    def sync(self) -> AsyncGenerator[bytes, None]:
        """Begin a sync run, or join the one under way; yield its progress, then its outcome."""

    async def fetch(self, name: str) -> Artifact:
        """Return the artifact *name*, which is held then; raise why it is not."""

    def adopt(self, folder: str) -> AsyncGenerator[bytes, None]:
        """Adopt what lies in *folder*, an absolute path; yield each file, then the sum."""

    async def add(self, request: Mapping[str, str]) -> bytes:
        """Add the own build that *request* describes; return what became of it."""

    def carry_in(
        self, files: Sequence[str], *, dry_run: bool, channel: str
    ) -> AsyncGenerator[bytes, None]:
        """Import the bundle of *files*, absolute paths; yield what came of it, or why not."""

    async def receipts(self) -> bytes:
        """Return the receipts of all imports, newest first."""

    async def runs(self) -> bytes:
        """Return the runs so far, newest first."""

    async def remembered(self, board: str) -> bytes:
        """Return what is remembered of upstream's pages, and held, of the board with this id."""

    def ledger(self, since: str | None, /) -> AsyncGenerator[bytes, None]:
        """Yield the lines of the ledger from *since* on: a date, a time, or a line's number."""

    async def damaged(self, digest: Digest) -> None:
        """Look at a blob that somebody found damaged or missing, and heal it if it is."""

    def pin(self, order: bytes) -> AsyncGenerator[bytes, None]:
        """Pin or unpin as the document *order* says; yield the progress, then what came of it."""

    async def accessed(self, digests: Collection[Digest]) -> None:
        """Take note that files on demand were asked for."""

    async def counted(self, tally: bytes) -> None:
        """Add what a serving process has answered, as `mirror.web.traffic` writes it."""

    async def metrics(self) -> bytes:
        """Return how the node is, in the text format of Prometheus."""

    async def prune(self) -> bytes:
        """Let go of what nobody needs; return the report."""

    async def preview_prune(self, rules: bytes, /) -> bytes:
        """Say what would go by *rules* (JSON; those in force, if empty); return the report."""

    async def judge(self, request: bytes, operator: str | None, /) -> bytes:
        """Do what somebody decided (JSON); return what came of it, which is in force then.

        *operator* is who that was, where a token has told it.
        """

    @property
    def channels(self) -> ChannelOperations:
        """What is done with channels."""


def make_admin_app(
    operations: Operations, node: str, tokens: Callable[[], tuple[Token, ...]] | None = None
) -> web.Application:
    """Return the operators' application of the node with this id.

    With *tokens* it is for TCP: only who has one of them is let in, for what it is good for.
    """
    heads = Heads(node)
    middlewares = [answering(heads)]
    if tokens is not None:
        middlewares.append(with_tokens(tokens, Failures(heads)))
    app = web.Application(middlewares=middlewares, client_max_size=_MOST_BYTES)
    app[HEADS] = heads
    app.add_routes(_Handlers(operations, heads).routes())
    return app


class _Handlers:
    def __init__(self, operations: Operations, heads: Heads) -> None:
        self._operations = operations
        self._heads = heads

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/sync", self.sync),
            web.post("/v1/fetch/{name}", self.fetch),
            web.post("/v1/adopt", self.adopt),
            web.post("/v1/add", self.add),
            web.post("/v1/import", self.carry_in),
            web.get("/v1/receipts", self.receipts, allow_head=False),
            web.get("/v1/status.json", self.status, allow_head=False),
            web.get("/v1/runs.json", self.runs, allow_head=False),
            web.get("/v1/remembered.json", self.remembered, allow_head=False),
            web.get("/v1/ledger.jsonl", self.ledger, allow_head=False),
            web.post("/v1/damaged/{digest}", self.damaged),
            web.post("/v1/pins", self.pin),
            web.post("/v1/accessed", self.accessed),
            web.post("/v1/counted", self.counted),
            web.get("/metrics", self.metrics, allow_head=False),
            web.post("/v1/prune", self.prune),
            web.post("/v1/judgements", self.judge),
            *ChannelHandlers(self._operations.channels, self._document).routes(),
        ]

    async def sync(self, request: web.Request) -> web.StreamResponse:
        return await _send_lines(request, self._operations.sync())

    async def adopt(self, request: web.Request) -> web.StreamResponse:
        folder = request.query.get("folder", "")
        return await _send_lines(request, self._operations.adopt(folder))

    async def add(self, request: web.Request) -> web.StreamResponse:
        return self._document(await self._operations.add(request.query))

    async def carry_in(self, request: web.Request) -> web.StreamResponse:
        dry_run = request.query.get("dry_run", "no") == "yes"
        files = request.query.getall("file", [])
        channel = request.query.get("channel", "current")
        lines = self._operations.carry_in(files, dry_run=dry_run, channel=channel)
        return await _send_lines(request, lines)

    async def receipts(self, _request: web.Request) -> web.StreamResponse:
        return self._document(await self._operations.receipts())

    async def ledger(self, request: web.Request) -> web.StreamResponse:
        return await _send_lines(request, self._operations.ledger(request.query.get("since")))

    async def status(self, _request: web.Request) -> web.StreamResponse:
        return self._document(await self._operations.status())

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        artifact = await self._operations.fetch(request.match_info["name"])
        return self._document(encode_artifact(artifact))

    async def runs(self, _request: web.Request) -> web.StreamResponse:
        return self._document(await self._operations.runs())

    async def remembered(self, request: web.Request) -> web.StreamResponse:
        return self._document(await self._operations.remembered(request.query.get("board", "")))

    async def damaged(self, request: web.Request) -> web.StreamResponse:
        try:
            digest = Digest.parse(request.match_info["digest"])
        except MalformedValueError as error:
            raise BadQueryError(str(error)) from error
        await self._operations.damaged(digest)
        return self._document(b"{}\n")

    async def pin(self, request: web.Request) -> web.StreamResponse:
        return await _send_lines(
            request, self._operations.pin(in_the_name_of(request, await _order(request)))
        )

    async def accessed(self, request: web.Request) -> web.StreamResponse:
        try:
            digests = read_digests(request.query.get("digests", ""))
        except MalformedValueError as error:
            raise BadQueryError(str(error)) from error
        await self._operations.accessed(digests)
        return self._document(b"{}\n")

    async def counted(self, request: web.Request) -> web.StreamResponse:
        try:
            await self._operations.counted(await _order(request))
        except MalformedValueError as error:
            raise BadQueryError(str(error)) from error
        return self._document(b"{}\n")

    async def metrics(self, _request: web.Request) -> web.StreamResponse:
        body = await self._operations.metrics()
        return Answer(200, self._heads.with_body(200, _METRICS, len(body)), body)

    async def prune(self, request: web.Request) -> web.StreamResponse:
        dry_run = request.query.get("dry_run", "")
        if dry_run not in {"yes", "no"}:
            raise BadQueryError(f"dry_run is yes or no, not {dry_run[:40]!r}")
        if dry_run == "no":
            return self._document(await self._operations.prune())
        return self._document(await self._operations.preview_prune(await _order(request)))

    async def judge(self, request: web.Request) -> web.StreamResponse:
        body = in_the_name_of(request, await request.read())
        return self._document(await self._operations.judge(body, request.get(OPERATOR)))

    def _document(self, body: bytes) -> Answer:
        return Answer(200, self._heads.with_body(200, JSON, len(body)), body)


async def _order(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > _MOST_ORDER:
            raise BadQueryError(f"an order has at most {_MOST_ORDER} bytes")
    return bytes(body)


async def _send_lines(
    request: web.Request, lines: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    always = request.app[HEADS].always
    response = web.StreamResponse(
        headers=[*always, ("Content-Type", _JSON_LINES), ("Cache-Control", Caching.NEVER)]
    )
    async with aclosing(lines):
        # The first line decides: an error before it is answered with its own status.
        line = await anext(lines, None)
        await response.prepare(request)
        while line is not None:
            await response.write(line)
            line = await _next(lines)
    await response.write_eof()
    return response


async def _next(lines: AsyncGenerator[bytes, None]) -> bytes | None:
    try:
        return await anext(lines, None)
    except MirrorError as error:
        return words_of(error)
    except Exception as error:
        _log.exception("the lines of an answer broke off")
        raise ConnectionResetError("the answer broke off") from error
