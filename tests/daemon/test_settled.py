"""A status goes by what is true now: what the last run missed and is held since is no trouble.

And what ended a run early is an alarm that says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.daemon.status import remember_outcome, status_of
from mirror.daemon.status_document import Moment
from tests.replica import Misbehaviour, Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.daemon.status_document import Status
    from tests.sync.node import TestNode

NEW = "RPI_PICO-20260406-v1.28.0.uf2"
OLD = "RPI_PICO-20251209-v1.27.0.uf2"


def site() -> Replica:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


async def look(node: TestNode, folder: Path, doubt: str | None = None) -> Status:
    moment = Moment(now=node.now, doubt=doubt)
    return await status_of(node.store, folder, node.url, moment, offline=False)


async def test_what_a_run_missed_and_came_later_makes_the_status_green(tmp_path: Path) -> None:
    """Here another run brings it, of which nobody remembers the outcome."""
    replica = site()
    replica.misbehave(OLD, Misbehaviour.REDIRECT_TO_OTHER_HOST, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await remember_outcome(node.store, await node.sync(), node.now)
        before = await look(node, tmp_path)
        census = await node.store.index.find_mark("census")
        replica.behave()
        await node.sync()
        await node.store.index.set_mark("census", census or "")
        after = await look(node, tmp_path)

    assert (before.exit_status, [one.name for one in before.alarms]) == (4, [OLD])
    assert (after.exit_status, after.alarms, after.complete) == (0, (), True)
    assert after.last_run is not None
    assert after.last_run.outcome.message == ("complete: what this run missed is held since (1)")


async def test_a_held_file_whose_bytes_changed_stays_a_trouble(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.change_bytes_quietly(NEW)
        node.sleep(days=2)
        await remember_outcome(node.store, await node.sync(refetch=20), node.now)
        status = await look(node, tmp_path)

    assert (status.complete, status.exit_status) == (False, 4)
    assert "bytes-changed" in [one.alarm for one in status.alarms]
    assert status.completeness is not None
    assert status.completeness.share == 1.0


async def test_an_upstream_that_is_away_is_an_alarm_with_an_advice(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        await remember_outcome(node.store, await node.sync(), node.now)
        status = await look(node, tmp_path)

    assert (status.exit_status, [one.alarm for one in status.alarms]) == (3, ["upstream-away"])
    assert "upstream.url" in status.alarms[0].todo


async def test_a_catalog_that_is_not_believed_is_an_alarm_that_names_the_command(
    tmp_path: Path,
) -> None:
    """What was counted before stays: a page that is not believed tells nothing."""
    replica = Replica.of_boards(4)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        wanted = (await node.sync()).wanted
        for name in [*replica.names(replica.boards[0]), *replica.names(replica.boards[1])]:
            replica.withdraw(name)
        await remember_outcome(node.store, await node.sync(), node.now)
        status = await look(node, tmp_path)

    assert [one.alarm for one in status.alarms] == ["catalog-shrunken"]
    assert "mpmirror sync --accept-shrunken" in status.alarms[0].todo
    assert status.completeness is not None
    assert (status.completeness.held, status.completeness.wanted) == (wanted, wanted)


async def test_a_doubtful_clock_is_one_alarm_whatever_it_shows(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await remember_outcome(node.store, await node.sync(), node.now)
        first = await look(node, tmp_path, "the clock says 1970")
        later = await look(node, tmp_path, "the clock says 1971")

    assert ([one.alarm for one in first.alarms], first.exit_status) == (["clock"], 4)
    assert first.alarms[0].id == later.alarms[0].id
