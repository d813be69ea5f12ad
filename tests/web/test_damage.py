"""Damage that serving notices is told once, to whoever can heal it."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import LockedError
from mirror.publication.documents import decode_content, decode_publication
from mirror.web.app import Serving
from mirror.web.damage import DamageBell
from mirror.web.worker import WorkerSettings
from mirror.web.workers import workers
from tests.web.building import PICO, Builder, image
from tests.web.client import Client
from tests.web.conftest import NODE, served, status
from tests.web.operations import Operations, administered
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIGEST = Digest.of(image(PICO))
PATH = f"/v1/files/{PICO}"


def blob(data: Path) -> Path:
    return data / "blobs" / "sha256" / DIGEST.hex[:2] / DIGEST.hex


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:1000])


class Told:
    """Who is told of damage, and fails as often as a test wants."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.digests: asyncio.Queue[Digest] = asyncio.Queue()

    async def take(self, digest: Digest) -> None:
        """Be told."""
        self.digests.put_nowait(digest)
        if self.digests.qsize() <= self.failures:
            raise LockedError("the daemon does not answer")


@pytest.mark.parametrize("damage", [cut, lambda path: path.unlink()], ids=["cut", "gone"])
async def test_damage_is_answered_with_503_and_told_once(
    builder: Builder, data: Path, damage: Callable[[Path], None]
) -> None:
    """However many clients ask, and whether the bytes are wrong or not there at all."""
    told = Told()
    serving = Serving(node=NODE, status=status, damaged=told.take)
    async with served(builder.store, told=serving) as site:
        damage(blob(data))
        statuses = {(await site.client.get(PATH)).status for _ in range(5)}
        digest = await asyncio.wait_for(told.digests.get(), 5)

    assert (statuses, digest, told.digests.empty()) == ({503}, DIGEST, True)


async def test_a_page_that_is_missing_is_told_too(builder: Builder, data: Path) -> None:
    """What was rendered of a board lies in its layer, which no file's name leads to."""
    told = Told()
    root = await builder.store.publications.current()
    assert root is not None
    document = decode_publication(await builder.store.blobs.read(root, max_bytes=1 << 20))
    layer = document.layers["RPI_PICO_W"]
    serving = Serving(node=NODE, status=status, damaged=told.take)
    async with served(builder.store, told=serving) as site:
        (data / "blobs" / "sha256" / layer.hex[:2] / layer.hex).unlink()
        got = await site.client.get("/download/RPI_PICO_W/")
        digest = await asyncio.wait_for(told.digests.get(), 5)

    assert (got.status, digest) == (503, layer)


async def test_which_document_of_many_is_damaged_is_told(builder: Builder, data: Path) -> None:
    """A publication whose documents are read together can not be loaded; each is named."""
    told = Told()
    root = await builder.store.publications.current()
    assert root is not None
    publication = decode_publication(await builder.store.blobs.read(root, max_bytes=1 << 20))
    content = decode_content(await builder.store.blobs.read(publication.content, max_bytes=1 << 20))
    board = content.boards["RPI_PICO_W"]
    serving = Serving(node=NODE, status=status, damaged=told.take)
    cut(data / "blobs" / "sha256" / board.hex[:2] / board.hex)
    async with served(builder.store, told=serving) as site:
        got = await site.client.get("/v1/feed.json")
        digest = await asyncio.wait_for(told.digests.get(), 5)

    assert (got.status, digest) == (503, board)


async def test_a_file_that_is_only_not_kept_is_not_told(builder: Builder) -> None:
    told = Told()
    serving = Serving(node=NODE, status=status, damaged=told.take)
    async with served(builder.store, told=serving) as site:
        got = await site.client.get(f"/v1/blobs/sha256:{'0' * 64}")
        await asyncio.sleep(0.05)

    assert (got.status, told.digests.empty()) == (404, True)


@pytest.mark.programs
async def test_a_worker_tells_the_daemon(builder: Builder, data: Path, tmp_path: Path) -> None:
    settings = WorkerSettings(
        data=data, host="127.0.0.1", number=0, control=tmp_path / "s", grace=timedelta(days=3)
    )
    operations = Operations()
    assert await builder.store.blobs.has(DIGEST)
    async with administered(settings.control, operations), workers(1, settings) as number:
        client = Client(number)
        await until(lambda: client.is_answered("/readyz"))
        cut(blob(data))
        got = await client.get(PATH)
        digest = await asyncio.wait_for(operations.damages.get(), 5)

    assert (got.status, digest) == (503, DIGEST)


async def test_a_daemon_that_does_not_answer_ends_nothing() -> None:
    """What could not be told is told when it is noticed again; others are told meanwhile."""
    told = Told(failures=1)
    bell = DamageBell(told.take, again=0)
    answering = asyncio.create_task(bell.answer())
    bell.ring(DIGEST)
    async with asyncio.timeout(5):
        first = await told.digests.get()
        await asyncio.sleep(0.01)
        bell.ring(DIGEST)
        second = await told.digests.get()
    answering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await answering

    assert (first, second) == (DIGEST, DIGEST)


async def test_only_so_many_wait_to_be_told() -> None:
    """A disk that is all damage takes no memory, and asks nothing of the daemon at once."""
    told = Told()
    bell = DamageBell(told.take)
    for number in range(1000):
        bell.ring(Digest.of(number.to_bytes(2, "big")))
    answering = asyncio.create_task(bell.answer())
    await asyncio.sleep(0.1)
    answering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await answering

    assert told.digests.qsize() == 200
