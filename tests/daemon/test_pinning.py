"""Orders about pins, line by line, for who listens and for who goes away."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from mirror.daemon.pinning import order_lines
from mirror.sync.orders import PinResult, UnpinOrder, decode_news, encode_order
from mirror.sync.outcome import Phase, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.sync.orders import Order
    from mirror.sync.pinning import Pinner

ORDER = encode_order(UnpinOrder(id="0123456789ab", why="why", by="who"))
DONE = PinResult(pin=None, message="done", exit_status=0)
STEP = Progress(Phase.FETCH, 1, 2)


@dataclass
class SlowPinner:
    """A pinner that tells one step, and waits to be let go."""

    go_on: asyncio.Event
    fails: Exception | None = None

    async def obey(self, _order: Order, report: Callable[[Progress], None]) -> PinResult:
        """Tell a step, wait, and say that all is done, or fail."""
        report(STEP)
        await self.go_on.wait()
        if self.fails is not None:
            raise self.fails
        return DONE


def pinner(*, fails: Exception | None = None, waits: bool = False) -> Pinner:
    """Return a pinner that *waits* for ever, *fails*, or is done at once."""
    go_on = asyncio.Event()
    if not waits:
        go_on.set()
    return cast("Pinner", SlowPinner(go_on, fails))


async def test_each_step_is_told_and_last_what_came_of_it() -> None:
    told = [decode_news(line) async for line in order_lines(pinner(), ORDER)]

    assert told == [STEP, DONE]


async def test_who_goes_away_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()

    async def listen() -> None:
        async with aclosing(order_lines(pinner(waits=True), ORDER)) as lines:
            async for _ in lines:
                pass

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.05)
    listening.cancel()
    await asyncio.wait({listening})

    assert asyncio.all_tasks() == before


async def test_what_nobody_foresaw_is_raised_after_what_was_told() -> None:
    lines = order_lines(pinner(fails=ZeroDivisionError()), ORDER)
    told = decode_news(await anext(lines))
    with pytest.raises(ZeroDivisionError):
        await anext(lines)

    assert told == STEP
