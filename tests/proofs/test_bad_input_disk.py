"""A disk that is full, read-only, or of another version: it is said, and nothing is lost."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from mirror.errors import DamagedError, DiskFullError, ForeignDataError, StorageError
from mirror.storage.space import KeepFree
from tests.proofs.mounts import mount, mounted, read_only
from tests.proofs.node import Node
from tests.proofs.walking import Walked
from tests.proofs.words import is_one_sentence
from tests.replica import Replica

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.sandbox import Sandbox
    from tests.proofs.conftest import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system of 3 MB in *place*, with a mirror of two images of half a MB on it."""

    place: Path
    replica: Replica
    node: Node
    before: Walked

    def enlarge(self) -> None:
        """Make it a file system of 16 MB."""
        mount("-o", "remount,size=16m", str(self.place))

    def fill(self) -> Path:
        """Put a file on it that leaves nothing free; return that."""
        ballast = self.place / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(self.place).free))
        return ballast


@pytest_asyncio.fixture(loop_scope="session")
async def small_disk(tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[SmallDisk]:
    """The small disk, its mirror synced once."""
    place = tmp_path / "disk"
    place.mkdir()
    replica = Replica.of("RPI_PICO", "RPI_PICO_W", size=250_000)
    for board in replica.boards:
        replica.release(board, "v1.28.0")
    with mounted(place, "-t", "tmpfs", "-o", "size=3m", "tmpfs"):
        async with replica.running() as url:
            node = Node(place / "data", url, sandbox)
            await node.sync()
            yield SmallDisk(place, replica, node, await node.walked())


async def test_a_disk_that_fills_up_in_a_run_is_named_and_more_room_mends_it(
    small_disk: SmallDisk,
) -> None:
    """What fits is held, the rest is not; the sentence has the path that did not fit."""
    for version in ("v1.29.0", "v1.27.0"):
        for board in small_disk.replica.boards:
            small_disk.replica.release(board, version)
    outcome = await small_disk.node.sync()
    meanwhile = await small_disk.node.walked()
    small_disk.enlarge()
    mended = await small_disk.node.sync()
    after = await small_disk.node.walked()

    assert "no space left on the disk" in outcome.message
    assert str(small_disk.place) in outcome.message
    assert is_one_sentence(outcome.message)
    assert outcome.exit_status == DiskFullError.exit_status == 1
    assert small_disk.before.files.items() <= meanwhile.files.items()
    assert (mended.exit_status, mended.message) == (0, "complete")
    assert after.files.keys() == set(small_disk.replica.names())


async def test_a_disk_without_a_byte_left_serves_all_it_has(small_disk: SmallDisk) -> None:
    """Not even a run can begin: that is said; with room again, the next one succeeds."""
    small_disk.replica.release("RPI_PICO", "v1.29.0")
    ballast = small_disk.fill()
    with pytest.raises(DiskFullError, match="no space left on the disk") as caught:
        await small_disk.node.sync()
    meanwhile = await small_disk.node.walked()
    ballast.unlink()
    mended = await small_disk.node.sync()
    after = await small_disk.node.walked()

    assert str(small_disk.place) in str(caught.value)
    assert is_one_sentence(str(caught.value))
    assert meanwhile == small_disk.before
    assert mended.exit_status == 0
    assert after.files.keys() == set(small_disk.replica.names())


async def test_what_shall_stay_free_stays_free(scene: Scene) -> None:
    """Below ``disk.keep_free`` nothing is fetched, the setting is named, the rest goes on."""
    name = scene.release()
    greedy = KeepFree(least_bytes=shutil.disk_usage(scene.node.folder).total, share=0)
    outcome = await replace(scene.node, keep_free=greedy).sync()
    meanwhile = await scene.node.walked()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert "(disk.keep_free)" in outcome.message
    assert str(scene.node.folder) in outcome.message
    assert is_one_sentence(outcome.message)
    assert outcome.exit_status == 1
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert after.files == scene.with_new(name)


async def test_a_read_only_data_folder_is_named_and_served(scene: Scene) -> None:
    """No run begins, every byte is still served, and writable again all goes on."""
    name = scene.release()
    with read_only(scene.node.folder):
        with pytest.raises(StorageError, match="read-only file system") as caught:
            await scene.node.sync()
        meanwhile = await scene.node.walked()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert str(scene.node.folder) in str(caught.value)
    assert is_one_sentence(str(caught.value))
    assert caught.value.exit_status == 1
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert after.files == scene.with_new(name)


async def test_a_database_of_a_newer_version_is_left_alone_and_named(scene: Scene) -> None:
    """The sentence says what to do; who does it loses nothing and fetches nothing again."""
    name = scene.release()
    database = scene.node.folder / "mpmirror.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ForeignDataError, match="written by a newer mpmirror") as caught:
        await scene.node.sync()
    meanwhile = await scene.node.walked()
    database.unlink()
    asked = len(scene.replica.requests)
    mended = await scene.node.sync()
    fetched = [request.path for request in scene.replica.requests[asked:]]
    after = await scene.node.walked()

    assert str(database) in str(caught.value)
    assert "9999" in str(caught.value)
    assert is_one_sentence(str(caught.value))
    assert caught.value.exit_status == 1
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert [path for path in fetched if "firmware" in path] == [f"/resources/firmware/{name}"]
    assert after.files == scene.with_new(name)


async def test_a_data_folder_of_a_newer_format_is_left_alone_and_named(scene: Scene) -> None:
    """Nothing in it is touched or guessed; with the right version all of it is there."""
    form = scene.node.folder / "FORMAT"
    ours = form.read_bytes()
    form.write_bytes(b"2\n")
    with pytest.raises(ForeignDataError, match="says '2'") as caught:
        await scene.node.sync()
    form.write_bytes(ours)
    after = await scene.node.walked()

    assert str(form) in str(caught.value)
    assert is_one_sentence(str(caught.value))
    assert caught.value.exit_status == 1
    assert after == scene.before


async def test_a_damaged_database_is_named_with_the_way_to_mend_it(scene: Scene) -> None:
    """It is an index only: everything is served without it, and made again from the files."""
    name = scene.release()
    database = scene.node.folder / "mpmirror.db"
    database.write_bytes(b"\xff" * database.stat().st_size)
    with pytest.raises(DamagedError, match="check --rebuild") as caught:
        await scene.node.sync()
    meanwhile = await scene.node.walked()
    await scene.node.rebuild()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert str(database) in str(caught.value)
    assert is_one_sentence(str(caught.value))
    assert caught.value.exit_status == 5
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert after.files == scene.with_new(name)
