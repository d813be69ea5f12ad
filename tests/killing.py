"""Commands that are killed at some moment of their run, each with a node of its own."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


async def begun(place: Path, *words: str) -> Process:
    """Begin the command *words* with all of its own in *place*."""
    environment = {
        **os.environ,
        "MPMIRROR_OFFLINE": "true",
        "MPMIRROR_DISK__KEEP_FREE": "1kB",
        "MPMIRROR_DATA_DIR": str(place / "data"),
        "MPMIRROR_KEYS_DIR": str(place / "keys"),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mirror", *words),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: Process) -> None:
    """Wait for a process that must end well."""
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def killed_after(process: Process, seconds: float) -> bool:
    """Kill *process* after so many seconds; return whether it was still running."""
    await asyncio.sleep(seconds)
    running = process.returncode is None
    if running:
        process.kill()
    await process.communicate()
    return running


def moments(took: float, times: int) -> Iterator[float]:
    """Yield so many moments, in order, of a run that *took* so many seconds when it was whole.

    The first part of a run only loads what it needs.
    """
    chance = random.Random(1)  # noqa: S311 - a sample
    for number in range(times):
        yield took * (0.4 + 0.6 * (number + chance.random()) / times)
