"""Work that requests cause is bounded."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mirror.errors import BusyError
from mirror.web.bench import Bench


async def test_a_call_gives_its_result() -> None:
    assert await Bench().run(divmod, 7, 3) == (2, 1)


async def test_an_error_of_the_call_is_that_of_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        await Bench().run(divmod, 7, 0)


async def test_who_comes_when_all_places_are_taken_is_told_to_ask_again() -> None:
    """One works, two wait, and the fourth is refused without waiting."""
    bench, done = Bench(at_once=1, waiting=2), threading.Event()
    tasks = [asyncio.create_task(bench.run(done.wait)) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(BusyError, match="ask again"):
        await bench.run(divmod, 7, 3)

    done.set()
    assert await asyncio.gather(*tasks) == [True, True, True]


async def test_a_place_is_free_again_after_an_error() -> None:
    bench = Bench(at_once=1, waiting=0)
    with pytest.raises(ZeroDivisionError):
        await bench.run(divmod, 7, 0)

    assert await bench.run(divmod, 7, 3) == (2, 1)


async def test_no_more_run_at_once_than_was_agreed() -> None:
    bench, here, most = Bench(at_once=2, waiting=20), [0], [0]
    lock, pause = threading.Lock(), threading.Event()

    def work() -> None:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        pause.wait(0.01)
        with lock:
            here[0] -= 1

    await asyncio.gather(*(bench.run(work) for _ in range(10)))

    assert most == [2]
