"""Files that are to be held at the same time go together, and each has its own fate."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, StorageError
from mirror.storage.keeping import Loads
from tests.storage.disks import EIO, every_operation
from tests.storage.samples import names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirror.storage.blob_store import BlobStore
    from mirror.storage.incoming import Incoming
    from mirror.storage.incoming_folder import IncomingFolder
    from tests.storage.disks import FailingDisk

URL = "https://micropython.test/"
MOST = 4


class Keeper:
    """Holds nothing, but says who came with whom; waits while *free* is not set."""

    def __init__(self) -> None:
        self.loads: list[int] = []
        self.free = threading.Event()

    def keep_each(self, incomings: Sequence[Incoming]) -> list[Digest | StorageError]:
        """Name each after its key; refuse those that are called bad."""
        self.loads.append(len(incomings))
        assert self.free.wait(10)
        return [
            StorageError(one.path.name)
            if "bad" in one.path.name
            else Digest.of(one.path.name.encode())
            for one in incomings
        ]


def part(incoming: IncomingFolder, key: str) -> Incoming:
    """Return a download that nobody began."""
    return incoming.open(key, URL + key)


async def test_who_comes_while_one_is_on_its_way_goes_with_the_next(
    incoming: IncomingFolder,
) -> None:
    """One alone waits for nobody, and a load has its limit."""
    keeper = Keeper()
    loads = Loads(keeper.keep_each, MOST)
    async with asyncio.TaskGroup() as tasks:
        kept = [tasks.create_task(loads.keep(part(incoming, "first")))]
        while not keeper.loads:  # noqa: ASYNC110 - a thread tells nothing
            await asyncio.sleep(0.001)
        kept += [tasks.create_task(loads.keep(part(incoming, f"f{n}"))) for n in range(6)]
        await asyncio.sleep(0)
        keeper.free.set()

    assert keeper.loads == [1, MOST, 2]
    assert [task.result() for task in kept] == [
        Digest.of(f"{name}.part".encode()) for name in ("first", *(f"f{n}" for n in range(6)))
    ]


async def test_one_that_is_not_held_stops_no_other(incoming: IncomingFolder) -> None:
    keeper = Keeper()
    keeper.free.set()
    loads = Loads(keeper.keep_each, MOST)
    outcomes = await asyncio.gather(
        *(loads.keep(part(incoming, key)) for key in ("a", "bad", "b")), return_exceptions=True
    )

    assert keeper.loads == [3]
    assert isinstance(outcomes[1], StorageError)
    assert [isinstance(outcome, Digest) for outcome in outcomes] == [True, False, True]


async def test_who_is_cancelled_waits_for_the_end_and_takes_nobody_along(
    incoming: IncomingFolder,
) -> None:
    keeper = Keeper()
    loads = Loads(keeper.keep_each, MOST)
    first, second = (asyncio.create_task(loads.keep(part(incoming, key))) for key in ("a", "b"))
    while not keeper.loads:  # noqa: ASYNC110 - a thread tells nothing
        await asyncio.sleep(0.001)
    first.cancel()
    await asyncio.sleep(0.01)

    assert not first.done()
    keeper.free.set()
    assert await second == Digest.of(b"b.part")
    with pytest.raises(asyncio.CancelledError):
        await first


async def received(incoming: IncomingFolder, key: str, data: bytes) -> Incoming:
    """Receive *data* to its end."""
    download = part(incoming, key)
    await download.write(data)
    await download.finish()
    return download


async def test_bytes_that_changed_on_the_disk_stop_only_their_own_file(
    blobs: BlobStore, incoming: IncomingFolder, incoming_folder: Path
) -> None:
    downloads = [await received(incoming, key, key.encode()) for key in ("one", "two", "three")]
    downloads[1].path.write_bytes(b"TWO")
    outcomes = await asyncio.gather(
        *(blobs.keep(download) for download in downloads), return_exceptions=True
    )

    assert outcomes[::2] == [Digest.of(b"one"), Digest.of(b"three")]
    assert isinstance(outcomes[1], DamagedError)
    assert [await blobs.has(Digest.of(key)) for key in (b"one", b"two", b"three")] == [
        True,
        False,
        True,
    ]
    assert names(incoming_folder) == []


async def test_the_same_bytes_twice_at_once_are_one_blob(
    blobs: BlobStore, incoming: IncomingFolder, incoming_folder: Path
) -> None:
    downloads = [await received(incoming, key, b"same") for key in ("one", "two")]
    kept = await asyncio.gather(*(blobs.keep(download) for download in downloads))

    assert kept == [Digest.of(b"same")] * 2
    assert await blobs.read(kept[0], max_bytes=10) == b"same"
    assert names(incoming_folder) == []


async def test_whatever_operation_fails_each_of_two_is_held_or_told_why(
    blobs: BlobStore, incoming: IncomingFolder, incoming_folder: Path, failing: FailingDisk
) -> None:
    """For the n-th operation, for every n: what was reported held is there."""
    n, held = 0, [False]
    for n in every_operation(failing):
        datas = [f"{key} {n}".encode() for key in ("one", "two")]
        downloads = [await received(incoming, f"{n}-{data[:3]!s}", data) for data in datas]
        with failing.broken(n, EIO):
            outcomes = await asyncio.gather(
                *(blobs.keep(download) for download in downloads), return_exceptions=True
            )
        held = [await blobs.has(Digest.of(data)) for data in datas]

        for data, outcome, is_held in zip(datas, outcomes, held, strict=True):
            assert outcome == Digest.of(data) or isinstance(outcome, StorageError)
            assert is_held or isinstance(outcome, StorageError)
    assert n > MOST
    assert held == [True, True]
    assert names(incoming_folder) == []
