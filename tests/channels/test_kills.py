"""A promotion that is killed anywhere has happened or not, and the next one goes on."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.storage.channels import find_published
from mirror.storage.entries import Decision
from mirror.storage.store import StoreReader
from tests.replica import Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
LAB = "lab-stable"


async def promoting(place: Path, source: int) -> Process:
    """Begin `mpmirror channel promote` with all of its own in *place*."""
    environment = {
        **os.environ,
        "MPMIRROR_OFFLINE": "true",
        "MPMIRROR_DISK__KEEP_FREE": "1kB",
        "MPMIRROR_DATA_DIR": str(place / "data"),
        "MPMIRROR_KEYS_DIR": str(place / "keys"),
    }
    words = ("channel", "promote", LAB, str(source), "--why", "tried")
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mirror", *words),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def whole(place: Path, source: int) -> float:
    """Promote without disturbance; return how many seconds that took."""
    begun = time.monotonic()
    process = await promoting(place, source)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return time.monotonic() - begun


async def sequence_of(place: Path) -> int:
    """Return how often the channel was moved: to a root that is whole, and in the ledger."""
    store = await StoreReader.open_for_reading(place / "data")
    shown = await find_published(store, LAB)
    if shown is None:
        return 0
    entries = [one.entry async for one in store.ledger.entries()]
    decided = {one.digest for one in entries if isinstance(one, Decision)}
    assert shown.digest in decided
    return shown.root.sequence


async def kill_often(tmp_path: Path, times: int) -> int:
    """Kill so many promotions, each at another moment; return how many were killed."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
    took = await whole(tmp_path, 1)
    chance, killed, before = random.Random(1), 0, 1  # noqa: S311 - a sample
    for number in range(times):
        process = await promoting(tmp_path, 1)
        # The first half of a run only loads what it needs.
        await asyncio.sleep(took * (0.4 + 0.6 * (number + chance.random()) / times))
        if process.returncode is None:
            process.kill()
            killed += 1
        await process.communicate()
        now = await sequence_of(tmp_path)
        assert now in (before, before + 1)
        before = now
    await whole(tmp_path, 1)

    # What was written down before the kill is ended first.
    assert await sequence_of(tmp_path) in (before + 1, before + 2)
    return killed


async def test_a_killed_promotion_has_happened_or_not(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """At one moment; the long one kills it at a hundred."""
    tell(f"promotions killed: {await kill_often(tmp_path, 1)} of 1")


@pytest.mark.long
async def test_a_promotion_may_be_killed_anywhere(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """At a hundred moments."""
    tell(f"promotions killed: {await kill_often(tmp_path, 100)} of 100")
