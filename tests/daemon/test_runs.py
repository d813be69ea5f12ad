"""One run at a time, however many ask; watchers see how it goes and how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirror.daemon.runs import Runs
from mirror.sync.outcome import Ending, Outcome, Phase, Progress
from tests.proofs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

DONE = Outcome(Ending.UNCHANGED, "complete", 0)
HALF = Progress(Phase.FETCH, 1, 2)


class SlowRun:
    """A run that waits to be let go, and counts how often it was begun."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = 0
        self.tidied = False

    async def __call__(self, report: Callable[[Progress], None]) -> Outcome:
        """Report half, wait, and say that all is done."""
        self.begun += 1
        report(HALF)
        try:
            await self.go_on.wait()
        finally:
            self.tidied = True
        return DONE


async def test_many_who_ask_at_once_share_one_run() -> None:
    run = SlowRun()
    runs = Runs(run)
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(runs.ask()) for _ in range(20)]
        await asyncio.sleep(0)
        run.go_on.set()

    assert [task.result() for task in asked] == [DONE] * 20
    assert run.begun == 1


async def test_a_watcher_sees_progress_and_then_the_outcome() -> None:
    run = SlowRun()
    runs = Runs(run)
    seen = []
    async for news in runs.watch():
        seen.append(news)
        run.go_on.set()

    assert seen == [HALF, DONE]


async def test_one_who_goes_away_does_not_end_the_run_for_the_others() -> None:
    run = SlowRun()
    runs = Runs(run)
    async with asyncio.TaskGroup() as tasks:
        stays = tasks.create_task(runs.ask())
        goes = asyncio.ensure_future(runs.ask())
        await asyncio.sleep(0)
        goes.cancel()
        with pytest.raises(asyncio.CancelledError):
            await goes
        run.go_on.set()

    assert stays.result() == DONE


async def test_a_second_run_begins_when_the_first_has_ended() -> None:
    run = SlowRun()
    run.go_on.set()
    runs = Runs(run)
    await runs.ask()
    await runs.ask()

    assert run.begun == 2


async def test_close_ends_the_run_and_waits_until_it_has_tidied_up() -> None:
    run = SlowRun()
    runs = Runs(run)
    asking = asyncio.ensure_future(runs.ask())
    await asyncio.sleep(0.01)
    await runs.close()

    assert run.tidied
    assert not runs.running
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_watcher_who_goes_away_leaves_nothing_behind() -> None:
    run = SlowRun()
    runs = Runs(run)
    before = asyncio.all_tasks()

    async def watch() -> None:
        async for _ in runs.watch():
            pass

    watching = asyncio.create_task(watch())
    await until(lambda: runs.progress is not None)
    watching.cancel()
    await asyncio.wait({watching})
    await asyncio.sleep(0)
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    await runs.close()

    assert left == {"sync run"}
