"""A run that has to stop does so between two files, in order, and the next goes on there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.plan import Policy
from mirror.errors import QuietHoursError, UpstreamRestingError
from mirror.sync.means import Means
from mirror.sync.outcome import Ending, Outcome
from mirror.sync.run import sync
from mirror.upstream.budget import Budget
from mirror.upstream.fetch import Fetcher
from mirror.upstream.restraint import Restrained, Restraint
from tests.cache.node import site_of_twenty
from tests.sync.node import MORNING, SWIFT, WISHES, TestNode, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.replica import Replica

ALL = replace(WISHES, policy=Policy(releases=None), fetches=2)
QUIET = QuietHoursError("quiet hours have begun", retry_after=timedelta(hours=9))


def restraint_after(replica: Replica, requests: int) -> Restraint:
    """Return what objects when *replica* has had so many requests."""

    def objection() -> UpstreamRestingError | None:
        return QUIET if len(replica.requests) >= requests else None

    return Restraint(objection)


async def sync_under(node: TestNode, restraint: Restraint, budget: Budget) -> Outcome:
    """Run once, for everything there is, two files at a time."""
    fetcher = Fetcher(
        node.url,
        user_agent="mpmirror/test",
        node_id=node.store.node.node_id,
        politeness=SWIFT,
        budget=budget,
    )
    async with fetcher:
        means = Means(
            fetcher=Restrained(fetcher, restraint),
            sandbox=node.sandbox,
            store=node.store,
            clock=lambda: node.now,
            report=node.reported.put_nowait,
            version="test",
        )
        return await sync(means, ALL)


@pytest.mark.parametrize("pages", [0, 2])
async def test_quiet_hours_stop_a_crawl_and_nothing_changes(tmp_path: Path, pages: int) -> None:
    replica = site_of_twenty()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        restraint = restraint_after(replica, pages)
        outcome = await sync_under(node, restraint, Budget())

    assert (outcome.ending, outcome.exit_status) == (Ending.FAILED, 4)
    assert outcome.message == str(QUIET)
    assert restraint.met is QUIET
    assert len(replica.requests) == pages


async def test_quiet_hours_stop_a_run_after_the_files_in_hand(tmp_path: Path) -> None:
    """What came is held and published; the next run fetches the rest, and nothing twice."""
    replica = site_of_twenty()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        restraint = restraint_after(replica, 6)
        first = await sync_under(node, restraint, Budget())
        published = await node.files()
        second = await sync_under(node, Restraint(lambda: None), Budget())
        whole = await node.files()

    assert (first.ending, first.exit_status, first.message) == (Ending.PUBLISHED, 4, str(QUIET))
    assert 0 < len(published) < len(whole)
    assert restraint.met is QUIET
    assert second.exit_status == 0
    assert [replica.count(name) for name in whole] == [1] * len(whole)


async def test_a_spent_budget_stops_a_run_in_the_same_way(tmp_path: Path) -> None:
    replica = site_of_twenty(size=100_000)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        restraint = Restraint(lambda: None)
        budget = Budget(150_000, clock=lambda: MORNING)
        first = await sync_under(node, restraint, budget)
        asked = len(replica.requests)
        again = await sync_under(node, restraint, budget)
        asked_again = len(replica.requests) - asked
        rest = await sync_under(node, restraint, Budget())

    assert (first.ending, first.exit_status) == (Ending.PUBLISHED, 4)
    assert "upstream.bytes_per_hour" in first.message
    # It is said once: each file that waits for the next hour would be an alarm of its own.
    assert (first.troubles, first.held < first.wanted) == ((), True)
    assert (again.ending, again.exit_status, asked_again) == (Ending.UNCHANGED, 4, 0)
    assert restraint.met is not None
    assert restraint.met.retry_after == timedelta(hours=1)
    assert rest.exit_status == 0
