"""Blocking work beside the loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mirror.errors import StorageError
from mirror.storage.threads import to_end


async def test_the_answer_of_the_thread_comes_back() -> None:
    """What the call returns is returned."""
    assert await to_end(divmod, 7, 2) == (3, 1)


async def test_what_the_thread_raises_is_raised() -> None:
    """An error in the thread reaches the caller as it is."""
    with pytest.raises(ZeroDivisionError):
        await to_end(divmod, 7, 0)


async def test_a_cancelled_caller_returns_after_the_thread_has_ended() -> None:
    """Nothing is written behind the back of a caller that was cancelled, even twice."""
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(5)
        done.set()

    task = asyncio.create_task(to_end(work))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert done.is_set()


async def test_an_error_of_a_cancelled_call_is_dropped_without_noise() -> None:
    """A thread that fails after its caller was cancelled leaves no forgotten exception."""
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(5)
        raise StorageError("nobody hears this")

    task = asyncio.create_task(to_end(work))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
