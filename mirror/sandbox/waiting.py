"""Wait for a child without blocking the loop, and end it when it takes too long.

What takes too long is told by the child's own processor time: on a busy machine it gets little,
and no bytes are to blame for that.  By the clock there is a far larger limit, after which nothing
was judged.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

from mirror.errors import ChildRefusedError, ChildUnavailableError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import Executor

    from mirror.sandbox.process import Child

_LOOK_SECONDS = 0.05

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a question may cost: *processor* seconds of the child, and *clock* seconds."""

    processor: float
    clock: float


async def answered(
    threads: Executor, ask: Callable[[], _Answer], child: Child, limits: Limits
) -> _Answer:
    """Return what *ask*, run in a thread, returns of *child*.

    Raises what *ask* raises; `ChildRefusedError` for a child that needs too much processor time,
    `ChildUnavailableError` for one that got too little.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + limits.clock
    async with in_thread(threads, ask, child) as asking:
        spent = 0.0
        while not asking.done():
            # It has one thread: so it can not have spent what is left any sooner.
            soon = min(max(limits.processor - spent, _LOOK_SECONDS), until - loop.time())
            await asyncio.wait([asking], timeout=max(soon, 0))
            if not asking.done():
                spent = child.spent
                _refuse_to_wait(spent, limits, late=loop.time() >= until)
        return asking.result()


@contextlib.asynccontextmanager
async def in_thread(
    threads: Executor, work: Callable[[], _Answer], child: Child
) -> AsyncIterator[asyncio.Future[_Answer]]:
    """Run *work*, which waits for *child*; whatever ends the block early ends the child."""
    running = asyncio.get_running_loop().run_in_executor(threads, work)
    try:
        yield running
    finally:
        if not running.done():
            child.abandon()
            await finished(running)


async def finished(running: asyncio.Future[_Answer]) -> None:
    """Wait until *running* is over: it uses what belongs to the caller, and its child is dead."""
    while not running.done():
        # Cancelled twice: the first is on its way already, and this takes milliseconds.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([running])
    with contextlib.suppress(Exception, asyncio.CancelledError):
        running.result()


def _refuse_to_wait(spent: float, limits: Limits, *, late: bool) -> None:
    if spent > limits.processor:
        raise ChildRefusedError(
            f"the reader took longer than {limits.processor:g} s of processor time"
        )
    if late:
        raise ChildUnavailableError(
            f"not judged: in {limits.clock:g} s this machine gave the reader {spent:.1f} s of "
            "processor time, so try again"
        )
