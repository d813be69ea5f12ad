"""Run blocking work beside the event loop, and never leave it running behind one's back.

The loop never waits for a disk or for SQL: both go through `to_end`.  A caller that is
cancelled returns only after the thread has ended, so nothing is written after it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


async def to_end(
    call: Callable[[*Arguments], Result], *arguments: *Arguments, executor: Executor | None = None
) -> Result:
    """Return ``call(*arguments)``, run in a thread of *executor* (the loop's own when None).

    Cancelled while the thread runs, this waits for its end and then raises
    `asyncio.CancelledError`: what the thread raised or returned is dropped.
    """
    return await outlast(asyncio.get_running_loop().run_in_executor(executor, call, *arguments))


async def outlast(future: asyncio.Future[Result]) -> Result:
    """Return what *future* comes to, on which others may wait too.

    Cancelled before that, this waits for its end all the same, and then raises
    `asyncio.CancelledError`.
    """
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await _wait_for_end(future)
        raise


async def _wait_for_end(future: asyncio.Future[Result]) -> None:
    while not future.done():
        # Cancelled once more, still wait: the thread can not be stopped, only awaited.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([future])
    if not future.cancelled():
        future.exception()  # seen, so that asyncio does not report it as forgotten
