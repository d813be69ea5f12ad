"""A command waits for a daemon that only just starts, and not for one that answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirror.cli.holder import store_or_holder
from mirror.config import load_settings
from mirror.control import ask
from mirror.errors import LockedError
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
