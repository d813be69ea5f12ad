"""Limited child processes that outlive a test: each start takes half a second.

For tests of what is done with their answers; how children start and end is tested with own ones.
"""

from __future__ import annotations

import atexit
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mirror.sandbox import Sandbox
from mirror.sandbox.process import Child

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_MEMORY: Final = 384 * 1024 * 1024
_IDLE: Final[list[Child]] = []


@asynccontextmanager
async def kept_sandbox() -> AsyncIterator[Sandbox]:
    """Give a sandbox of one child, which may have answered other tests before."""
    child = _IDLE.pop() if _IDLE else Child(_MEMORY)
    try:
        async with Sandbox(lent=[child]) as sandbox:
            yield sandbox
    finally:
        _IDLE.append(child)


@atexit.register
def _end() -> None:
    for child in _IDLE:
        child.stop()
