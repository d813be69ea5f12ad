"""Keep serving processes running, for as long as a block lasts.

All of them listen on one TCP port, which this process reserves meanwhile.  One that dies, or
can not be started, is started again, after a pause that grows while that goes on; at the end
all are told to finish, and killed if they have not after five seconds.  They end by themselves
when this process dies: see `mirror.web.worker`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.web.listening import shared_tcp_sockets, tcp_sockets
from mirror.web.worker import RELOAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mirror.web.worker import WorkerSettings

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
# Who lived longer than this did not die of what it found at its start.
_SETTLED: Final = 60.0
_TO_FINISH: Final = 5.0

# A worker needs no settings, no proxies and no secrets: only how to run Python.
_PASSED_ON: Final = ("PATH", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_PASSED_ON_PREFIXES: Final = ("LC_", "PYTHON")
# For who sends traces: headers and certificates for the collector.
_FOR_TRACES: Final = "OTEL_EXPORTER_OTLP_"

_log = logging.getLogger(__name__)


class Crew:
    """The workers that run at this moment, to tell them something."""

    def __init__(self) -> None:
        self._pipes: set[asyncio.StreamWriter] = set()

    def reload(self) -> None:
        """Have each of them read its certificates anew."""
        for pipe in self._pipes:
            pipe.write(RELOAD)

    @contextmanager
    def joined(self, process: asyncio.subprocess.Process) -> Iterator[None]:
        """Count *process* among them while the block lasts."""
        assert process.stdin is not None  # noqa: S101 - for the type: it is a pipe
        self._pipes.add(process.stdin)
        try:
            yield
        finally:
            self._pipes.discard(process.stdin)


@asynccontextmanager
async def workers(
    count: int, settings: WorkerSettings, crew: Crew | None = None
) -> AsyncIterator[int]:
    """Run *count* workers while the block lasts; give it the TCP port that they listen on.

    Through *crew* all of them can be told something.  Raises `ConfigurationError` when the
    port can not be had.
    """
    crew = crew or Crew()
    async with reserved(settings.host, settings.number) as number:
        settings = replace(settings, number=number)
        tasks = [
            asyncio.create_task(_keep_running(settings, crew), name=f"worker {place}")
            for place in range(count)
        ]
        try:
            yield number
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@asynccontextmanager
async def reserved(host: str, number: int) -> AsyncIterator[int]:
    """Keep a TCP port for workers while the block lasts; 0 lets the system choose it.

    Raises `ConfigurationError` when the port can not be had.
    """
    if number:
        # Bound alone at first: a port that other programs share would go unnoticed otherwise.
        for probe in await tcp_sockets(host, number):
            probe.close()
    # Bound and never listening, these get no connection.  A port that the system chooses is
    # nobody else's; chosen first and shared then, it could be chosen by another in between.
    reservation = await shared_tcp_sockets(host, number)
    try:
        yield reservation[0].getsockname()[1]
    finally:
        for reserved in reservation:
            reserved.close()


async def _keep_running(settings: WorkerSettings, crew: Crew) -> None:
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    while True:
        begun = loop.time()
        try:
            ended = f"ended with status {await _run(settings, crew)}"
        except OSError as error:  # no memory, or no more processes
            ended = f"could not be started: {error.strerror or error}"
        if loop.time() - begun > _SETTLED:
            pause = _FIRST_PAUSE
        _log.error("a worker %s; the next starts in %.1f s", ended, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _run(settings: WorkerSettings, crew: Crew) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mirror.web",
        *settings.arguments(),
        stdin=asyncio.subprocess.PIPE,
        env=_environment(traces=settings.traces is not None),
    )
    try:
        with crew.joined(process):
            return await process.wait()
    except asyncio.CancelledError:
        await _finish(process)
        raise
    finally:
        if process.returncode is None:
            process.kill()


async def _finish(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(_TO_FINISH):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment(*, traces: bool) -> dict[str, str]:
    prefixes = (*_PASSED_ON_PREFIXES, *([_FOR_TRACES] if traces else []))
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(prefixes)
    }
