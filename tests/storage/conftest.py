"""What most tests of the storage need: a folder, the ways to write in it, and a whole store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.storage.blob_store import BlobStore
from mirror.storage.blobs import FAN_OUT
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.incoming_folder import IncomingFolder
from mirror.storage.space import Room
from mirror.storage.store import Store
from tests.storage.disks import FailingDisk
from tests.storage.samples import NO_LIMIT, noon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def failing() -> FailingDisk:
    """Return a disk that fails when it is told to."""
    return FailingDisk()


@pytest.fixture
def files(failing: FailingDisk) -> Files:
    """Return the durable writes, over a disk that fails when it is told to."""
    return Files(failing)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Return room without a limit."""
    return Room(Disk(), tmp_path, None)


@pytest.fixture
def blob_folder(tmp_path: Path) -> Path:
    """Return an empty folder for blobs."""
    folder = tmp_path / "sha256"
    folder.mkdir()
    for prefix in FAN_OUT:
        (folder / prefix).mkdir()
    return folder


@pytest.fixture
def blobs(blob_folder: Path, files: Files, room: Room) -> BlobStore:
    """Return an empty store of blobs."""
    return BlobStore(blob_folder, files, room)


@pytest.fixture
def incoming_folder(tmp_path: Path) -> Path:
    """Return an empty folder for partial downloads."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


@pytest.fixture
def incoming(incoming_folder: Path, files: Files, room: Room) -> IncomingFolder:
    """Return an empty folder of partial downloads, looked into as at every start."""
    folder = IncomingFolder(incoming_folder, files, room)
    folder.recover()
    return folder


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Open a new store."""
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as opened:
        yield opened
