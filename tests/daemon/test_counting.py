"""The status counts what is held, on demand, withdrawn, quarantined and missing, by port."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.catalog.plan import Policy
from mirror.catalog.second_look import SecondLook
from mirror.daemon.counted import Amount, Missing
from mirror.daemon.status import remember_outcome, status_of
from mirror.daemon.status_document import Moment
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request
from mirror.storage.judgements import What
from mirror.sync.census import find_census
from mirror.sync.outcome import Phase
from tests.cache.node import caching
from tests.catalog.pins import pin_of
from tests.replica import Misbehaviour, Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.daemon.status_document import Status
    from tests.sync.node import TestNode

NEW = "RPI_PICO-20260406-v1.28.0.uf2"
OLD = "RPI_PICO-20251209-v1.27.0.uf2"
SAMD = "ADAFRUIT_ITSYBITSY_M0_EXPRESS-20260406-v1.28.0.uf2"
ONE_RELEASE = Policy(releases=1)


def site() -> Replica:
    """Return a site with two ports: three files, of which one is not the newest."""
    replica = Replica.of("RPI_PICO", "ADAFRUIT_ITSYBITSY_M0_EXPRESS")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.release("ADAFRUIT_ITSYBITSY_M0_EXPRESS", "v1.28.0", date="2026-04-06")
    return replica


async def run(node: TestNode, folder: Path) -> Status:
    """Run as the daemon does, and look."""
    outcome = await node.sync(policy=ONE_RELEASE)
    await remember_outcome(node.store, outcome, node.now)
    return await look(node, folder)


async def look(node: TestNode, folder: Path) -> Status:
    return await status_of(node.store, folder, node.url, Moment(now=node.now), offline=False)


async def test_each_port_says_what_is_held_and_what_is_on_demand(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        status = await run(node, tmp_path)
        sizes = {holding.name: holding.size async for holding in node.store.index.held()}
        rp2, samd = status.ports

    assert (samd.port, samd.held, samd.on_demand) == ("samd", Amount(1, sizes[SAMD]), 0)
    assert (rp2.port, rp2.held, rp2.on_demand, rp2.missing) == ("rp2", Amount(1, sizes[NEW]), 1, 0)
    assert status.total is not None
    assert status.total.held == Amount(2, sizes[SAMD] + sizes[NEW])


async def test_what_was_fetched_on_demand_is_counted_at_once_and_apart(tmp_path: Path) -> None:
    async with caching(tmp_path, site(), policy=ONE_RELEASE) as one:
        size = (await one.cache.fetch(OLD)).size
        rp2, _ = (await look(one.node, tmp_path)).ports

    assert (rp2.held.artifacts, rp2.on_demand, rp2.cached) == (1, 1, Amount(1, size))


async def test_what_is_missing_is_a_number_and_a_list_with_reasons(tmp_path: Path) -> None:
    replica = site()
    replica.misbehave(NEW, Misbehaviour.ZEROS, None)
    replica.misbehave(SAMD, Misbehaviour.RESET, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        status = await run(node, tmp_path)
        found = status.completeness

    assert found is not None
    assert (found.wanted, found.held, found.missing, found.share) == (2, 0, 2, 0.0)
    assert [one.name for one in found.names] == [SAMD, NEW]
    assert found.names[1].why.startswith("refused: ")
    assert [(port.missing, port.quarantined.artifacts) for port in status.ports] == [(1, 1), (1, 0)]
    assert (status.complete, status.exit_status) == (False, 4)


async def test_what_is_lost_after_a_complete_run_is_missing_at_once(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        before = await run(node, tmp_path)
        await node.store.index.mark_missing([(await node.files())[NEW].digest])
        after = await look(node, tmp_path)

    assert (before.complete, after.complete, after.exit_status) == (True, False, 4)
    assert after.completeness is not None
    assert after.completeness.names == (
        Missing(NEW, "it was held, and its bytes are damaged or gone: it is fetched again"),
    )


async def test_what_awaits_a_second_look_is_not_complete_and_not_missing(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        twice = SecondLook(after=timedelta(days=1))
        outcome = await node.sync(policy=ONE_RELEASE, second_look=twice)
        await remember_outcome(node.store, outcome, node.now)
        found = (await look(node, tmp_path)).completeness

    assert found is not None
    assert (found.held, found.awaiting, found.missing, found.share) == (0, 2, 0, 0.0)
    assert found.names[0] == Missing(SAMD, "it awaits a second look")


async def test_what_somebody_acknowledged_counts_as_dealt_with(tmp_path: Path) -> None:
    replica = site()
    replica.misbehave(NEW, Misbehaviour.ZEROS, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        [alarm] = (await run(node, tmp_path)).alarms
        court = Judge(store=node.store, upstream=node.url, clock=lambda: node.now)
        await court.acknowledge(Request(What.ACKNOWLEDGE, alarm.id, "no need", "operator"), NEW)
        status = await look(node, tmp_path)

    assert status.completeness is not None
    assert (status.completeness.share, status.completeness.dealt_with) == (1.0, 1)
    assert (status.complete, status.exit_status) == (True, 0)
    assert sum(port.missing for port in status.ports) == 0


async def test_a_pin_whose_bytes_are_recalled_is_dealt_with(tmp_path: Path) -> None:
    """Neither the status nor a run stays red for it; the pin is still there."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.store.pins.put(pin_of(OLD))
        await run(node, tmp_path)
        digest = (await node.files())[OLD].digest
        court = Judge(store=node.store, upstream=node.url, clock=lambda: node.now)
        await court.apply(Request(What.RECALL, str(digest), "it bricks boards", "operator"))
        at_once = await look(node, tmp_path)
        status = await run(node, tmp_path)

    assert at_once.pinned is not None
    assert (at_once.complete, at_once.pinned.missing) == (True, ())
    assert (status.complete, status.exit_status, status.recalled) == (True, 0, 1)
    assert status.completeness is not None
    assert (status.completeness.wanted, status.completeness.held) == (2, 2)


async def test_what_is_withdrawn_is_counted_with_its_bytes(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await run(node, tmp_path)
        size = (await node.files())[NEW].size
        replica.withdraw(NEW)
        await run(node, tmp_path)
        node.sleep(days=1)
        status = await run(node, tmp_path)

    assert [port.withdrawn for port in status.ports] == [Amount(1, size), Amount()]


async def test_an_unchanged_run_writes_no_census(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await run(node, tmp_path)
        before = await find_census(node.store.index)
        await run(node, tmp_path)

        assert await find_census(node.store.index) == before


async def test_a_census_of_another_version_is_written_anew(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.store.index.set_mark("census", "of another version")
        unknown = await look(node, tmp_path)
        known = await run(node, tmp_path)

    assert unknown.completeness is None
    assert known.completeness is not None


async def test_a_first_run_that_is_under_way_says_what_is_missing(tmp_path: Path) -> None:
    """As soon as it has planned: it may take hours."""
    replica = site()
    replica.misbehave(NEW, Misbehaviour.TRICKLE, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        running = asyncio.create_task(node.sync(policy=ONE_RELEASE))
        await node.reaches(Phase.FETCH, 1)
        status = await look(node, tmp_path)
        running.cancel()
        await asyncio.wait({running})

    assert status.completeness is not None
    assert (status.completeness.wanted, status.completeness.held) == (2, 1)
    assert [port.port for port in status.ports] == ["rp2", "samd"]
