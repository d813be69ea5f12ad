"""Wait for what happens elsewhere; nothing here depends on how long that takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 120.0


async def until(happened: Callable[[], bool], *, every: float = 0.01) -> None:
    """Wait until *happened* says so; fail after two minutes."""
    async with asyncio.timeout(_SECONDS):
        while not happened():  # noqa: ASYNC110 - it happens in other processes
            await asyncio.sleep(every)
