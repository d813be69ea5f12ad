"""What keeps requests from going out: a host that fails, and a budget that is spent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirror.errors import BreakerOpenError, BudgetSpentError, UpstreamUnavailableError
from mirror.upstream.breaker import BreakerState
from mirror.upstream.budget import HOUR, Budget
from mirror.upstream.fetch import Fetcher, Politeness
from tests.upstream.conftest import NODE, making
from tests.upstream.scripted import Scripted, reply

if TYPE_CHECKING:
    from tests.upstream.doubles import Clock, FilePartial

ONCE = Politeness(requests_per_second=0, attempts=1, read_seconds=5)


async def fail(fetcher: Fetcher, base: str, times: int) -> None:
    """Meet a failure of the host so often."""
    for _ in range(times):
        with pytest.raises(UpstreamUnavailableError):
            await fetcher.page(f"{base}/broken")


async def test_an_open_breaker_lets_no_request_out_until_it_is_time(
    base: str, upstream: Scripted, clock: Clock, partial: FilePartial
) -> None:
    """For pages and files alike; then one that succeeds opens the way for all."""
    upstream.answer("/broken", reply(500))
    upstream.answer("/file", reply(200, b"whole"))
    async with making(base, clock, politeness=ONCE) as fetcher:
        await fail(fetcher, base, 5)
        asked = len(upstream.requests)
        with pytest.raises(BreakerOpenError) as told:
            await fetcher.download(f"{base}/file", partial)
        asked_while_open = len(upstream.requests) - asked
        clock.seconds += told.value.retry_after.total_seconds()
        await fetcher.download(f"{base}/file", partial)

    assert (asked, asked_while_open) == (5, 0)
    assert partial.data == b"whole"
    assert fetcher.breaker.state is BreakerState.CLOSED


async def test_of_many_who_come_when_it_is_half_open_one_asks(
    base: str, upstream: Scripted, clock: Clock
) -> None:
    upstream.answer("/broken", reply(500))
    async with making(base, clock, politeness=ONCE) as fetcher:
        await fail(fetcher, base, 5)
        clock.seconds += 31
        pages = (fetcher.page(f"{base}/broken") for _ in range(4))
        errors = await asyncio.gather(*pages, return_exceptions=True)

    assert len(upstream.requests) == 6
    assert sorted(type(error).__name__ for error in errors) == [
        *["BreakerOpenError"] * 3,
        "UpstreamUnavailableError",
    ]


async def test_missing_files_open_nothing(base: str, upstream: Scripted, clock: Clock) -> None:
    upstream.answer("/gone", reply(404))
    async with making(base, clock, politeness=ONCE) as fetcher:
        pages = (fetcher.page(f"{base}/gone") for _ in range(20))
        await asyncio.gather(*pages, return_exceptions=True)

    assert len(upstream.requests) == 20
    assert fetcher.breaker.state is BreakerState.CLOSED


async def test_tries_of_the_same_page_alone_open_nothing(
    base: str, upstream: Scripted, clock: Clock
) -> None:
    """A page that fails with all its tries is one failure of several."""
    upstream.answer("/broken", reply(500))
    async with making(base, clock) as fetcher:
        await fail(fetcher, base, 4)

    assert len(upstream.requests) == 16
    assert fetcher.breaker.state is BreakerState.CLOSED


async def test_what_comes_is_counted_and_a_spent_budget_lets_nothing_out(
    base: str, upstream: Scripted, clock: Clock, partial: FilePartial
) -> None:
    """The file in hand comes to its end; pages count as well."""
    upstream.answer("/page", reply(200, b"p" * 60))
    upstream.answer("/file", reply(200, b"f" * 60))
    budget = Budget(100, clock=clock.timing.now)
    fetcher = Fetcher(
        base,
        user_agent="mpmirror/0",
        node_id=NODE,
        politeness=ONCE,
        timing=clock.timing,
        budget=budget,
    )
    async with fetcher:
        await fetcher.page(f"{base}/page")
        left = budget.left
        await fetcher.download(f"{base}/file", partial)
        with pytest.raises(BudgetSpentError) as told:
            await fetcher.page(f"{base}/page")
        clock.seconds += HOUR.total_seconds()
        await fetcher.page(f"{base}/page")

    assert (left, partial.size) == (40, 60)
    assert told.value.retry_after == HOUR
    assert len(upstream.requests) == 3
    assert fetcher.breaker.state is BreakerState.CLOSED
