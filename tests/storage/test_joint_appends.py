"""Several who append to the ledger at once: one append, and each hears of its own entries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirror.errors import StorageError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from tests.storage.disks import EIO, FailingDisk
from tests.storage.test_ledger import decisions, folder, opened, subjects

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.entries import Recorded
    from mirror.storage.ledger import Ledger

__all__ = ["folder"]


class CountingDisk(Disk):
    """A disk that counts for how many files it was waited for."""

    def __init__(self) -> None:
        self.synced = 0

    def sync(self, descriptor: int) -> None:
        """Count."""
        self.synced += 1
        super().sync(descriptor)


async def append_together(ledger: Ledger, subjects: str) -> list[list[Recorded]]:
    """Append one entry for each of *subjects*, all at the same time."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(ledger.append(decisions(subject))) for subject in subjects]
    return [task.result() for task in running]


async def test_those_who_come_meanwhile_are_one_append(folder: Path) -> None:
    """The disk is waited for once for all of them, and the chain holds."""
    disk = CountingDisk()
    ledger = opened(folder, Files(disk))
    before = disk.synced
    await append_together(ledger, "abcdefgh")

    assert disk.synced - before == 1
    assert (await ledger.verify()).number == 8


async def test_each_of_several_hears_where_its_own_entries_stand(folder: Path) -> None:
    """Whoever else was written with them."""
    told = await append_together(opened(folder), "abcd")

    assert [[record.entry for record in records] for records in told] == [
        decisions(subject) for subject in "abcd"
    ]
    assert [records[0].position.number for records in told] == [1, 2, 3, 4]


async def test_several_appends_at_once_all_stand_or_none(folder: Path) -> None:
    """An append that fails fails for everybody who is in it."""
    disk = FailingDisk()
    ledger = opened(folder, Files(disk))
    with disk.broken(2, EIO):
        results = await asyncio.gather(
            *(ledger.append(decisions(subject)) for subject in "abc"), return_exceptions=True
        )

    assert [type(result) for result in results] == [StorageError] * 3
    assert subjects(opened(folder)) == []


async def test_a_cancelled_append_disturbs_no_other(folder: Path) -> None:
    """It ends when what it is part of is written, and the others hear where they stand."""
    ledger = opened(folder)
    tasks = [asyncio.create_task(ledger.append(decisions(subject))) for subject in "abc"]
    await asyncio.sleep(0)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]

    assert ledger.head.number == 3
    assert [(await task)[0].position.number for task in tasks[1:]] == [2, 3]


async def test_who_has_patience_waits_for_company(folder: Path) -> None:
    """Those who come within that time are one append with it."""
    disk = CountingDisk()
    ledger = opened(folder, Files(disk))
    before = disk.synced
    first = asyncio.create_task(ledger.append(decisions("a"), patience=0.2))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(ledger.append(decisions("b"), patience=0.2))
    await asyncio.gather(first, second)

    assert disk.synced - before == 1


async def test_who_has_no_patience_takes_the_others_along(folder: Path) -> None:
    """Nobody waits for the time of others."""
    ledger = opened(folder)
    patient = asyncio.create_task(ledger.append(decisions("a"), patience=60))
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        [record] = await ledger.append(decisions("b"))
        await patient

    assert record.position.number == 2
