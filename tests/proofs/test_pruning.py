"""The real mirror keeps within its bounds: on demand goes, what the policy holds never does.

Files are asked for of the daemon and of worker processes; the daemon alone decides what goes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from mirror.storage.disk import Disk
from mirror.storage.entries import Removal
from mirror.storage.layout import Layout
from mirror.storage.ledger_reader import LedgerReader
from tests.cache.node import HELD, site_of_twenty
from tests.proofs.test_on_demand import take
from tests.web.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proofs.program import Program

pytestmark = pytest.mark.programs

IMAGE_BYTES: Final = 100_000
SETTINGS: Final = {
    "MPMIRROR_POLICY__RELEASES": "1",
    "MPMIRROR_POLICY__PREVIEWS": "0",
    "MPMIRROR_DISK__HIGH_WATER": "550kB",
}


@pytest.mark.parametrize("workers", [2, pytest.param(0, marks=pytest.mark.long)])
async def test_twenty_files_on_demand_take_turns_in_the_room_of_four(
    program: Program, workers: int
) -> None:
    replica = site_of_twenty(IMAGE_BYTES)
    async with replica.running() as url:
        settings = {**SETTINGS, "MPMIRROR_WORKERS": str(workers)}
        mirror = replace(program, upstream=url, settings=settings)
        synced = await mirror.run("sync")
        assert synced.status == 0, synced
        names = [name for name in replica.names() if name != HELD]
        async with mirror.serving() as daemon:
            await until(lambda: daemon.client.is_answered("/readyz"))
            first = [(await take(daemon.client, name)).status for name in names]
            again = await take(daemon.client, names[0])
            held = await take(daemon.client, HELD)
            pruned = await mirror.run("prune", "--json")
        checked = await mirror.run("check")
        sizes = blob_sizes(mirror.data)
        removals = await removals_of(mirror.data)

    assert first == [200] * 20
    assert (again.status, held.status) == (200, 200)
    assert replica.count(names[0]) == 2
    assert (pruned.status, json.loads(pruned.out)["gone"]) == (0, [])
    assert checked.status == 0, checked
    assert sum(size for size in sizes if size > IMAGE_BYTES // 2) <= 550_000
    assert HELD not in {name for removal in removals for name in removal.names}
    assert len(removals) >= 16


async def test_a_policy_that_does_not_fit_stops_the_run_and_serving_goes_on(
    program: Program,
) -> None:
    replica = site_of_twenty(IMAGE_BYTES)
    async with replica.running() as url:
        settings = {**SETTINGS, "MPMIRROR_POLICY__RELEASES": "all"}
        mirror = replace(program, upstream=url, settings=settings)
        synced = await mirror.run("sync")
        async with mirror.serving() as daemon:
            await daemon.ready()
            sums = await daemon.client.get("/resources/firmware/SHA256SUMS")
            names = [line.split()[1].decode().lstrip("*") for line in sums.body.splitlines()]
            got = [(await daemon.client.get(f"/v1/files/{name}")).status for name in names]

    assert synced.status == 1
    assert "disk.high_water" in synced.written
    assert 1 <= len(names) <= 5
    assert got == [200] * len(names)


def blob_sizes(data: Path) -> list[int]:
    """Return the sizes of all blobs."""
    return [path.stat().st_size for path in Layout(data).blobs.rglob("*") if path.is_file()]


async def removals_of(data: Path) -> list[Removal]:
    """Return what the ledger says was let go."""
    ledger = LedgerReader(Layout(data).ledger, Disk())
    entries = [recorded.entry async for recorded in ledger.entries()]
    return [entry for entry in entries if isinstance(entry, Removal)]
