"""A promotion that is killed anywhere has happened or not, and the next one goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mirror.storage.channels import find_published
from mirror.storage.entries import Decision
from mirror.storage.store import StoreReader
from tests.killing import begun, ended, killed_after, moments
from tests.replica import Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable
    from pathlib import Path

LAB = "lab-stable"


async def promoting(place: Path, source: int) -> Process:
    """Begin `mpmirror channel promote` with all of its own in *place*."""
    return await begun(place, "channel", "promote", LAB, str(source), "--why", "tried")


async def whole(place: Path, source: int) -> float:
    """Promote without disturbance; return how many seconds that took."""
    began = time.monotonic()
    await ended(await promoting(place, source))
    return time.monotonic() - began


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
    killed, before = 0, 1
    for moment in moments(took, times):
        killed += await killed_after(await promoting(tmp_path, 1), moment)
        now = await sequence_of(tmp_path)
        assert now in (before, before + 1)
        before = now
    await whole(tmp_path, 1)

    # What was written down before the kill is ended first.
    assert await sequence_of(tmp_path) in (before + 1, before + 2)
    return killed


@pytest.mark.programs
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
