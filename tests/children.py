"""Limited child processes that outlive a test: each start takes half a second.

For tests of what is done with their answers; how children start and end is tested with own ones.
They are no nicer than the test: beside other tests it would wait for each answer.
"""

from __future__ import annotations

import atexit
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mirror.sandbox import Sandbox
from mirror.sandbox.process import Child
from mirror.sandbox.programs import PROGRAM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_MEMORY: Final = 384 * 1024 * 1024
_PROGRAM: Final = PROGRAM.replace("\nmain()", "\nmain(nicer=0)")
_IDLE: Final[list[Child]] = []


@asynccontextmanager
async def kept_sandbox() -> AsyncIterator[Sandbox]:
    """Give a sandbox of one child, which may have answered other tests before."""
    child = _IDLE.pop() if _IDLE else Child(_MEMORY, _PROGRAM)
    try:
        async with Sandbox(lent=[child]) as sandbox:
            yield sandbox
    finally:
        _IDLE.append(child)


@atexit.register
def _end() -> None:
    for child in _IDLE:
        child.stop()
