"""The history of runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.storage.database import Database
from mirror.storage.runs import Run, RunEnd, Runs
from tests.storage.samples import NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LATER = NOON + timedelta(minutes=7)


@pytest.fixture
async def runs(tmp_path: Path) -> AsyncIterator[Runs]:
    """Open an empty history."""
    async with Database(tmp_path / "mpmirror.db") as database:
        yield Runs(database)


async def test_a_run_that_goes_on_has_no_end(runs: Runs) -> None:
    """The same as one that was killed."""
    number = await runs.begin_run(NOON)

    assert await runs.last_runs(5) == [Run(number, NOON, None, None, {}, "")]


async def test_the_end_of_a_run_is_kept(runs: Runs) -> None:
    """Outcome, numbers and sentence."""
    number = await runs.begin_run(NOON)
    await runs.finish_run(number, RunEnd(LATER, "published", {"held": 7}, "all is held"))

    assert await runs.last_runs(5) == [
        Run(number, NOON, LATER, "published", {"held": 7}, "all is held")
    ]


async def test_the_newest_runs_come_first(runs: Runs) -> None:
    """As many as are asked for."""
    numbers = [await runs.begin_run(NOON + timedelta(hours=hour)) for hour in range(5)]

    assert [run.id for run in await runs.last_runs(3)] == numbers[:1:-1]


async def test_the_history_is_bounded(runs: Runs) -> None:
    """The newest thousand stay, and numbers go on rising."""
    numbers = [await runs.begin_run(NOON) for _ in range(1003)]

    assert [run.id for run in await runs.last_runs(5000)] == numbers[:2:-1]


async def test_a_mark_has_its_last_value(runs: Runs) -> None:
    """Unknown keys have none."""
    await runs.set_mark("key", "old")
    await runs.set_mark("key", "new")

    assert (await runs.find_mark("key"), await runs.find_mark("other")) == ("new", None)


async def test_no_mark_can_move_the_place_in_the_ledger(runs: Runs) -> None:
    """Marks are apart from what the index keeps for itself."""
    await runs.set_mark("ledger", "12 rubbish")

    assert await runs.find_mark("ledger") == "12 rubbish"
