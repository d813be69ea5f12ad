"""Whoever wants the same file waits for the other, and knows it."""

from __future__ import annotations

import asyncio

from mirror.sync.turns import Turns


async def test_the_second_waits_and_is_told_that_somebody_was_before() -> None:
    turns = Turns()
    told = []

    async def one(name: str) -> None:
        async with turns.of(name) as after_others:
            told.append((name, after_others))
            await asyncio.sleep(0.01)

    await asyncio.gather(one("a"), one("a"), one("b"))

    assert sorted(told) == [("a", False), ("a", True), ("b", False)]
    assert turns.names == ()


async def test_a_turn_that_was_cancelled_is_given_on() -> None:
    turns = Turns()
    first = asyncio.create_task(_for_ever(turns))
    await asyncio.sleep(0)
    second = asyncio.create_task(_shortly(turns))
    await asyncio.sleep(0)
    first.cancel()

    assert await asyncio.wait_for(second, 5)
    assert turns.names == ()


async def _for_ever(turns: Turns) -> None:
    async with turns.of("a"):
        await asyncio.Event().wait()


async def _shortly(turns: Turns) -> bool:
    async with turns.of("a") as after_others:
        return after_others
