"""The real `mpmirror`, as processes of their own: what they say, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.web.client import Client

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable
    from io import FileIO

_ROOT: Final = Path(__file__).parents[2]
_SERVES: Final = re.compile(r"serves http://127\.0\.0\.1:([0-9]+)")
_SECONDS: Final = 120.0
_MOST_LINE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: its exit status, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def written(self) -> str:
        """Everything that it wrote."""
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Program:
    """`mpmirror` with everything of its own in *place*, a folder with a short path.

    *before* are words that stand before the command: a program that runs it.
    """

    place: Path
    upstream: str
    settings: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.place / "data"

    async def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        process = await self.start(*words)
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    async def start(self, *words: str) -> Process:
        """Begin a command; whoever asks for it waits for its end."""
        return await asyncio.create_subprocess_exec(
            *(*self.before, sys.executable, "-m", "mirror", *words),
            cwd=_ROOT,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_MOST_LINE,
        )

    async def shown_on_a_terminal(self, *words: str) -> str:
        """Run a command on a terminal, and return all that the terminal gets."""
        ours, its = pty.openpty()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "mirror", *words),
                cwd=_ROOT,
                env=self._environment() | {"TERM": "xterm-256color"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=its,
                stderr=its,
            )
        finally:
            os.close(its)
        with open(ours, "rb", buffering=0) as terminal:  # noqa: ASYNC230, PTH123 - a descriptor
            async with asyncio.timeout(_SECONDS):
                shown = await asyncio.to_thread(_read_to_end, terminal)
                await process.wait()
        return shown.decode()

    @asynccontextmanager
    async def serving(self, *words: str) -> AsyncIterator[Daemon]:
        """Run `mpmirror serve` until the block ends, or until it was told to stop before."""
        process = await self.start("serve", *words)
        daemon = Daemon(process)
        reading = asyncio.gather(*map(daemon.collect, (process.stdout, process.stderr)))
        try:
            await daemon.says(_SERVES)
            yield daemon
            await daemon.stop()
        except BaseException as error:
            said = "\n".join(daemon.lines)
            error.add_note(f"the daemon, with exit status {process.returncode}, said:\n{said}")
            raise
        finally:
            send(process, signal.SIGKILL)
            await process.wait()
            await reading

    def _environment(self) -> dict[str, str]:
        ours = {key: text for key, text in os.environ.items() if not key.startswith("MPMIRROR_")}
        return {
            **ours,
            "PYTHONUNBUFFERED": "1",
            "MPMIRROR_CONFIG": os.devnull,
            "MPMIRROR_DATA_DIR": str(self.data),
            "MPMIRROR_KEYS_DIR": str(self.place / "keys"),
            "MPMIRROR_ADMIN_LISTEN": f"unix:{self.place / 'admin'}",
            "MPMIRROR_LISTEN": "127.0.0.1:0",
            "MPMIRROR_UPSTREAM__URL": self.upstream,
            "MPMIRROR_UPSTREAM__REQUESTS_PER_SECOND": "0",
            "MPMIRROR_UPSTREAM__ATTEMPTS": "1",
            "MPMIRROR_DISK__KEEP_FREE": "1MB",
            # What is mirrored beside the firmware is asked for where a proof is about it.
            "MPMIRROR_POLICY__PACKAGES": "[]",
            "MPMIRROR_POLICY__PHOTOGRAPHS": "false",
            **self.settings,
        }


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to *process* unless it has ended."""
    # Not `Process.send_signal`: that collects the exit status of one that is just ending.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _read_to_end(terminal: FileIO) -> bytes:
    """Read until the last process on the terminal has left it, which the kernel calls EIO."""
    shown = bytearray()
    with contextlib.suppress(OSError):
        while chunk := terminal.read(65536):
            shown += chunk
    return bytes(shown)


class Daemon:
    """A running `mpmirror serve`; ``lines`` is all that it has written so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._news = asyncio.Event()
        self._streams = 2

    @property
    def client(self) -> Client:
        """A client of its public address."""
        found = next(match for line in self.lines if (match := _SERVES.search(line)))
        return Client(int(found[1]))

    async def says(self, pattern: str | re.Pattern[str]) -> str:
        """Wait for a line in which *pattern* is found, and return it."""
        return await self.until(
            lambda: next((line for line in self.lines if re.search(pattern, line)), None)
        )

    async def until(self, find: Callable[[], str | None]) -> str:
        """Wait until *find* finds something in what is written."""
        async with asyncio.timeout(_SECONDS):
            while (found := find()) is None:
                assert self._streams, self.lines
                self._news.clear()
                await self._news.wait()
        return found

    async def synced(self) -> None:
        """Wait until a sync has ended, and what it published is served."""
        await self.says("sync ends")
        await self.ready()

    async def ready(self) -> None:
        """Wait until a publication is served."""
        async with asyncio.timeout(_SECONDS):
            while (await self.client.get("/readyz")).status != HTTPStatus.OK:  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(0.02)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal if it still runs; return its exit status when it has ended."""
        send(self.process, number)
        async with asyncio.timeout(_SECONDS):
            return await self.process.wait()

    async def collect(self, stream: asyncio.StreamReader | None) -> None:
        """Take in what comes from one of its streams, until it ends."""
        assert stream is not None
        async for line in stream:
            self.lines.append(line.decode().rstrip("\n"))
            self._news.set()
        self._streams -= 1
        self._news.set()
