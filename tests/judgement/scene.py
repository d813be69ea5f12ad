"""A mirror on which somebody decides: a replica, a store, a judge, and a client that looks on."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.catalog.plan import Policy
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request, Ruling
from mirror.publication.documents import decode_content
from mirror.storage.judgements import What
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.shelf import Shelf
from tests.replica import Replica
from tests.sync.node import TestNode, node_at
from tests.web.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.publication.documents import ContentRoot

NEW = "RPI_PICO-20260406-v1.28.0.uf2"
OLD = "RPI_PICO-20251209-v1.27.0.uf2"
OTHER = "RPI_PICO_W-20260406-v1.28.0.uf2"
WHY = "it bricks the class room's boards"


@dataclass(slots=True)
class Court:
    """All of it; the client's server looks at the pointer once an hour only."""

    replica: Replica
    node: TestNode
    judge: Judge
    client: Client
    shelf: Shelf

    async def digest(self, name: str) -> Digest:
        """Return the digest that *name* has by now."""
        sighting = await self.node.store.index.find_sighting(name)
        assert sighting is not None
        return sighting.digest

    async def decide(self, what: What, subject: str, digest: Digest | None = None) -> Ruling:
        """Have it judged."""
        return await self.judge.apply(Request(what, subject, WHY, "operator", digest=digest))

    async def recall(self, name: str) -> Digest:
        """Recall the bytes of *name*; return their digest."""
        digest = await self.digest(name)
        await self.decide(What.RECALL, str(digest))
        return digest

    async def content(self) -> ContentRoot:
        """Return the content of the current publication."""
        return decode_content(await self.node.read((await self.node.root()).content))

    async def statuses(self, *paths: str) -> set[int]:
        """Return what the client gets for *paths*; the body of a refusal must be empty."""
        answers = [await self.client.get(path) for path in paths]
        assert not any(answer.body for answer in answers if answer.status != 200)
        return {answer.status for answer in answers}

    async def latest_after_a_look(self) -> str:
        """Return the version to flash on a Pico, of whoever has looked at the pointer now."""
        await self.shelf.refresh()
        got = await self.client.get("/v1/boards/RPI_PICO/latest.json")
        version: str = json.loads(got.body)["release"]["version"]
        return version

    async def change(self, name: str) -> Digest:
        """Have upstream change the bytes of *name*, and the mirror notice; return the later."""
        store = self.node.store
        await store.index.mark_missing([await self.digest(name)])
        self.replica.change_bytes(name)
        await self.node.sync()
        [change] = await store.index.changes()
        return change.later


def site() -> Replica:
    """Return a site of two boards, one of them with two releases."""
    replica = Replica.of("RPI_PICO", "RPI_PICO_W")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.release("RPI_PICO_W", "v1.28.0", date="2026-04-06")
    return replica


@asynccontextmanager
async def court(folder: Path, policy: Policy | None = None) -> AsyncIterator[Court]:
    """Run all of it, after a first sync, until the block ends."""
    replica = site()
    async with replica.running() as url, node_at(folder / "data", url) as node:
        outcome = await node.sync(policy=policy or Policy())
        assert outcome.exit_status == 0, outcome
        told = Serving(node=node.store.node.node_id, status=_status, poll=3600)
        sockets = await tcp_sockets("127.0.0.1", 0)
        number = sockets[0].getsockname()[1]
        judge = Judge(store=node.store, upstream=url, clock=lambda: node.now)
        app = make_app(node.store, told)
        async with serving(app, sockets):
            client = Client(number)
            assert (await client.get("/readyz")).status == 200
            yield Court(replica, node, judge, client, app[SHELF])


async def _status() -> bytes:
    return b"{}"
