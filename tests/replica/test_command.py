"""``python -m tests.replica`` says where it is, serves, and ends when told to."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import aiohttp

pytestmark = pytest.mark.programs

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("number", "options", "says"),
    [
        (signal.SIGTERM, ["--boards", "3", "--rate", "1e6"], "boards: 3, files: 124"),
        (signal.SIGINT, ["--boards", "2", "--all", "--delay", "0.01"], "boards: 2, files: 332"),
        (signal.SIGTERM, ["--boards", "1", "--many", "100"], "boards: 1, files: 100"),
        (signal.SIGTERM, ["--boards", "0", "--firmware", "."], "boards: 0, files: 0"),
    ],
)
async def test_it_serves_until_a_signal(
    client: aiohttp.ClientSession, number: signal.Signals, options: list[str], says: str
) -> None:
    command = ["-m", "tests.replica", "--listen", "127.0.0.1:0", *options]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    stdout = process.stdout
    assert stdout is not None
    line = (await asyncio.wait_for(stdout.readline(), 20)).decode()
    url = re.findall(r"http://127\.0\.0\.1:[0-9]+", line)[0]
    async with client.get(f"{url}/download/") as answer:
        pass
    process.send_signal(number)
    status = await asyncio.wait_for(process.wait(), 5)

    assert line == f"replica of micropython.org at {url} ({says})\n"
    assert (answer.status, status) == (200, 0)
