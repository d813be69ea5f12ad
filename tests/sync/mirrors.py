"""Mirrors of mirrors: whole nodes that serve each other on real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from mirror.publication.documents import decode_content
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
    """A node that others can reach at ``url``; ``requests`` are the paths they asked for."""

    url: str
    app: web.Application
    requests: list[str] = field(default_factory=list)

    async def refresh(self) -> None:
        """Serve what was published last."""
        await self.app[SHELF].refresh()


@asynccontextmanager
async def served(node: TestNode, on_demand: OnDemand | None = None) -> AsyncIterator[Served]:
    """Serve what *node* holds until the block ends."""
    told = Serving(node=node.store.node.node_id, status=_status, on_demand=on_demand)
    requests: list[str] = []

    @web.middleware
    async def noting(request: web.Request, handler: Handler) -> web.StreamResponse:
        requests.append(request.path)
        return await handler(request)

    app = make_app(node.store, told)
    app.middlewares.insert(0, noting)
    sockets = await tcp_sockets("127.0.0.1", 0)
    number = sockets[0].getsockname()[1]
    async with serving(app, sockets):
        await app[SHELF].refresh()
        yield Served(f"http://127.0.0.1:{number}", app, requests)


async def content_of(node: TestNode) -> ContentRoot:
    """Return the content root of the current publication of *node*."""
    return decode_content(await node.read((await node.root()).content))


async def _status() -> bytes:
    return b"{}"
