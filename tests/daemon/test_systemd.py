"""systemd hears that the daemon is ready, that it is alive, and that it stops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mirror.daemon.systemd import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def systemd(place: str) -> Iterator[socket.socket]:
    """Listen as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(place.replace("@", "\0", 1) if place[0] == "@" else place)
        listener.settimeout(120)  # the machine may be busy
        yield listener


def heard(listener: socket.socket) -> list[bytes]:
    """Give what was said until now."""
    listener.setblocking(False)  # noqa: FBT003 - the interface of sockets
    said = []
    with contextlib.suppress(BlockingIOError):
        while True:
            said.append(listener.recv(100))
    return said


@pytest.mark.parametrize("abstract", [False, True])
async def test_ready_alive_and_stopping_are_said_in_this_order(
    tmp_path: Path, *, abstract: bool
) -> None:
    place = f"@mpmirror-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with systemd(place) as listener:
        notifier = Notifier({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "20000"})
        async with notifier.supervised():
            await asyncio.sleep(0.05)
        said = heard(listener)

    assert said[0] == b"READY=1"
    assert said[-1] == b"STOPPING=1"
    assert said.count(b"WATCHDOG=1") == len(said) - 2 >= 1


async def test_a_loop_that_stands_still_says_nothing(tmp_path: Path) -> None:
    """Only then is the watchdog one."""
    place = str(tmp_path / "notify")
    with systemd(place) as listener:
        async with Notifier({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "20000"}).supervised():
            await asyncio.sleep(0.05)
            heard(listener)
            time.sleep(0.2)  # noqa: ASYNC251 - what is tested
            said = heard(listener)

    assert said == []


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"},
    ],
)
async def test_who_is_not_watched_does_not_say_that_it_lives(
    tmp_path: Path, watchdog: dict[str, str]
) -> None:
    place = str(tmp_path / "notify")
    with systemd(place) as listener:
        async with Notifier({"NOTIFY_SOCKET": place, **watchdog}).supervised():
            await asyncio.sleep(0.05)
        said = heard(listener)

    assert said == [b"READY=1", b"STOPPING=1"]


@pytest.mark.parametrize("place", ["", "nowhere", "/nowhere/at/all", "vsock:2:1"])
async def test_without_systemd_nothing_is_said_and_nothing_fails(place: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "20000"})
    async with notifier.supervised():
        await asyncio.sleep(0.02)


@pytest.mark.programs
def test_the_daemon_is_ready_when_it_answers_and_stops_when_it_is_told(tmp_path: Path) -> None:
    """The program itself, under a socket that stands for systemd."""
    place = str(tmp_path / "notify")
    command = ["serve", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1"]
    environ = {"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "2000000", "PATH": os.environ["PATH"]}
    with systemd(place) as listener:
        program = (sys.executable, "-m", "mirror", "--data", str(tmp_path / "data"), *command)
        process = subprocess.Popen(program, env=environ)  # noqa: S603 - our own program
        try:
            said = {listener.recv(100)}
            while said < {b"READY=1", b"WATCHDOG=1"}:
                said.add(listener.recv(100))
            process.terminate()
            while listener.recv(100) != b"STOPPING=1":
                pass
            status = process.wait(60)
        finally:
            process.kill()
            process.wait()

    assert status == 0
