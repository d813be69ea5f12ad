"""A reader that begins ahead of its parent answers the first question, or leaves nothing."""

from __future__ import annotations

import io
import os
import signal

import psutil
import pytest

from mirror.cli import main
from mirror.formats.verdict import Claim
from mirror.sandbox import Sandbox
from mirror.sandbox.launch import Ahead

pytestmark = pytest.mark.programs


async def ask(sandbox: Sandbox) -> None:
    """Ask something."""
    await sandbox.verify_image(io.BytesIO(bytes(100)), 100, Claim(kind="uf2"))


class Begun:
    """The processes that this one begins from here on; other tests keep some of their own."""

    def __init__(self) -> None:
        self._before = self._all()

    @property
    def pids(self) -> set[int]:
        """Return those that are there now."""
        return self._all() - self._before

    @staticmethod
    def _all() -> set[int]:
        return {child.pid for child in psutil.Process().children()}


def kill(pid: int) -> None:
    """End a process of ours, and leave it to be waited for."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


@pytest.fixture
def begun() -> Begun:
    """Return what is begun in the test."""
    return Begun()


async def test_who_takes_it_asks_it_first_and_ends_it(begun: Begun) -> None:
    with Ahead(wanted=True) as ahead:
        (pid,) = begun.pids
        async with Sandbox(processes=2, ahead=ahead) as sandbox:
            await ask(sandbox)

            assert sandbox.pids == (pid,)
        assert begun.pids == set()


async def test_it_is_taken_once() -> None:
    with Ahead(wanted=True) as ahead:
        async with Sandbox(ahead=ahead):
            assert ahead.take() is None


async def test_taken_and_not_asked_it_is_ended_all_the_same(begun: Begun) -> None:
    with Ahead(wanted=True) as ahead:
        async with Sandbox(ahead=ahead):
            pass

        assert begun.pids == set()


async def test_one_that_died_before_it_was_asked_is_replaced(begun: Begun) -> None:
    with Ahead(wanted=True) as ahead:
        (pid,) = begun.pids
        kill(pid)
        async with Sandbox(ahead=ahead) as sandbox:
            await ask(sandbox)

            assert sandbox.pids != ()
            assert pid not in sandbox.pids


def test_what_nobody_takes_is_ended(begun: Begun) -> None:
    with Ahead(wanted=True):
        assert len(begun.pids) == 1

    assert begun.pids == set()


def test_where_none_is_wanted_none_begins(begun: Begun) -> None:
    with Ahead(wanted=False) as ahead:
        assert begun.pids == set()
        assert ahead.take() is None


@pytest.mark.parametrize("words", [("verify", os.devnull), ("sync",), ("sync", "--dry-run")])
def test_commands_that_read_take_it(
    words: tuple[str, ...], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes of it: nobody listens at this upstream."""
    monkeypatch.setenv("MPMIRROR_DATA_DIR", f"{tmp_path}/data")
    monkeypatch.setenv("MPMIRROR_UPSTREAM__URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("MPMIRROR_UPSTREAM__ATTEMPTS", "1")
    with Ahead(wanted=True) as ahead:
        main(words, reader=ahead)

        assert ahead.take() is None
