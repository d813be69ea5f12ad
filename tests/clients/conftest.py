"""The class room that the clients work in, made once for all of them."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clients.lab import Lab, Room, equip, site, upstream

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _in_the_namespace() -> None:
    try:
        address = socket.gethostbyname("mirror.lab")
    except OSError:
        address = ""
    if address != "127.0.0.1":
        pytest.fail("these tests need a network of their own: make test-clients")


@pytest.fixture(scope="session")
def _room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    # For who looks at one test again and again: LAB names a folder that is kept between runs.
    kept = os.environ.get("LAB")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("lab")
    is_synced = (folder / "data" / "channels" / "current").exists()
    lab, mirror = equip(folder)
    if not is_synced:
        with upstream(site()):
            mirror.command("sync", seconds=1800)
    room = Room(lab, mirror)
    yield room
    room.close()


@pytest.fixture
def lab(_room: Room) -> Lab:
    """Give a mirror that holds everything of its boards, and whose upstream is gone."""
    _room.open()
    return _room.lab


@pytest.fixture
def alone(_room: Room) -> None:
    """Have nobody at the addresses of the mirror, for tests that start one of their own."""
    _room.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give the home folder of somebody who has never used any of this."""
    return tmp_path / "home"
