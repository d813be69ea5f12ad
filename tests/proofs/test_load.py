"""Crowds that ask for what upstream does not have cost upstream next to nothing (P5).

A name that upstream does not list is never asked for; one that it lists and answers with 404
is asked for once in each period of `upstream.remember_failures`, however many ask here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.cache.node import OFFERED, caching, two_releases
from tests.proofs.test_on_demand import MOST_KB, POLICY, peak_kb, pids_of, shown
from tests.replica import Misbehaviour
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proofs.program import Program
    from tests.web.client import Client

pytestmark = pytest.mark.programs

LINES: Final = 50
REQUESTS: Final = 10_000
PERIODS: Final = 4
UNLISTED: Final = "RPI_PICO-20260406-v1.99.0.uf2"
PERIOD: Final = "MPMIRROR_UPSTREAM__REMEMBER_FAILURES"


async def test_ten_thousand_requests_for_a_404_are_one_for_each_period(tmp_path: Path) -> None:
    """The clock is put forward by just more than the period that failures are remembered."""
    replica = two_releases()
    statuses: Counter[int] = Counter()
    async with caching(tmp_path, replica) as mirror:
        replica.misbehave(OFFERED, Misbehaviour.MISSING, None)
        for _ in range(PERIODS):
            statuses += await crowd(mirror.client, OFFERED, REQUESTS // PERIODS)
            mirror.clock[0] += 61

    assert statuses == {502: REQUESTS}
    assert (replica.count(OFFERED), len(replica.requests)) == (PERIODS, PERIODS)


async def test_a_daemon_under_twenty_thousand_such_requests_asks_upstream_once(
    program: Program, tell: Callable[[str], None]
) -> None:
    """Half of them for a name that nobody lists; and it does not grow."""
    replica = two_releases()
    async with replica.running() as url:
        mirror = replace(program, upstream=url, settings=POLICY | {PERIOD: "1d"})
        assert (await mirror.run("sync")).status == 0
        async with mirror.serving() as daemon:
            await until(lambda: daemon.client.is_answered("/readyz"))
            replica.requests.clear()
            replica.misbehave(OFFERED, Misbehaviour.MISSING, None)
            unlisted = await crowd(daemon.client, UNLISTED, REQUESTS)
            asked = [request.path for request in replica.requests]
            listed = await crowd(daemon.client, OFFERED, REQUESTS)
            peaks = [peak_kb(pid) for pid in pids_of(daemon.process.pid)]
    tell(f"{REQUESTS} requests for a 404 and for an unlisted name each: {shown(peaks)}")

    assert (unlisted, listed) == ({404: REQUESTS}, {502: REQUESTS})
    assert (asked, replica.count(OFFERED)) == ([], 1)
    assert max(peaks) < MOST_KB


async def crowd(client: Client, name: str, requests: int) -> Counter[int]:
    """Ask for the file *name* so often, over `LINES` connections; count the answers."""
    shares = await asyncio.gather(*(line(client, name, requests // LINES) for _ in range(LINES)))
    return sum(shares, Counter())


async def line(client: Client, name: str, requests: int) -> Counter[int]:
    """Ask for the file *name* so often, over one connection."""
    statuses: Counter[int] = Counter()
    async with client.connected() as connection:
        for _ in range(requests):
            await connection.ask(f"/v1/files/{name}")
            statuses[(await connection.answer()).status] += 1
    return statuses
