"""Tell systemd that the daemon is ready, alive, and stopping (sd_notify(3)).

One datagram each to the Unix socket that systemd named in ``NOTIFY_SOCKET``; without that name
nothing is sent.  Alive is what the event loop says, in half of the time that systemd waits: a
loop that stands still says nothing, and systemd starts the daemon anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_READY: Final = "READY=1"
_STOPPING: Final = "STOPPING=1"
_ALIVE: Final = "WATCHDOG=1"
_MICROSECONDS: Final = 1_000_000
# Seconds for what is said once and must be heard; systemd holds ten notices that it has not read.
_PATIENCE: Final = 0.5


class Notifier:
    """The way to systemd that *environ* names, for the process with the id *process*."""

    def __init__(self, environ: Mapping[str, str], process: int | None = None) -> None:
        self._place = environ.get("NOTIFY_SOCKET", "")
        self._seconds = _watched_for(environ, os.getpid() if process is None else process)

    @contextlib.asynccontextmanager
    async def supervised(self) -> AsyncIterator[None]:
        """Say that clients are answered; be alive while the block lasts, and stopping after it."""
        self._tell(_READY, _PATIENCE)
        task = None if self._seconds is None else asyncio.create_task(self._live(self._seconds))
        try:
            yield
        finally:
            self._tell(_STOPPING, _PATIENCE)
            if task is not None:
                task.cancel()

    async def _live(self, seconds: float) -> NoReturn:
        while True:
            self._tell(_ALIVE)
            await asyncio.sleep(seconds / 2)

    def _tell(self, state: str, patience: float = 0.0) -> None:
        if not self._place.startswith(("/", "@")):
            return
        # "@" stands for the NUL at the beginning of an abstract address (unix(7)).
        place = self._place.replace("@", "\0", 1) if self._place[0] == "@" else self._place
        with (
            contextlib.suppress(OSError),  # a systemd that does not listen stops no daemon
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way,
        ):
            way.settimeout(patience)
            way.sendto(state.encode("ascii"), place)


def _watched_for(environ: Mapping[str, str], process: int) -> float | None:
    """Return after how many seconds of silence systemd acts; None: it does not watch."""
    if environ.get("WATCHDOG_PID", str(process)) != str(process):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return microseconds / _MICROSECONDS if microseconds > 0 else None
