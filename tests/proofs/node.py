"""A mirror in this process: runs of the real parts against a replica, and its clients.

Between two runs nothing of it is alive but what is on the disk, as if its process had ended.
Waiting is short by arguments; nothing else differs from what the daemon puts together.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.guard import Guard
from mirror.catalog.plan import Policy
from mirror.daemon.parts import now
from mirror.daemon.version import VERSION
from mirror.sandbox import Sandbox
from mirror.storage.quarantine import Bounds
from mirror.storage.space import KeepFree
from mirror.storage.store import Store, Terms, forget_index
from mirror.sync.means import Means, Wishes
from mirror.sync.outcome import Progress
from mirror.sync.run import sync
from mirror.upstream.fetch import Fetcher, Politeness, Surroundings
from mirror.web.app import Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.worker import open_held
from tests.proofs.walking import Walked, walk
from tests.web.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.sync.outcome import Outcome

QUICK: Final = Politeness(
    requests_per_second=0,
    connect_seconds=5,
    read_seconds=10,
    page_seconds=20,
    file_seconds=20,
    attempts=2,
    backoff_seconds=0.01,
)
#: For those who never answer.
IMPATIENT: Final = replace(QUICK, read_seconds=0.7)


def nobody(_progress: Progress) -> None:
    """Be told how a run goes, and do nothing."""


@dataclass(frozen=True, slots=True)
class Node:
    """A mirror of *upstream*, a base URL, whose data are in *folder*."""

    folder: Path
    upstream: str
    sandbox: Sandbox
    politeness: Politeness = QUICK
    surroundings: Surroundings = field(default_factory=Surroundings)
    keep_free: KeepFree | None = None
    report: Callable[[Progress], None] = nobody
    clock: Callable[[], datetime] = now

    async def sync(self) -> Outcome:
        """Open the store, run once, and close it."""
        terms = Terms(self.keep_free, Bounds())
        async with (
            Store.open(self.folder, clock=self.clock, terms=terms) as store,
            self._fetcher(store.node.node_id) as fetcher,
        ):
            return await sync(self._means(store, fetcher), _WISHES)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Client]:
        """Serve what is held as a worker does, on a port of the system's choice."""
        held = open_held(self.folder)
        told = Serving(node=held.node, status=_status, poll=0.02)
        sockets = await tcp_sockets("127.0.0.1", 0)
        number = sockets[0].getsockname()[1]
        async with serving(make_app(held, told), sockets):
            yield Client(number)

    async def walked(self) -> Walked:
        """Serve what is held, and follow every link as a client would."""
        async with self.served() as client:
            return await walk(client)

    async def fetched(self, name: str) -> bytes:
        """Return the bytes of a file as a client gets them."""
        async with self.served() as client:
            got = await client.get(f"/v1/files/{name}")
        assert got.status == 200, got
        return got.body

    async def rebuild(self) -> None:
        """Do what ``mpmirror check --rebuild`` does first."""
        await forget_index(self.folder)

    def lose(self, sha256: str) -> None:
        """Remove a blob from the disk, as somebody would who should not."""
        (self.folder / "blobs" / "sha256" / sha256[:2] / sha256).unlink()

    def _fetcher(self, node_id: str) -> Fetcher:
        return Fetcher(
            self.upstream,
            user_agent="mpmirror/0",
            node_id=node_id,
            politeness=self.politeness,
            surroundings=self.surroundings,
        )

    def _means(self, store: Store, fetcher: Fetcher) -> Means:
        return Means(
            fetcher=fetcher,
            sandbox=self.sandbox,
            store=store,
            clock=self.clock,
            report=self.report,
            version=VERSION,
        )


_WISHES: Final = Wishes(policy=Policy(), guard=Guard())


async def _status() -> bytes:
    return b"{}"
