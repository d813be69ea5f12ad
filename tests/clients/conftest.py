"""The class room that the clients work in, made once for all of them."""

from __future__ import annotations

import os
import socket
import threading
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


class Names(threading.Thread):
    """Answers whoever asks for a name that is in no hosts file: there is none; ``asked`` are all.

    A client that wants another host than the mirror has to ask here first.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))

    def run(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                question, client = self._socket.recvfrom(512)
            except OSError:
                return
            self.asked.append(_name_in(question))
            # RFC 1035 section 4.1.1: the same question, as an answer, with RCODE 3.
            self._socket.sendto(question[:2] + b"\x81\x83" + question[4:], client)


def _name_in(question: bytes) -> str:
    labels, at = [], 12
    while at < len(question) and question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(labels)


@pytest.fixture(scope="session")
def _names() -> Names:
    names = Names()
    names.start()
    return names


@pytest.fixture
def asked(_names: Names) -> list[str]:
    """Give the names that this test's clients ask for and that do not lead to the mirror."""
    _names.asked.clear()
    return _names.asked


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
