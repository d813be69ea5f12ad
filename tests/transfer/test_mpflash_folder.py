"""The folder for mpflash: whole files, an export that goes on, and a list that tells the truth."""

from __future__ import annotations

import json
from errno import EIO, ENOSPC
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import PublicationNotFoundError, StorageError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.store import StoreReader
from mirror.transfer.mpflash_folder import export_folder
from tests.storage.disks import FailingDisk
from tests.transfer.publishing import publish_usual
from tests.web import building
from tests.web.building import ESP, ESP_OTA, PICO, PICO_OLD, PICO_PREVIEW, USUAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirror.transfer.mpflash_folder import Exported

STORED = {
    "esp32/ESP32_GENERIC-v1.28.0.bin": ESP,
    "esp32/ESP32_GENERIC-OTA-v1.28.0.bin": ESP_OTA,
    "rp2/RPI_PICO_W-v1.28.0.uf2": PICO,
    "rp2/RPI_PICO_W-v1.27.0.uf2": PICO_OLD,
    "rp2/RPI_PICO_W-v1.29.0-preview.678.uf2": PICO_PREVIEW,
}


@pytest.fixture
async def store(tmp_path: Path) -> StoreReader:
    """A store with a publication of two boards."""
    await publish_usual(tmp_path / "data")
    return await StoreReader.open_for_reading(tmp_path / "data")


async def export(
    store: StoreReader, folder: Path, boards: Sequence[str] = (), disk: Disk | None = None
) -> Exported:
    """Export into *folder*."""
    return await export_folder(store, Files(disk or Disk()), folder, boards)


def found(folder: Path) -> dict[str, bytes]:
    """Return the images that lie in *folder*."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*-v*")
        if path.is_file()
    }


def listed(folder: Path) -> list[str]:
    """Return the files that the list names."""
    lines = (folder / "firmware.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["filename"] for line in lines]


async def test_the_folder_has_every_image_and_the_list_names_it(
    store: StoreReader, tmp_path: Path
) -> None:
    folder = tmp_path / "usb" / "firmware"

    done = await export(store, folder)

    assert found(folder) == {name: USUAL[source] for name, source in STORED.items()}
    assert sorted(listed(folder)) == sorted(STORED)
    assert (done.files, done.written, done.damaged, done.unmatched) == (5, 5, [], [])


async def test_sums_in_each_folder_are_those_of_its_files(
    store: StoreReader, tmp_path: Path
) -> None:
    await export(store, tmp_path / "usb")
    sums = (tmp_path / "usb" / "rp2" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()

    assert dict(line.split("  ")[::-1] for line in sums) == {
        name.removeprefix("rp2/"): Digest.of(USUAL[source]).hex
        for name, source in STORED.items()
        if name.startswith("rp2/")
    }


async def test_only_the_boards_asked_for_are_there(store: StoreReader, tmp_path: Path) -> None:
    """A pattern that nothing fits is named."""
    done = await export(store, tmp_path / "usb", ["ESP32*", "TEENSY*"])

    assert {name.partition("/")[0] for name in found(tmp_path / "usb")} == {"esp32"}
    assert done.unmatched == ["TEENSY*"]


async def test_what_is_there_is_not_written_again_and_what_is_wrong_is(
    store: StoreReader, tmp_path: Path
) -> None:
    await export(store, tmp_path / "usb")
    spoilt = tmp_path / "usb" / "rp2" / "RPI_PICO_W-v1.28.0.uf2"
    spoilt.write_bytes(bytes(len(USUAL[PICO])))

    done = await export(store, tmp_path / "usb")

    assert (done.files, done.written) == (5, 1)
    assert spoilt.read_bytes() == USUAL[PICO]


async def test_nobody_who_writes_to_the_folder_reaches_the_store(
    store: StoreReader, tmp_path: Path
) -> None:
    await export(store, tmp_path / "usb")
    (tmp_path / "usb" / "rp2" / "RPI_PICO_W-v1.28.0.uf2").write_bytes(b"changed")

    assert await store.blobs.read(Digest.of(USUAL[PICO]), max_bytes=1 << 20) == USUAL[PICO]


async def test_a_damaged_file_is_named_and_never_exported(
    store: StoreReader, tmp_path: Path
) -> None:
    """The others are there, and the list does not promise it."""
    hex_digits = Digest.of(USUAL[PICO]).hex
    blob = tmp_path / "data" / "blobs" / "sha256" / hex_digits[:2] / hex_digits
    blob.chmod(0o644)
    blob.write_bytes(bytes(len(USUAL[PICO])))

    done = await export(store, tmp_path / "usb")

    assert [sentence.partition(":")[0] for sentence in done.damaged] == [PICO]
    assert sorted(listed(tmp_path / "usb")) == sorted(found(tmp_path / "usb"))
    assert len(listed(tmp_path / "usb")) == len(STORED) - 1


async def test_a_store_that_never_published_says_so(tmp_path: Path) -> None:
    building.opened(tmp_path / "data")
    store = await StoreReader.open_for_reading(tmp_path / "data")

    with pytest.raises(PublicationNotFoundError):
        await export(store, tmp_path / "usb")


@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_wherever_the_disk_fails_no_name_has_wrong_bytes_and_a_second_time_mends_it(
    store: StoreReader, tmp_path: Path, error: int
) -> None:
    """Each disk call fails once; what the list names is there whole at every moment."""
    disk = FailingDisk()
    right = {name: USUAL[source] for name, source in STORED.items() if name.startswith("esp32/")}
    for n in range(1, 200):
        folder = tmp_path / f"usb{n}"
        with disk.broken(n, error, short=True):
            await export(store, folder, ["ESP32*"], disk)
        if not disk.failed:
            break

        assert found(folder).items() <= right.items()
        assert not (folder / "firmware.jsonl").exists() or sorted(listed(folder)) == sorted(right)

        await export(store, folder, ["ESP32*"], disk)

        assert found(folder) == right
        assert sorted(listed(folder)) == sorted(right)
    assert n > 15


async def test_a_folder_that_can_not_be_written_is_an_error_of_the_family(
    store: StoreReader, tmp_path: Path
) -> None:
    (tmp_path / "usb").write_text("a file", encoding="utf-8")

    with pytest.raises(StorageError):
        await export(store, tmp_path / "usb")
