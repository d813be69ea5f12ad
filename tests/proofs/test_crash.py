"""Killed at any moment, the mirror is whole at the next start, and ends where it would have."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mirror.daemon.parts import now
from mirror.storage.store import Store
from mirror.upkeep.check import check
from tests.proofs.program import Program, send
from tests.proofs.remains import damaged, holdings, missing, taken_in
from tests.proofs.waiting import until
from tests.replica import Depth, Misbehaviour, Replica
from tests.replica.ways import Trickling

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

SEED: Final = "MPMIRROR_TEST_SEED"
VERSIONS: Final = ("v1.29.0", "v1.27.0", "v1.26.1", "v1.26.0")
EVERYTHING: Final = {"MPMIRROR_POLICY__RELEASES": "all"}


@pytest.fixture
def chance() -> random.Random:
    """Chance with a seed of its own, which is printed; the environment can say another."""
    seed = int(os.environ.get(SEED) or secrets.randbelow(1_000_000))
    sys.stdout.write(f"{SEED}={seed}\n")
    return random.Random(seed)  # noqa: S311 - moments, no secrets


async def test_killed_at_four_moments(program: Program, chance: random.Random) -> None:
    """No blob is damaged, no publication lacks one, and it comes to the same holdings."""
    await prove_a_round(program, chance, VERSIONS[:2])


@pytest.mark.long
async def test_killed_at_104_moments(program: Program, chance: random.Random) -> None:
    """The same, thirteen times from an empty folder on."""
    for number in range(13):
        place = program.place / str(number)
        place.mkdir()
        await prove_a_round(replace(program, place=place), chance, VERSIONS)


async def prove_a_round(program: Program, chance: random.Random, versions: Sequence[str]) -> None:
    """For each of *versions* kill two syncs one after the other, then sync to the end."""
    replica = Replica.of_boards(4, depth=Depth(releases=1, previews=0))
    async with replica.running() as url:
        killed = Syncs(replace(program, upstream=url, settings=EVERYTHING))
        whole = Syncs(replace(killed.program, place=program.place / "whole"))
        whole.program.place.mkdir()
        length = await whole.run()
        for version in versions:
            replica.release_everywhere(version)
            for _ in range(2):
                await killed.run(killed_after=chance.uniform(0, length))
                await prove_sound(killed.program.data)
            await killed.run()
        await whole.run()

    assert holdings(killed.program.data) == holdings(whole.program.data)
    assert holdings(whole.program.data).keys() == set(filter(is_flashable, replica.names()))
    assert sorted(killed.program.data.glob("blobs/sha256/*/.*")) == []
    assert sorted(killed.program.data.glob("incoming/*")) == []


async def prove_sound(data: Path) -> None:
    """Look at what a killed process left, as it is and as the next start finds it."""
    assert damaged(data) == []
    assert missing(data) == []
    copy = data.with_name("copy")
    await asyncio.to_thread(shutil.copytree, data, copy)
    async with Store.open(copy, clock=now) as store:
        report = await check(store, lambda _done, _total: None)
    await asyncio.to_thread(shutil.rmtree, copy)
    assert report.damages == ()
    assert damaged(data) == []


@dataclass(frozen=True, slots=True)
class Syncs:
    """Syncs of *program*, some of which are killed."""

    program: Program

    async def run(self, *, killed_after: float | None = None) -> float:
        """Sync, for at most that many seconds of work; return how many it worked."""
        process = await self.program.start("sync")
        await self._at_work(process)
        clock = asyncio.get_running_loop().time
        begun = clock()
        with suppress(TimeoutError):
            async with asyncio.timeout(killed_after):
                await process.wait()
        send(process, signal.SIGKILL)
        _, written = await process.communicate()
        ends = {0} if killed_after is None else {0, -signal.SIGKILL}
        assert process.returncode in ends, written.decode()
        return clock() - begun

    async def _at_work(self, process: Process) -> None:
        """Wait until *process* has the lock of its data; before that it has touched nothing."""
        lock = self.program.data / "lock"

        def locked() -> bool:
            ours = lock.exists() and lock.read_text() == f"{process.pid}\n"
            return ours or process.returncode is not None

        await until(locked, every=0.002)


@pytest.mark.programs
async def test_sigterm_in_a_sync_loses_nothing_and_the_next_start_continues(
    program: Program,
) -> None:
    """It ends within five seconds, though a file trickles; what came is not asked for again."""
    replica = Replica.of_boards(4, depth=Depth(releases=1, previews=0))
    names = [name for name in replica.names() if is_flashable(name)]
    replica.misbehave(names[0], Trickling(size=1, seconds=0.1), 1)
    async with replica.running() as url:
        program = replace(program, upstream=url)
        async with program.serving() as daemon:
            await until(lambda: len(taken_in(program.data)) == len(names) - 1)
            begun = asyncio.get_running_loop().time()
            status = await daemon.stop()
            took = asyncio.get_running_loop().time() - begun
        held = taken_in(program.data)
        replica.requests.clear()
        async with program.serving() as daemon:
            await daemon.says("sync ends")
        paths = [request.path for request in replica.requests]

    assert status == 0
    assert took < 5
    assert held == set(names[1:])
    assert paths == [f"/resources/firmware/{names[0]}"]
    assert replica.requests[0].headers["Range"].startswith("bytes=")
    assert holdings(program.data).keys() == set(names)


@pytest.mark.programs
async def test_a_killed_daemon_leaves_no_process_and_starts_again(program: Program) -> None:
    """Those who read for it end too, and the socket it left is in nobody's way."""
    replica = Replica.of_boards(1, depth=Depth(releases=1, previews=0))
    [name] = replica.names()
    replica.misbehave(name, Misbehaviour.HANG_IN_BODY, 1)
    async with replica.running() as url:
        program = replace(program, upstream=url)
        async with program.serving() as daemon:
            await until(lambda: replica.count(name) == 1)
            children = psutil.Process(daemon.process.pid).children(recursive=True)
            killed = await daemon.stop(signal.SIGKILL)
        await until(lambda: not any(child.is_running() for child in children))
        async with program.serving() as daemon:
            await daemon.synced()
            stopped = await daemon.stop()

    assert children != []
    assert (killed, stopped) == (-signal.SIGKILL, 0)
    assert holdings(program.data).keys() == {name}


def is_flashable(name: str) -> bool:
    """Whether the usual policy wants the file *name*."""
    return not name.endswith((".elf", ".map", ".meta.zip"))
