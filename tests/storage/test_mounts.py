"""A disk that is really full, and one that really can not be written; both need root to mount."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import DiskFullError, StorageError
from mirror.storage.quarantine import Bounds
from mirror.storage.space import KeepFree
from mirror.storage.store import Store, Terms
from tests.storage.samples import NO_LIMIT, files_below, noon, sighting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from mirror.storage.incoming import Received


def run(*command: str) -> bool:
    """Run a command; say whether it succeeded."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - our own words


@contextmanager
def mounted(target: Path, *arguments: str) -> Iterator[Path]:
    """Mount something on *target*, or skip the test where that is not allowed."""
    target.mkdir(exist_ok=True)
    if os.geteuid() != 0 or not run("mount", *arguments, str(target)):
        pytest.skip("mounting needs root")
    try:
        yield target
    finally:
        run("umount", str(target))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 4 MiB in memory."""
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as folder:
        yield folder


@pytest.fixture
async def read_only(tmp_path: Path) -> AsyncIterator[Path]:
    """Return a store with one publication, on a file system that can not be written."""
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await store.ledger.append([sighting("a", b"a")])
        await store.publications.publish(1, await store.blobs.put(b"root"))
    with mounted(tmp_path / "mounted", "--bind", str(tmp_path / "data")) as folder:
        assert run("mount", "-o", "remount,ro,bind", str(folder))
        yield folder


async def receive(store: Store, name: str, size: int) -> Received:
    """Download and keep *size* bytes."""
    async with store.incoming.open(name, f"https://micropython.test/{name}") as part:
        for _ in range(0, size, 50_000):
            await part.write(name[:1].encode() * 50_000)
        received = await part.finish()
        await store.blobs.keep(part)
        return received


async def test_a_full_disk_is_one_sentence_and_everything_before_is_whole(small: Path) -> None:
    """The download that does not fit fails; what was held is, and room makes it go on."""
    async with Store.open(small / "data", clock=noon, terms=NO_LIMIT) as store:
        first = await receive(store, "first.bin", 1_500_000)
        await store.ledger.append([sighting("first.bin", b"first")])
        with pytest.raises(
            DiskFullError, match=r"no space left on the disk when writing .*incoming"
        ):
            await receive(store, "second.bin", 3_000_000)

        await store.blobs.check(first.digest)
        assert (await store.ledger.verify()).number == 1
        async with store.incoming.open("second.bin", "https://micropython.test/second.bin") as part:
            await part.discard()
        assert (await receive(store, "third.bin", 500_000)).size == 500_000


async def test_a_full_disk_fails_every_small_write_without_a_trace(small: Path) -> None:
    """Ledger, documents and pointer: an error each, and each as before."""
    async with Store.open(small / "data", clock=noon, terms=NO_LIMIT) as store:
        await store.publications.publish(1, await store.blobs.put(b"root 1"))
        await store.ledger.append([sighting("a", b"a")])
        second = await store.blobs.put(b"root 2")
        fill_up(small / "ballast")
        before = [path.name for path in files_below(small / "data" / "blobs")]
        with pytest.raises(DiskFullError):
            await store.blobs.put(b"root 3")
        with pytest.raises(DiskFullError):
            await store.publications.publish(2, second)
        with pytest.raises(DiskFullError):
            await store.ledger.append([sighting(str(number), b"b") for number in range(40)])

        assert [path.name for path in files_below(small / "data" / "blobs")] == before
        assert await store.publications.sequences() == (1,)
        assert (await store.ledger.verify()).number == 1
        (small / "ballast").unlink()
        await store.publications.publish(2, second)
        assert await store.publications.current() == second


def fill_up(ballast: Path) -> None:
    """Leave not one page free."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


async def test_what_must_stay_free_stays_free_on_a_real_disk(small: Path) -> None:
    """A download stops before the disk is full, not when it is."""
    terms = Terms(KeepFree(least_bytes=2_000_000, share=0), Bounds())
    async with Store.open(small / "data", clock=noon, terms=terms) as store:
        with pytest.raises(DiskFullError, match="would leave less than 2 MB free"):
            await receive(store, "large.bin", 3_000_000)
    facts = os.statvfs(small)

    assert facts.f_bavail * facts.f_frsize > 1_900_000


async def test_a_read_only_folder_is_read(read_only: Path) -> None:
    """Serving goes on: blobs, publications, ledger."""
    reader = await Store.open_for_reading(read_only)

    assert await reader.publications.current() == Digest.of(b"root")
    assert await reader.blobs.read(Digest.of(b"root"), max_bytes=10) == b"root"
    assert (await reader.ledger.verify()).number == 1


async def test_a_read_only_folder_is_not_opened_for_writing(read_only: Path) -> None:
    """One sentence that says why."""
    with pytest.raises(StorageError, match="lock is on a read-only file system"):
        async with Store.open(read_only, clock=noon, terms=NO_LIMIT):
            pass


async def write(store: Store, part: str) -> None:
    """Write something into *part* of the store."""
    match part:
        case "blobs":
            await store.blobs.put(b"other")
        case "ledger":
            await store.ledger.append([sighting("a", b"a")])
        case _:
            await store.publications.publish(1, Digest.of(b"root"))


@pytest.mark.parametrize("part", ["blobs", "ledger", "publications"])
async def test_a_folder_that_becomes_read_only_says_so(
    store: Store, tmp_path: Path, part: str
) -> None:
    """A failing disk is often turned read-only by the kernel while a daemon runs."""
    digest = await store.blobs.put(b"root")
    folder = tmp_path / "data" / part
    with mounted(folder, "--bind", str(folder)):
        assert run("mount", "-o", "remount,ro,bind", str(folder))
        with pytest.raises(StorageError, match=f"{part}.* is on a read-only file system"):
            await write(store, part)
        await store.blobs.check(digest)
    await write(store, part)
