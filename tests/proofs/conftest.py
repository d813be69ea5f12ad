"""Fixtures: a replica of upstream that is up, and a mirror that has held it once."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from mirror.sandbox import Sandbox
from tests.proofs.node import Node
from tests.proofs.program import Program
from tests.proofs.walking import Walked, digest_at
from tests.replica import Replica

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


BOARDS = ("RPI_PICO", "RPI_PICO_W", "TEENSY41", "WIPY")
RELEASES = ("v1.28.0", "v1.27.0")
SEED = "MPMIRROR_TEST_SEED"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it have unforeseeable names


@dataclass(frozen=True, slots=True)
class Scene:
    """A replica, the mirror of it, and what that served after its first run."""

    replica: Replica
    node: Node
    before: Walked

    def release(self) -> str:
        """Publish one new file upstream, and return its name."""
        return self.replica.release("RPI_PICO", "v1.29.0")[0]

    async def fetched_page(self, board: str) -> bytes:
        """Return the page of *board* as upstream sends it now."""
        url = self.node.upstream + self.replica.path_of(board)
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.read()

    def with_new(self, name: str) -> dict[str, str]:
        """Return what is served when the file *name* has come besides."""
        return self.before.files | {name: digest_at(self.replica, name)}


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A data folder after its first run, to be copied, and where upstream was then."""

    folder: Path
    host: str
    listen: int
    before: Walked


def small_replica() -> Replica:
    """Return four boards with two releases each."""
    replica = Replica.of(*BOARDS)
    for board in BOARDS:
        for version in RELEASES:
            replica.release(board, version)
    return replica


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
        yield Path(folder)


@pytest.fixture
def memory() -> Iterator[Path]:
    """Return a folder in memory, where there is one: thousands of folders come and go in it."""
    place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


@pytest.fixture
def seed() -> int:
    """A seed of this moment, which is printed; the environment can say another."""
    chosen = int(os.environ.get(SEED) or secrets.randbelow(1_000_000))
    sys.stdout.write(f"{SEED}={chosen}\n")
    return chosen


@pytest.fixture
def program(place: Path) -> Program:
    """The real program with an upstream that is not there."""
    return Program(place, "http://127.0.0.1:1")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    """Limited child processes, started once: each start takes most of a second."""
    async with Sandbox() as sandbox:
        yield sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mirrored(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Mirrored:
    """The small replica, mirrored once for all tests of this process."""
    folder = tmp_path_factory.mktemp("mirrored") / "data"
    host = _own_address()
    async with small_replica().running(host) as url:
        node = Node(folder, url, sandbox)
        outcome = await node.sync()
        assert outcome.exit_status == 0, outcome
        return Mirrored(folder, host, int(url.rpartition(":")[2]), await node.walked())


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path: Path, sandbox: Sandbox, mirrored: Mirrored) -> AsyncIterator[Scene]:
    """The small replica, and a mirror of its own that has held it once."""
    folder = tmp_path / "data"
    shutil.copytree(mirrored.folder, folder)
    replica = small_replica()
    async with replica.running(mirrored.host, mirrored.listen) as url:
        yield Scene(replica, Node(folder, url, sandbox), mirrored.before)


def _own_address() -> str:
    """Return a loopback address of this process alone: its TCP ports are free for ever."""
    high, middle, low = os.getpid().to_bytes(3, "big")
    return f"127.{1 + high}.{middle}.{low}"
