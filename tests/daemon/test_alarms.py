"""An alarm that somebody judged is dealt with: until its facts change, or its time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.daemon.judging import judge
from mirror.daemon.status import judged_outcome, remember_outcome, status_of
from mirror.daemon.status_document import Moment
from mirror.errors import ArtifactNotFoundError
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request
from mirror.storage.judgements import What
from mirror.sync.outcome import Ending, Outcome
from tests.replica import Misbehaviour, Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mirror.daemon.status_document import Status
    from tests.sync.node import TestNode

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
OLD = "RPI_PICO-20251209-v1.27.0.uf2"


def site() -> Replica:
    """Return a site with one file that is all zeros, and one that is not."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.misbehave(PICO, Misbehaviour.ZEROS, None)
    return replica


async def run(node: TestNode) -> Outcome:
    """Run as the daemon does: the outcome is remembered, and counts as it is judged."""
    outcome = await node.sync()
    await remember_outcome(node.store, outcome, node.now)
    return await judged_outcome(node.store, outcome, node.now)


async def look(node: TestNode, folder: Path) -> Status:
    """Return the status at this moment."""
    return await status_of(node.store, folder, node.url, Moment(now=node.now), offline=False)


async def acknowledge(
    node: TestNode, status: Status, alarm: str, until: datetime | None = None
) -> None:
    """Acknowledge the alarm with this id."""
    court = Judge(store=node.store, upstream=node.url, clock=lambda: node.now)
    request = Request(What.ACKNOWLEDGE, alarm, "we have no such boards", "operator", until=until)
    await judge(court, request, status)


async def test_a_refused_file_is_an_alarm_that_says_what_to_do(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await run(node)
        status = await look(node, tmp_path)
        [alarm] = status.open_alarms

        assert (status.complete, status.exit_status) == (False, 4)
        assert (alarm.alarm, alarm.name) == ("refused", PICO)
        assert "mpmirror quarantine show sha256:" in alarm.todo
        assert f"mpmirror acknowledge {alarm.id} " in alarm.todo


async def test_what_is_acknowledged_is_green_and_said(tmp_path: Path) -> None:
    """The status at once, and every run that finds the same facts."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await run(node)
        before = await look(node, tmp_path)
        await acknowledge(node, before, before.alarms[0].id)
        after = await look(node, tmp_path)
        outcome = await run(node)

        assert (after.complete, after.exit_status, after.open_alarms) == (True, 0, ())
        assert [alarm.acknowledged for alarm in after.alarms] == ["we have no such boards"]
        assert (outcome.exit_status, outcome.troubles) == (0, ())
        assert [one.subject for one in outcome.dealt_with] == [PICO]


async def test_other_facts_are_another_alarm(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await run(node)
        before = await look(node, tmp_path)
        await acknowledge(node, before, before.alarms[0].id)
        replica.behave()
        replica.misbehave(PICO, Misbehaviour.HTML_FOR_FIRMWARE, None)
        outcome = await run(node)
        after = await look(node, tmp_path)

        assert (outcome.exit_status, after.exit_status) == (4, 4)
        assert [alarm.name for alarm in after.open_alarms] == [PICO]
        assert after.open_alarms[0].id != before.alarms[0].id


async def test_an_acknowledgement_ends_at_its_time(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await run(node)
        before = await look(node, tmp_path)
        until = node.now + timedelta(hours=1)
        await acknowledge(node, before, before.alarms[0].id, until)
        meanwhile = await look(node, tmp_path)
        node.sleep(hours=1)
        after = await look(node, tmp_path)

        assert [one.exit_status for one in (before, meanwhile, after)] == [4, 0, 4]


async def test_one_open_alarm_keeps_all_from_being_green(tmp_path: Path) -> None:
    replica = site()
    replica.misbehave(OLD, Misbehaviour.ZEROS, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await run(node)
        before = await look(node, tmp_path)
        await acknowledge(node, before, before.alarms[0].id)
        after = await look(node, tmp_path)

        assert (len(before.alarms), after.complete, after.exit_status) == (2, False, 4)
        assert [alarm.id for alarm in after.open_alarms] == [before.alarms[1].id]


async def test_an_upstream_that_stays_away_is_one_alarm_that_can_be_judged(tmp_path: Path) -> None:
    """However often it was tried: the status is green, for everything is held, until it is back."""
    replica = site()
    replica.behave()
    away = Outcome(Ending.FAILED, "failed 20 times, 30 s left", 3, cause="upstream-away")
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        await remember_outcome(node.store, away, node.now)
        never = await look(node, tmp_path)
        await acknowledge(node, never, never.alarms[0].id)
        without = await look(node, tmp_path)
    async with replica.running() as url, node_at(tmp_path / "other", url) as node:
        await run(node)
        await remember_outcome(node.store, away, node.now)
        before = await look(node, tmp_path)
        await acknowledge(node, before, before.alarms[0].id)
        later = replace(away, message="failed 21 times, 60 s left")
        await remember_outcome(node.store, later, node.now)
        after = await look(node, tmp_path)
        node.sleep(days=1)
        await run(node)
        await remember_outcome(node.store, later, node.now)
        again = await look(node, tmp_path)

    assert before.alarms[0].id == after.alarms[0].id != again.alarms[0].id
    assert f"mpmirror acknowledge {before.alarms[0].id} " in before.alarms[0].todo
    assert [one.exit_status for one in (before, after, again)] == [3, 0, 3]
    assert (after.complete, without.complete, without.exit_status) == (True, False, 3)


async def test_changed_bytes_turn_the_status_red_until_they_are_judged(tmp_path: Path) -> None:
    replica = site()
    replica.behave()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await run(node)
        await node.store.index.mark_missing([(await node.files())[PICO].digest])
        replica.change_bytes(PICO)
        await run(node)
        changed = await look(node, tmp_path)
        ids = {alarm.alarm: alarm.id for alarm in changed.open_alarms}
        [change] = await node.store.index.changes()

        assert changed.exit_status == 4
        assert f"mpmirror accept {PICO} {change.later} " in changed.alarms[-1].todo
        assert set(ids) == {"bytes-changed", "missing"}


async def test_only_an_alarm_that_is_there_can_be_acknowledged(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        status = await look(node, tmp_path)
        with pytest.raises(ArtifactNotFoundError, match="no alarm has the id"):
            await acknowledge(node, status, "0123456789")
