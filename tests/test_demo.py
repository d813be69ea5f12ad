"""The demonstration shows what it says, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[1]
_URL = re.compile(r"http://127\.0\.0\.1:[0-9]+/\S*")


@pytest.mark.programs
async def test_everything_that_it_invites_to_try_is_there() -> None:
    """Each address that it prints answers; then Ctrl-C ends all of it."""
    command = (sys.executable, "-m", "tests.demo", "--boards", "1", "--listen", "0")
    demonstration = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(120):
            told = await until_ready(demonstration)
            statuses = await ask(_URL.findall(told))
            demonstration.send_signal(signal.SIGINT)
            await demonstration.communicate()
    finally:
        if demonstration.returncode is None:
            demonstration.terminate()  # and it ends what it has begun
            await demonstration.communicate()

    assert demonstration.returncode == 0
    assert len(statuses) == 8
    assert {url: status for url, status in statuses.items() if status != 200} == {}
    assert left_behind(told.split()[-1]) == []


def left_behind(folder: str) -> list[Path]:
    """Give what is left of the folder that the demonstration named."""
    assert "mpmirror-demo-" in folder
    return list(Path(folder).parent.glob(Path(folder).name))


async def until_ready(demonstration: asyncio.subprocess.Process) -> str:
    """Read what is told until it says how to end it."""
    assert demonstration.stdout is not None
    told = ""
    while "Ctrl-C" not in told:
        line = await demonstration.stdout.readline()
        assert line, told
        told += line.decode()
    return told


async def ask(urls: list[str]) -> dict[str, int]:
    """Fetch each address."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for url in urls:
            async with session.get(url) as answer:
                await answer.read()
                found[url] = answer.status
    return found
