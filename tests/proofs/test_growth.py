"""Runs leave nothing behind in the process: no open file, no memory, no line of the ledger."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.proofs.conftest import small_replica
from tests.sync.node import TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.replica import Replica

RUNS: Final = 25
# Python, SQLite and the C library have taken what they keep by then.
BEFORE: Final = 10
MOST_BYTES: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Footprint:
    """What this process has: open files, memory in bytes; and the ledger's bytes."""

    files: int
    memory: int
    ledger: int


@pytest.mark.parametrize("times", [RUNS, pytest.param(10 * RUNS, marks=pytest.mark.long)])
async def test_runs_without_news_leave_nothing_behind(
    tmp_path: Path, tell: Callable[[str], None], times: int
) -> None:
    """Open files and ledger as before, memory within 5 MB, after fifty runs as after 500."""
    data = tmp_path / "data"
    replica = small_replica()
    async with replica.running() as url, node_at(data, url) as node:
        await run(node, replica, BEFORE)
        before = footprint(data)
        await run(node, replica, times)
        after = footprint(data)
    tell(f"{times} runs without news: {(after.memory - before.memory) / 1000:+.0f} kB of memory")

    assert (after.files, after.ledger) == (before.files, before.ledger)
    assert after.memory - before.memory < MOST_BYTES


async def run(node: TestNode, replica: Replica, times: int) -> None:
    """Sync so often, six hours apart; what the run reports and the replica hears is forgotten."""
    for _ in range(times):
        node.sleep(hours=6)
        outcome = await node.sync()
        replica.requests.clear()
        while not node.reported.empty():
            node.reported.get_nowait()
        assert outcome.exit_status == 0, outcome


def footprint(data: Path) -> Footprint:
    """Look at this process, rubbish taken away, and at the ledger of *data*."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    ledger = sum(path.stat().st_size for path in data.glob("ledger/*"))
    return Footprint(
        len(list(Path("/proc/self/fd").iterdir())), pages * os.sysconf("SC_PAGESIZE"), ledger
    )
