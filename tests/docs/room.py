"""A room in which the commands of one document are typed, one after another, into a shell."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.docs.comparing import without_progress
from tests.docs.reading import ROOT
from tests.proofs.program import send

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Mapping

_SECONDS: Final = 120.0
# What the names of programs mean in a room; nothing else of this machine's is put in its way.
_PROGRAMS: Final = {
    "mpmirror": f'exec {shlex.quote(sys.executable)} -m mirror "$@"',
    # The target does just that, in an environment of its own.
    "make": f'[ "$1" = run ] && exec {shlex.quote(sys.executable)} -m mirror serve; exit 64',
    # The other user is whoever runs this.
    "sudo": 'shift 2; exec "$@"',
}


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed, and its exit status."""

    status: int
    text: str


@dataclass(slots=True)
class Room:
    """A folder, an upstream, and what the words of the document are here.

    *other* is the room on the other side of the gap.
    """

    place: Path
    upstream: str
    words: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    daemon: Running | None = None
    other: Room | None = None

    def prepare(self) -> None:
        """Make the folder and the programs."""
        (self.place / ".venv" / "bin").mkdir(parents=True)
        (self.place / "etc" / "mpmirror").mkdir(parents=True)
        for name, text in _PROGRAMS.items():
            program = self.place / ".venv" / "bin" / name
            program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            program.chmod(0o755)
        # What moves while bytes come is gone afterwards, too.
        (self.place / ".curlrc").write_text("silent\nshow-error\n", encoding="utf-8")
        for name in ("deploy", "requirements"):
            (self.place / name).symlink_to(ROOT / name)

    def here(self, command: str) -> str:
        """Return *command* with what its words are here."""
        for word, meant in self.words.items():
            command = command.replace(word, meant)
        return command

    def there(self, printed: str) -> str:
        """Return what was *printed* in the words of the document."""
        for word, meant in sorted(self.words.items(), key=lambda one: -len(one[1])):
            printed = printed.replace(meant, word)
        # What lies in the folder where somebody types is called by its name.
        printed = printed.replace(f"{self.place}/", "")
        return without_progress(printed)

    async def type(self, command: str) -> Printed:
        """Run *command* to its end."""
        process = await self._start(command)
        async with asyncio.timeout(_SECONDS):
            text, _ = await process.communicate()
        assert process.returncode is not None
        return Printed(process.returncode, self.there(text.decode()))

    async def do(self, command: str) -> str:
        """Do what has to be done beside the document; return what that printed."""
        printed = await self.type(command)
        assert printed.status == 0, printed.text
        return printed.text

    async def bring(self, *names: str) -> None:
        """Bring files from the other side."""
        assert self.other is not None
        for name in names:
            there = self.other.place / self.other.here(name)
            (self.place / there.name).write_bytes(there.read_bytes())

    async def begin(self, command: str, line: str) -> Printed:
        """Begin *command*, and let it run on once it has printed a line that has *line* in it."""
        await self.end()
        running = Running(await self._start(f"exec {self.here(command)}"))
        self.daemon = running
        await running.says(line)
        if not command.startswith("python3"):
            # Operators are answered a little later than everybody.
            await until_open(int(self.settings["MPMIRROR_ADMIN_TCP"].rpartition(":")[2]))
        return Printed(0, self.there("".join(running.lines)))

    async def end(self) -> None:
        """End what runs on."""
        if self.daemon is not None:
            await self.daemon.end()
            self.daemon = None

    def environment(self) -> Mapping[str, str]:
        """Return the environment: nothing of this machine's that could change what is said."""
        folder = self.place / ".venv" / "bin"
        return {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.place),
            "LANG": "C.UTF-8",
            "COLUMNS": "500",
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    async def _start(self, command: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", self.here(command)),
            cwd=self.place,
            env=self.environment(),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
        )


class Running:
    """A program that runs on, and what it has printed so far."""

    def __init__(self, process: Process) -> None:
        self.lines: list[str] = []
        self._process = process
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def says(self, line: str) -> None:
        """Wait for *line*."""
        async with asyncio.timeout(_SECONDS):
            while not any(line in one for one in self.lines):
                assert not self._reading.done(), self.lines
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        """Tell it to end, and wait for that."""
        send(self._process, signal.SIGTERM)
        async with asyncio.timeout(_SECONDS):
            await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(line.decode())
            self._news.set()
        self._news.set()


async def until_open(number: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(_SECONDS):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", number)) == 0:
                    return
            await asyncio.sleep(0.05)


def free_number() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@asynccontextmanager
async def room_in(place: Path, upstream: str) -> AsyncIterator[Room]:
    """Give an empty room in *place*, whose path is short enough for a Unix socket."""
    number, admin = free_number(), free_number()
    room = Room(place, upstream)
    room.words |= {
        "http://192.168.1.20:8080": f"http://127.0.0.1:{number}",
        "http://mirror.lab:8080": f"http://127.0.0.1:{number}",
        "http://127.0.0.1:8081": f"http://127.0.0.1:{admin}",
        **{path: str(place / path.removeprefix("/")) for path in _PLACES},
    }
    room.settings |= {
        "MPMIRROR_DATA_DIR": str(place / "var/lib/mpmirror"),
        "MPMIRROR_KEYS_DIR": str(place / "var/lib/mpmirror-keys"),
        "MPMIRROR_LISTEN": f"127.0.0.1:{number}",
        "MPMIRROR_ADMIN_TCP": f"127.0.0.1:{admin}",
        "MPMIRROR_UPSTREAM__URL": upstream,
        "MPMIRROR_UPSTREAM__REQUESTS_PER_SECOND": "0",
        "MPMIRROR_DISK__KEEP_FREE": "1MB",
        "MPMIRROR_POLICY__PACKAGES": "[]",
        "MPMIRROR_POLICY__PHOTOGRAPHS": "false",
    }
    room.prepare()
    try:
        yield room
    finally:
        await room.end()


# Folders of the documents, each of which is one of the room.
_PLACES: Final = (
    "/var/lib/mpmirror",
    "/mnt/backup/mpmirror",
    "/media/usb/firmware",
    "/media/stick",
    "/srv/mpmirror",
    "/etc/mpmirror",
)
