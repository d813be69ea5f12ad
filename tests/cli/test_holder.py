"""A command waits for a daemon that only just starts, and not for one that answers."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from mirror.cli import main
from mirror.cli.holder import store_or_holder
from mirror.config import load_settings
from mirror.control import ask
from mirror.errors import LockedError, StorageError
from mirror.storage.lock import locked

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.config import Settings

# Nobody waits for that long: a test that did would be ended by its own time limit.
LONG = 3600.0
SOON = 0.3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A node whose data another process may have; the path of its socket is short."""
    (tmp_path / "data").mkdir()
    return load_settings({}, tmp_path)


async def answering(settings: Settings) -> asyncio.Server:
    """Take connections where the operators' socket is, and say nothing."""

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    return await asyncio.start_unix_server(hang_up, settings.admin_listen.path)


async def test_a_daemon_that_begins_to_answer_is_waited_for(settings: Settings) -> None:
    with locked(settings.data_dir):
        beginning = asyncio.get_running_loop().create_task(_later(settings))
        async with asyncio.timeout(60), store_or_holder(settings, LONG) as store:
            began = beginning.done()
        server = await beginning

    server.close()
    assert store is None
    assert began


async def _later(settings: Settings) -> asyncio.Server:
    await asyncio.sleep(SOON)
    return await answering(settings)


async def test_a_daemon_that_answers_is_asked_at_once(settings: Settings) -> None:
    with locked(settings.data_dir):
        server = await answering(settings)
        async with asyncio.timeout(60), store_or_holder(settings, LONG) as store:
            assert store is None
        server.close()


async def test_a_command_that_lets_the_data_go_is_waited_for(settings: Settings) -> None:
    held = locked(settings.data_dir)
    held.__enter__()
    asyncio.get_running_loop().call_later(SOON, held.__exit__, None, None, None)

    async with asyncio.timeout(60), store_or_holder(settings, LONG) as store:
        assert store is not None


async def test_who_never_answers_is_not_waited_for_for_ever(settings: Settings) -> None:
    with locked(settings.data_dir):
        async with asyncio.timeout(60), store_or_holder(settings, SOON) as store:
            assert store is None

    with pytest.raises(LockedError, match="does not answer: it has just ended, or another"):
        await ask(settings.admin_listen.path, "GET", "/v1/status.json")


@pytest.mark.parametrize("words", ["check", "check --ledger", "check --rebuild"])
def test_a_folder_that_was_mistyped_is_not_sound(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is one made there."""
    folder = tmp_path / "dta"
    status = main(["--data", str(folder), *words.split()])

    assert status == 1
    assert "is not a data folder of mpmirror" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["status", "prune --dry-run", "config explain RPI_PICO_W"])
def test_who_asks_what_is_held_begins_nothing(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first run nothing is held, and one word too many in a path is told."""
    folder = tmp_path / "dta"
    status = main(["--data", str(folder), *words.split()])

    assert status == 4
    assert capsys.readouterr().err == (
        f"mpmirror: {folder} holds nothing yet: mpmirror serve and mpmirror sync begin it\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["status", "prune --dry-run", "config explain RPI_PICO_W"])
def test_who_asks_what_is_held_leaves_a_folder_of_others(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not empty, and nothing of it is ours."""
    (tmp_path / "thesis.tex").touch()

    assert main(["--data", str(tmp_path), *words.split()]) == 1
    assert "is no data folder of mpmirror" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write what belongs to others")
async def test_root_leaves_nothing_that_the_daemon_could_not_change(settings: Settings) -> None:
    nobody = 65534
    os.chown(settings.data_dir, nobody, nobody)
    with pytest.raises(StorageError, match=r"belongs to .*: sudo -u .* mpmirror"):
        async with store_or_holder(settings):
            pass

    assert list(settings.data_dir.iterdir()) == []
