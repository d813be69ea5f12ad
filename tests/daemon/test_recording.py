"""How a node was over time is noted by the hour, goes on after a restart, and is bounded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.daemon.recording import Counted, Recorder
from mirror.daemon.totals import Totals
from mirror.publication.history import MOST_HOURS
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.history import find_history
from tests.replica import Replica
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mirror.storage.store import Store

HOUR = timedelta(hours=1)


class Day:
    """A clock, and what counts up, as a test says."""

    def __init__(self) -> None:
        self.now = MORNING
        self.counted = Counted()

    def clock(self) -> datetime:
        """Return the time."""
        return self.now

    def recorder(self, store: Store, folder: Path) -> Recorder:
        """Return one of a daemon that has just begun."""
        return Recorder(store, folder, lambda: self.counted, self.clock, Files(Disk()))


async def test_hours_and_runs_are_noted_and_a_restart_goes_on_with_them(tmp_path: Path) -> None:
    replica, day = Replica.of("RPI_PICO"), Day()
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        held = (await node.store.index.totals()).size
        recorder = day.recorder(node.store, tmp_path)
        day.counted = Counted(10, 1, 2)
        await recorder.note()
        day.counted = Counted(15, 1, 2)
        await recorder.note()
        day.counted = Counted(3, 0, 4)
        await day.recorder(node.store, tmp_path).note()
        day.now += HOUR
        await day.recorder(node.store, tmp_path).note()

    first, second = find_history(tmp_path).hours
    assert (first.requests, first.failed, first.upstream_errors) == (18, 1, 6)
    assert (second.requests, second.upstream_errors) == (3, 4)
    assert first.held_bytes == second.held_bytes == held > 0
    assert [run.outcome for run in find_history(tmp_path).runs] == ["published"]


async def test_two_weeks_are_kept_and_no_more(tmp_path: Path) -> None:
    day = Day()
    async with node_at(tmp_path / "data", "http://127.0.0.1:9") as node:
        recorder = day.recorder(node.store, tmp_path)
        for _ in range(3):
            day.now += MOST_HOURS // 2 * HOUR
            for _ in range(MOST_HOURS // 4):
                day.now += HOUR
                await recorder.note()

    hours = find_history(tmp_path).hours
    assert len(hours) == 3 * (MOST_HOURS // 4) < MOST_HOURS
    assert hours == tuple(sorted(hours, key=lambda one: one.at))


def test_what_was_answered_is_counted_by_whether_it_failed() -> None:
    totals = Totals()
    for status in (200, 304, 404, 500, 503):
        totals.answers.note("/", status, 0.01)

    assert Counted.of(totals, 7) == Counted(5, 2, 7)
