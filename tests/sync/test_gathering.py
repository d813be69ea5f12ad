"""Many share one append, and nobody waits for who can not come."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.ledger import Ledger
from mirror.sync.gathering import Gathering
from tests.storage.samples import decision

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.storage.entries import Recorded

# Seconds; nobody who waits so long is back in time.
TOO_LONG = 15.0


@asynccontextmanager
async def gathered(folder: Path) -> AsyncIterator[tuple[Gathering, list[int]]]:
    """Give a gathering, and how many entries each append had so far; it lasts ten seconds."""
    ledger = Ledger(folder, Files(Disk()))
    ledger.recover()
    appends: list[int] = []

    async def note(recorded: list[Recorded]) -> None:
        appends.append(len(recorded))

    ledger.followed_by(note)
    async with asyncio.timeout(10):
        yield Gathering(ledger, TOO_LONG), appends


async def come(gathering: Gathering, after: asyncio.Event | None = None) -> None:
    """Come to the ledger, once *after* has happened."""
    with gathering.on_the_way():
        await (after.wait() if after is not None else asyncio.sleep(0))
        await gathering.append(decision("a"))


async def test_all_who_are_on_the_way_share_one_append(tmp_path: Path) -> None:
    """The last of them, for whom the others waited, waits for nobody."""
    async with gathered(tmp_path) as (gathering, appends):
        later = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, later.set)
        await asyncio.gather(come(gathering), come(gathering, later), come(gathering, later))

    assert appends == [3]


async def test_who_fails_on_the_way_is_not_waited_for(tmp_path: Path) -> None:
    async def fail() -> None:
        with gathering.on_the_way():
            await asyncio.sleep(0.05)

    async with gathered(tmp_path) as (gathering, appends):
        await asyncio.gather(come(gathering), fail())

    assert appends == [1]


async def test_who_waits_for_one_at_the_ledger_is_not_waited_for(tmp_path: Path) -> None:
    """Each would wait for the other: two files of one build are written down in turns."""
    turn = asyncio.Lock()

    async def in_turn() -> None:
        with gathering.on_the_way():
            with gathering.held_up():
                await turn.acquire()
            try:
                await gathering.append(decision("a"))
            finally:
                turn.release()

    async with gathered(tmp_path) as (gathering, appends):
        await asyncio.gather(in_turn(), in_turn())

    assert appends == [1, 1]


async def test_who_comes_alone_waits_for_nobody(tmp_path: Path) -> None:
    async with gathered(tmp_path) as (gathering, appends):
        await come(gathering)

    assert appends == [1]
