"""``python -m tests.replica`` says where it is, serves, and ends when told to."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

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
    async with _running(*options) as (process, line):
        url = _url(line)
        async with client.get(f"{url}/download/") as answer:
            pass
        process.send_signal(number)
        status = await asyncio.wait_for(process.wait(), 5)

    assert line == f"replica of micropython.org at {url} ({says})\n"
    assert (answer.status, status) == (200, 0)


async def test_a_way_to_misbehave_can_be_chosen(client: aiohttp.ClientSession) -> None:
    """For a board, a file or a path; all else is as it should be."""
    ways = ("--misbehave", "RPI_PICO_W=cut-page", "--misbehave", "/download/?port=rp2=broken")
    async with _running("--boards", "2", *ways) as (_, line):
        plain = {"Accept-Encoding": "identity"}
        async with client.get(f"{_url(line)}/download/RPI_PICO_W/", headers=plain) as cut:
            page = await cut.text()
        async with client.get(f"{_url(line)}/download/?port=rp2") as facet:
            pass
        async with client.get(f"{_url(line)}/download/", headers=plain) as index:
            sound = await index.text()

    assert "</html>" not in page
    assert (cut.status, facet.status) == (200, 500)
    assert sound.rstrip().endswith("</html>")


@pytest.mark.parametrize("words", ["RPI_PICO", "RPI_PICO=no-such-way", "=broken"])
async def test_no_other_way_is_taken(words: str) -> None:
    """What was typed is named."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.replica", "--misbehave", words),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        _, said = await process.communicate()

    assert process.returncode == 2
    assert f"expected PLACE=WAY, not '{words}'" in said.decode()


@asynccontextmanager
async def _running(*options: str) -> AsyncIterator[tuple[Process, str]]:
    """Run the command; give it, and the line that it says when it serves."""
    command = ["-m", "tests.replica", "--listen", "127.0.0.1:0", *options]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    stdout = process.stdout
    assert stdout is not None
    try:
        yield process, (await asyncio.wait_for(stdout.readline(), 20)).decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _url(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
    assert found is not None
    return found[0]
