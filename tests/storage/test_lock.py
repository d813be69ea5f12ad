"""One writer for each data folder."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mirror.errors import LockedError, StorageError
from mirror.storage.lock import locked, locked_soon, refuse_if_locked

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, pathlib
from mirror.storage.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    """Who comes second hears who was first."""
    with (
        locked(tmp_path),
        pytest.raises(LockedError, match=f"process {os.getpid()} holds .*{tmp_path}"),
        locked(tmp_path),
    ):
        pass


def test_a_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    """The lock ends with its block."""
    with locked(tmp_path):
        pass
    with locked(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """Another process holds the lock until it is killed, however it is killed."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own words
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(LockedError, match=f"process {process.pid} holds"), locked(tmp_path):
            pass
        process.kill()
        process.wait()
        with locked(tmp_path):
            pass


def test_a_folder_that_is_not_there_can_not_be_locked(tmp_path: Path) -> None:
    """The error names the file."""
    with (
        pytest.raises(StorageError, match=r"locking .*/nowhere/lock failed"),
        locked(tmp_path / "nowhere"),
    ):
        pass


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"not a number\n"])
def test_whatever_the_file_says_the_lock_holds(tmp_path: Path, text: bytes) -> None:
    """The process id is for people only."""
    with locked(tmp_path):
        (tmp_path / "lock").write_bytes(text)
        with pytest.raises(LockedError, match="another process holds"), locked(tmp_path):
            pass


async def test_whoever_waits_gets_the_folder_when_it_is_free(tmp_path: Path) -> None:
    """Not a moment before, and by nobody's leave but the holder's."""
    loop = asyncio.get_running_loop()
    with locked(tmp_path):
        waiting = asyncio.create_task(_hold(tmp_path, patience=60.0))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    begun = loop.time()
    await waiting

    assert loop.time() - begun < 30


async def test_patience_ends(tmp_path: Path) -> None:
    """Then the holder is named, and waiting has changed nothing."""
    with locked(tmp_path):
        with pytest.raises(LockedError, match=f"process {os.getpid()} holds"):
            await _hold(tmp_path, patience=0.2)
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


async def test_asking_whether_a_folder_is_locked_changes_nothing(tmp_path: Path) -> None:
    """A free folder can be locked afterwards; a held one is refused, with the holder's number."""
    await refuse_if_locked(tmp_path, 0.0)
    with locked(tmp_path), pytest.raises(LockedError, match=f"process {os.getpid()} holds"):
        await refuse_if_locked(tmp_path, 0.0)


async def test_a_folder_that_can_not_be_locked_is_locked_by_nobody(tmp_path: Path) -> None:
    """Asking is no error there."""
    await refuse_if_locked(tmp_path / "nowhere", 0.0)


async def _hold(folder: Path, patience: float) -> None:
    async with locked_soon(folder, patience):
        pass
