"""Keep, now and then, what a process that is killed would otherwise forget.

Nothing is written unless it changed.  What was not kept yet when the process dies is lost,
which is about a minute of it.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

from mirror.errors import StorageError
from mirror.web.endless import endless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mirror.daemon.log import Logger

_EVERY: Final = 60.0


@asynccontextmanager
async def keeping(
    keep: Callable[[], Awaitable[None]], log: Logger, *, every: float = _EVERY
) -> AsyncIterator[None]:
    """Call *keep* every so many seconds while the block lasts; a disk that refuses is told."""
    task = asyncio.create_task(
        endless(partial(_keep, keep, log, every), "keeping what upstream gave"), name="keeping"
    )
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep(keep: Callable[[], Awaitable[None]], log: Logger, every: float) -> NoReturn:
    while True:
        await asyncio.sleep(every)
        try:
            await keep()
        except StorageError as error:
            log.warning("what upstream gave could not be written down", error=str(error))
