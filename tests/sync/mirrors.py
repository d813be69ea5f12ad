"""Mirrors of mirrors: whole nodes that serve each other on real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aiohttp import web

from mirror.catalog.values import Digest
from mirror.publication.documents import decode_content, encode
from mirror.upstream.peer_urls import ROOT_PATH
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.typedefs import Handler

    from mirror.publication.documents import ContentRoot
    from mirror.web.on_demand import OnDemand
    from tests.sync.node import TestNode


@dataclass(slots=True)
class Served:
    """A node that others can reach at ``url``; ``requests`` are the paths they asked for.

    What is ``forged`` for a path is sent there in place of the truth.
    """

    url: str
    app: web.Application
    requests: list[str] = field(default_factory=list)
    forged: dict[str, bytes] = field(default_factory=dict)

    async def refresh(self) -> None:
        """Serve what was published last."""
        await self.app[SHELF].refresh()


@asynccontextmanager
async def served(node: TestNode, on_demand: OnDemand | None = None) -> AsyncIterator[Served]:
    """Serve what *node* holds until the block ends."""
    told = Serving(node=node.store.node.node_id, status=_status, on_demand=on_demand)
    requests: list[str] = []
    forged: dict[str, bytes] = {}
    head = {"X-Mpmirror-Node": node.store.node.node_id}

    @web.middleware
    async def noting(request: web.Request, handler: Handler) -> web.StreamResponse:
        requests.append(request.path)
        if request.path in forged:
            return web.Response(body=forged[request.path], headers=head)
        return await handler(request)

    app = make_app(node.store, told)
    app.middlewares.insert(0, noting)
    sockets = await tcp_sockets("127.0.0.1", 0)
    number = sockets[0].getsockname()[1]
    async with serving(app, sockets):
        await app[SHELF].refresh()
        yield Served(f"http://127.0.0.1:{number}", app, requests, forged)


async def forge_boards(node: TestNode, at: Served, boards: dict[str, bytes]) -> None:
    """Publish at *at* that these are the boards: right digests, and a sequence that rises."""
    before, content = await node.root(), await content_of(node)
    digests = {name: Digest.of(data) for name, data in boards.items()}
    forged = encode(replace(content, boards=digests))
    root = replace(before, sequence=before.sequence + 1, content=Digest.of(forged))
    at.forged[ROOT_PATH] = encode(root)
    for data in (forged, *boards.values()):
        at.forged[f"/v1/blobs/{Digest.of(data)}"] = data


async def content_of(node: TestNode) -> ContentRoot:
    """Return the content root of the current publication of *node*."""
    return decode_content(await node.read((await node.root()).content))


async def _status() -> bytes:
    return b"{}"
