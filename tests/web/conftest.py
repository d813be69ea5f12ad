"""Fixtures: a store with a publication, and the public application serving it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from mirror.web.app import SHELF, Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.shelf import Shelf
from tests.web.building import USUAL, Builder, Written, opened
from tests.web.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from mirror.web.connections import Limits
    from mirror.web.holdings import Holdings

NODE = "0123456789abcdef0123456789abcdef"
STATUS = b'{"held":7}\n'


@dataclass(frozen=True, slots=True)
class Site:
    """A running server: ask it with *client*; its *shelf* follows the pointer when told."""

    client: Client
    shelf: Shelf


async def status() -> bytes:
    """Say how the node is."""
    return STATUS


@asynccontextmanager
async def served(
    store: Holdings, limits: Limits | None = None, told: Serving | None = None
) -> AsyncIterator[Site]:
    """Serve *store* on a port of the system's choice."""
    app = make_app(store, told or Serving(node=NODE, status=status))
    sockets = await tcp_sockets("127.0.0.1", 0)
    number = sockets[0].getsockname()[1]
    async with serving(app, sockets, limits):
        yield Site(Client(number), app[SHELF])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of the store."""
    return tmp_path / "data"


@pytest.fixture
def store(data: Path) -> Written:
    """An empty store."""
    return opened(data)


@pytest.fixture
async def builder(store: Written) -> Builder:
    """A store with one publication of the usual images."""
    builder = Builder(store)
    await builder.publish(USUAL)
    return builder


@pytest.fixture
async def site(builder: Builder) -> AsyncIterator[Site]:
    """The usual images, served to one test that may change the store."""
    async with served(builder.store) as site:
        yield site


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The TCP port of a server of the usual images, which no test changes."""
    folder = tmp_path_factory.mktemp("standing") / "data"
    number: Queue[int] = Queue()
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: asyncio.run(stand(folder, number, stop)))
        yield number.get(timeout=20)
        stop.set()
        running.result(timeout=20)


async def stand(folder: Path, number: Queue[int], stop: threading.Event) -> None:
    """Serve the usual images out of *folder* until told to stop."""
    builder = Builder(opened(folder))
    await builder.publish(USUAL)
    async with served(builder.store) as site:
        number.put(site.client.number)
        await asyncio.to_thread(stop.wait)


@pytest.fixture
def client(standing: int) -> Client:
    """A client of the server that no test changes."""
    return Client(standing)
