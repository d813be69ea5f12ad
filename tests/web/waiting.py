"""Wait for what other tasks and processes do, and not longer than a test may take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float = 10.0) -> None:
    """Wait until *holds* says so; raise `TimeoutError` after *seconds*."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.02)
