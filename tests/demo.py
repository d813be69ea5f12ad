"""`make demo`: the whole mirror on one machine, against the project's replica of upstream.

Nothing outside of this machine is asked.  Replica and daemon are programs of their own, as
in life; the data are in a temporary folder that goes when the demonstration ends, by
Ctrl-C or SIGTERM, or when one of the two has ended by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import socket
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Mapping

ROOT: Final = Path(__file__).parents[1]
_URL = re.compile(r"http://\S+:[0-9]+")
_USUAL: Final = 8080
_START_SECONDS: Final = 60.0
_FIRST_SYNC_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 10.0

_TO_TRY = """
The mirror is ready.  Nothing of it comes from the Internet: the boards are real, the
images are synthetic.  Try, in a browser and in another terminal:

  the boards             {url}/
  set a program up       {url}/setup
  the release feed       curl {url}/v1/feed.json
  one board              curl {url}/v1/boards/RPI_PICO_W.json
  what to flash now      curl {url}/v1/boards/RPI_PICO_W/latest.json
  every file's sum       curl {url}/resources/firmware/SHA256SUMS
  how it is doing        curl {url}/v1/status.json
  the upstream it plays  {upstream}/download/

Ctrl-C ends it and removes {folder}
"""


class DemonstrationError(Exception):
    """The demonstration could not go on; the message says why."""


def main() -> int:
    """Show the mirror until somebody ends it; return the exit status."""
    parser = argparse.ArgumentParser("python -m tests.demo", description=__doc__)
    parser.add_argument("--boards", type=int, default=12, help="boards of the replica")
    parser.add_argument(
        "--listen", type=int, metavar="NUMBER", help="TCP port, else 8080 or a free one"
    )
    options = parser.parse_args()
    try:
        asyncio.run(_demonstrate(options.boards, options.listen))
    except DemonstrationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _demonstrate(boards: int, number: int | None) -> None:
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mpmirror-demo-")))
        replica, upstream = await stack.enter_async_context(
            _running("tests.replica", "--listen", "127.0.0.1:0", "--drawn", "--boards", str(boards))
        )
        environ = _settings(folder, upstream, _number() if number is None else number)
        daemon, url = await stack.enter_async_context(_running("mirror", "serve", environ=environ))
        waiting = asyncio.create_task(_until_ended(ended, replica, daemon))
        if await _first_sync(url, waiting):
            _tell(_TO_TRY.format(url=url, upstream=upstream, folder=folder))
        await waiting
        _tell("Ending.")


def _settings(folder: Path, upstream: str, number: int) -> Mapping[str, str]:
    """Give the daemon a small policy, and no settings of this machine's."""
    ours = {key: text for key, text in os.environ.items() if not key.startswith("MPMIRROR_")}
    return ours | {
        "MPMIRROR_CONFIG": os.devnull,
        "MPMIRROR_DATA_DIR": str(folder / "data"),
        "MPMIRROR_LISTEN": f"127.0.0.1:{number}",
        "MPMIRROR_UPSTREAM__URL": upstream,
        "MPMIRROR_UPSTREAM__REQUESTS_PER_SECOND": "50",
        "MPMIRROR_POLICY__RELEASES": "2",
        "MPMIRROR_SCHEDULE__EVERY": "5m",
        "MPMIRROR_SCHEDULE__JITTER": "10s",
        # A demonstration fits on any disk that is not full.
        "MPMIRROR_DISK__KEEP_FREE": "100MB",
    }


@asynccontextmanager
async def _running(
    module: str, *words: str, environ: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Process, str]]:
    """Run a module of ours; give the process and the address that its first lines name."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", module, *words,
        cwd=ROOT, env=environ, stdout=asyncio.subprocess.PIPE,
        # Ctrl-C in a terminal goes to everybody; who ends first is decided here.
        start_new_session=True,
    )  # fmt: skip
    try:
        url = await _address(process, module)
        reading = asyncio.create_task(_pass_on(process))
        yield process, url
        await _ended(process)
        await reading
    finally:
        await _ended(process)


async def _address(process: Process, module: str) -> str:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            async for line in process.stdout:
                _tell(line.decode().rstrip())
                if found := _URL.search(line.decode()):
                    return found[0]
    except TimeoutError:
        pass
    raise DemonstrationError(f"{module} did not start")


async def _pass_on(process: Process) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        _tell(line.decode().rstrip())


async def _ended(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _until_ended(ended: asyncio.Event, *processes: Process) -> None:
    """Wait for a signal, or for a process that ends by itself."""
    waits = [asyncio.create_task(process.wait()) for process in processes]
    signalled = asyncio.create_task(ended.wait())
    await asyncio.wait([signalled, *waits], return_when=asyncio.FIRST_COMPLETED)
    for task in (signalled, *waits):
        task.cancel()
    if not ended.is_set():
        raise DemonstrationError("a part of the demonstration has ended by itself")


async def _first_sync(url: str, waiting: asyncio.Task[None]) -> bool:
    """Wait until the mirror has published; False when somebody ended it before."""
    try:
        async with asyncio.timeout(_FIRST_SYNC_SECONDS), aiohttp.ClientSession() as session:
            while not waiting.done():
                async with session.get(f"{url}/readyz") as answer:
                    if answer.ok:
                        return True
                await asyncio.sleep(0.2)
    except (TimeoutError, aiohttp.ClientError) as error:
        raise DemonstrationError(f"the mirror published nothing: {error!r}") from error
    return False


def _number() -> int:
    """Return the usual TCP port, or 0 for a free one where that is taken."""
    with socket.socket() as probe:
        return _USUAL if probe.connect_ex(("127.0.0.1", _USUAL)) else 0


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
