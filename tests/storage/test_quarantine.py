"""Refused bytes, kept for a look."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError
from mirror.storage.disk import Disk
from mirror.storage.entries import Refusal
from mirror.storage.files import Files
from mirror.storage.quarantine import Bounds, Quarantine
from tests.storage.disks import EIO, ENOSPC, FailingDisk, every_operation
from tests.storage.samples import NOON, REASONS, names, noon

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.incoming import Incoming
    from mirror.storage.incoming_folder import IncomingFolder

URL = "https://micropython.test/name.bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder."""
    folder = tmp_path / "quarantine"
    folder.mkdir()
    return folder


@pytest.fixture
def quarantine(folder: Path, files: Files) -> Quarantine:
    """Return a quarantine for three files and 100 bytes."""
    return Quarantine(folder, files, Bounds(files=3, bytes=100), noon)


async def refused(incoming: IncomingFolder, data: bytes) -> Incoming:
    """Receive *data*."""
    part = incoming.open("name.bin", URL)
    await part.write(data)
    await part.finish()
    return part


async def test_refused_bytes_are_there_with_the_reasons(
    quarantine: Quarantine, incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """Bytes, name, URL, time, reasons, digest, size; nothing is left in the incoming folder."""
    digest = await quarantine.put(await refused(incoming, b"bad"), "name.bin", URL, REASONS)
    note = Refusal(NOON, "name.bin", URL, REASONS, Digest.of(b"bad"), 3)
    with quarantine.open(digest) as file:
        assert (file.read(), await quarantine.notes()) == (b"bad", [note])

    assert names(incoming_folder) == []


async def test_what_equal_bytes_were_refused_for_first_stays(
    quarantine: Quarantine, incoming: IncomingFolder
) -> None:
    """The same bytes once more change nothing."""
    await quarantine.put(await refused(incoming, b"bad"), "name.bin", URL, REASONS)
    await quarantine.put(await refused(incoming, b"bad"), "other.bin", URL, ())

    assert [note.name for note in await quarantine.notes()] == ["name.bin"]


async def test_the_oldest_go_when_there_are_too_many(
    quarantine: Quarantine, incoming: IncomingFolder, folder: Path
) -> None:
    """Of five, three stay, with their notes."""
    for number in range(5):
        await put_at(quarantine, incoming, folder, bytes([number]), seconds=number)
    kept = [Digest.of(bytes([number])).hex for number in (2, 3, 4)]

    assert names(folder) == sorted([*kept, *(f"{name}.json" for name in kept)])


async def test_the_oldest_go_when_they_are_too_large(
    quarantine: Quarantine, incoming: IncomingFolder, folder: Path
) -> None:
    """Within 100 bytes the newest two of 40 fit."""
    for number in range(3):
        await put_at(quarantine, incoming, folder, bytes([number]) * 40, seconds=number)

    assert {note.digest for note in await quarantine.notes()} == {
        Digest.of(bytes([number]) * 40) for number in (1, 2)
    }


async def test_what_is_too_large_for_the_quarantine_is_not_kept(
    quarantine: Quarantine, incoming: IncomingFolder, folder: Path
) -> None:
    """The bound holds for one file too."""
    await quarantine.put(await refused(incoming, bytes(101)), "name.bin", URL, REASONS)

    assert names(folder) == []


async def put_at(
    quarantine: Quarantine, incoming: IncomingFolder, folder: Path, data: bytes, *, seconds: int
) -> None:
    """Put *data* so many seconds after the beginning."""
    part = await refused(incoming, data)
    os.utime(part.path, (seconds, seconds))
    digest = await quarantine.put(part, "name.bin", URL, REASONS)
    if (folder / digest.hex).exists():
        os.utime(folder / digest.hex, (seconds, seconds))


async def test_what_is_not_in_quarantine_is_not_found(quarantine: Quarantine) -> None:
    """The digest is named."""
    with pytest.raises(ArtifactNotFoundError, match=Digest.of(b"x").hex):
        quarantine.open(Digest.of(b"x"))


@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_fails_bytes_have_a_note_and_a_retry_succeeds(
    quarantine: Quarantine,
    incoming: IncomingFolder,
    failing: FailingDisk,
    folder: Path,
    error: int,
) -> None:
    """For the n-th operation, for every n."""
    for n in every_operation(failing):
        data = b"bad" + bytes([n])
        part = await refused(incoming, data)
        with failing.broken(n, error):
            await quarantine.put(part, "name.bin", URL, REASONS)
        whole = {name for name in names(folder) if "." not in name}

        assert {f"{name}.json" for name in whole} <= set(names(folder))
        await quarantine.put(await refused(incoming, data), "name.bin", URL, REASONS)
        with quarantine.open(Digest.of(data)) as file:
            assert file.read() == data


async def test_half_a_pair_is_swept_at_the_start(
    quarantine: Quarantine, incoming: IncomingFolder, folder: Path
) -> None:
    """Bytes without a note and a note without bytes go; other files do not."""
    digest = await quarantine.put(await refused(incoming, b"bad"), "name.bin", URL, REASONS)
    for name in ("0" * 64, "1" * 64 + ".json", "readme"):
        (folder / name).touch()
    quarantine.recover()

    assert names(folder) == sorted([digest.hex, f"{digest.hex}.json", "readme"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200))
async def test_any_note_is_read_or_damage(tmp_path: Path, note: bytes) -> None:
    """A note that is not ours is `DamagedError`, and nothing else."""
    (tmp_path / f"{'0' * 64}.json").write_bytes(note)
    with pytest.raises(DamagedError, match="can not be read"):
        await Quarantine(tmp_path, Files(Disk()), Bounds(), noon).notes()
