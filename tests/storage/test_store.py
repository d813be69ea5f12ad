"""The data folder of one mirror, whole."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, DiskFullError, ForeignDataError, LockedError, StorageError
from mirror.storage.quarantine import Bounds
from mirror.storage.space import KeepFree
from mirror.storage.store import USUAL_TERMS, Store, Terms, forget_index
from tests.storage.disks import EIO, FailingDisk, LazyDisk, every_operation
from tests.storage.samples import NO_LIMIT, names, noon, open_folder, sighting, zeros

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.node import Node


async def visit(folder: Path) -> tuple[Node, tuple[str, ...]]:
    """Open and close a store; return the ids of its node, and what was mended."""
    async with Store.open(folder, clock=noon, terms=NO_LIMIT) as store:
        return store.node, store.remarks


def times_below(folder: Path) -> dict[Path, int]:
    """Return when each file and folder below was changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def folders_below(folder: Path) -> list[Path]:
    """Return a folder and all below it."""
    return [folder, *(path for path in folder.rglob("*") if path.is_dir())]


async def publish(folder: Path) -> None:
    """Open a store, publish something, and close it."""
    async with Store.open(folder, clock=noon, terms=NO_LIMIT) as store:
        await store.publications.publish(1, await store.blobs.put(b"root"))


async def test_a_new_folder_becomes_a_store(tmp_path: Path) -> None:
    """With all its folders, also when the ones above are missing."""
    await visit(tmp_path / "a" / "data")

    assert names(tmp_path / "a" / "data") == [
        "FORMAT",
        "blobs",
        "channels",
        "incoming",
        "ledger",
        "lock",
        "mpmirror.db",
        "node.json",
        "pending",
        "pins",
        "proposals",
        "publications",
        "quarantine",
        "signatures",
    ]


async def test_a_folder_whose_first_file_was_not_finished_becomes_a_store(tmp_path: Path) -> None:
    """A power cut at the very beginning left a temporary and nothing else."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".FORMAT.0.new").write_bytes(b"")
    await visit(tmp_path / "data")

    assert ".FORMAT.0.new" not in names(tmp_path / "data")


async def test_the_ids_of_a_node_stay(tmp_path: Path) -> None:
    """Made once, by chance, and kept."""
    first, _ = await visit(tmp_path / "one")
    again, _ = await visit(tmp_path / "one")
    other, _ = await visit(tmp_path / "two")

    assert (first == again, first == other, len({first.lineage, first.node_id})) == (True, False, 2)


async def test_chance_is_an_argument(tmp_path: Path) -> None:
    """A test can know the ids before."""
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT, random=zeros) as store:
        assert store.node.lineage == "00" * 16


async def test_a_store_with_publications_never_gets_a_new_lineage(tmp_path: Path) -> None:
    """Readers would take old sequences for new ones."""
    await publish(tmp_path)
    (tmp_path / "node.json").unlink()
    with pytest.raises(DamagedError, match=r"has publications but no node\.json"):
        await visit(tmp_path)


async def test_a_store_has_one_writer(store: Store, tmp_path: Path) -> None:
    """The second is told who was first, and disturbs nothing."""
    with pytest.raises(LockedError, match=f"holds the data folder {tmp_path}"):
        await visit(tmp_path / "data")
    with pytest.raises(LockedError):
        await forget_index(tmp_path / "data")

    assert await store.blobs.put(b"still works") == Digest.of(b"still works")


async def test_a_closed_store_leaves_neither_lock_nor_thread(tmp_path: Path) -> None:
    """Also after an error inside."""

    async def fail() -> None:
        async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT):
            raise StorageError("inside")

    with pytest.raises(StorageError, match="inside"):
        await fail()
    await visit(tmp_path)

    assert [t.name for t in threading.enumerate() if t.name.startswith("mpmirror")] == []


async def test_a_cancelled_opening_leaves_the_folder_free(tmp_path: Path) -> None:
    """Whenever it is cancelled."""
    for pause in (0, 0.001, 0.003, 0.01, 0.03):
        task = asyncio.create_task(visit(tmp_path))
        await asyncio.sleep(pause)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await visit(tmp_path)

    assert [t.name for t in threading.enumerate() if t.name.startswith("mpmirror")] == []


async def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    """Only a lock file, which is empty of meaning, is there afterwards."""
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ForeignDataError, match="name an empty folder"):
        await visit(tmp_path)

    assert names(tmp_path) == ["lock", "thesis.tex"]


async def test_what_was_never_opened_for_writing_is_not_read(tmp_path: Path) -> None:
    """An empty folder, and one that was only claimed."""
    with pytest.raises(ForeignDataError, match="no FORMAT"):
        await Store.open_for_reading(tmp_path)
    (tmp_path / "FORMAT").write_text("1\n")
    with pytest.raises(ForeignDataError, match="was never opened for writing"):
        await Store.open_for_reading(tmp_path)


async def test_reading_writes_nothing(tmp_path: Path) -> None:
    """Not a file, not a name, not even a time is another one afterwards."""
    await publish(tmp_path)
    before = times_below(tmp_path)
    reader = await Store.open_for_reading(tmp_path)
    await reader.blobs.check(Digest.of(b"root"))
    await reader.ledger.verify()
    await reader.publications.sequences()

    assert times_below(tmp_path) == before


async def test_opening_says_what_it_mended(tmp_path: Path) -> None:
    """Nothing after a clean end, one sentence for each thing after a crash."""
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        await store.publications.publish(1, await store.blobs.put(b"root 1"))
        second = await store.blobs.put(b"root 2")
    _, clean = await visit(tmp_path)
    (tmp_path / "ledger" / "000000001.jsonl").write_bytes(b'{"previous":')
    (tmp_path / "publications" / "2").write_text(f"{second}\n")
    _, crashed = await visit(tmp_path)

    assert (clean, [remark.split(" ")[0] for remark in crashed]) == ((), ["cut", "publication"])


async def test_opening_sweeps_every_folder(tmp_path: Path) -> None:
    """Temporaries of a killed process are gone, wherever it was writing."""
    await visit(tmp_path)
    stale = [folder / ".name.7.new" for folder in folders_below(tmp_path)]
    for path in stale:
        path.touch()
    await visit(tmp_path)

    assert [path for path in stale if path.exists()] == []
    assert len(stale) == 1 + 11 + 256


async def test_everything_that_is_put_keeps_the_disk_from_filling(tmp_path: Path) -> None:
    """Blobs and downloads ask first; ledger and pointers may use what is left."""
    full = Terms(KeepFree(least_bytes=1 << 60, share=0), Bounds())
    async with Store.open(tmp_path, clock=noon, terms=full) as store:
        with pytest.raises(DiskFullError, match=r"disk\.keep_free"):
            await store.blobs.put(b"bytes")
        with pytest.raises(DiskFullError, match=r"disk\.keep_free"):
            await store.demand(1)
        await store.ledger.append([sighting("a", b"a")])

        assert store.ledger.head.number == 1


def test_the_usual_terms_are_those_of_the_design() -> None:
    """The larger of 2 GB and a tenth stays free."""
    assert USUAL_TERMS.keep_free == KeepFree(2 * 10**9, 0.10)


async def test_whatever_operation_of_opening_fails_the_next_opening_succeeds(
    tmp_path: Path,
) -> None:
    """For the n-th operation of a first start, for many n; what was made is used again."""
    disk = FailingDisk()
    for n in every_operation(disk):
        # The 256 folders of the blobs are made one like the other: a few of them will do.
        if 20 < n < 260 and n % 40:
            disk.failed = True
            continue
        with disk.broken(n, EIO):
            open_folder(tmp_path / str(n), disk)
        open_folder(tmp_path / str(n), LazyDisk())

        assert (await Store.open_for_reading(tmp_path / str(n))).node.lineage == "00" * 16
        assert names(tmp_path / str(n) / "ledger") == ["000000001.jsonl"]
