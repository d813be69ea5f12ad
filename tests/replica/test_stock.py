"""Edits: what tests do to upstream, and what upstream then lists and serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.kinds import Kind
from tests.replica.images import make_image
from tests.replica.images.recipe import Recipe
from tests.replica.real import SHARED, needs_shared
from tests.replica.replica import Replica

if TYPE_CHECKING:
    from tests.replica.stock import Stock, StoredFile

OLD = "RPI_PICO-20251209-v1.27.0.uf2"
NEW = "RPI_PICO-20260406-v1.28.0.uf2"


@pytest.fixture
def pico() -> Replica:
    """A Pico with two releases."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0")
    replica.release("RPI_PICO", "v1.28.0")
    return replica


def _file(stock: Stock, name: str) -> StoredFile:
    file = stock.find_file(name)
    if file is None:
        raise AssertionError(name)
    return file


def _bytes(stock: Stock, name: str) -> bytes:
    source = _file(stock, name).source
    return source.read_bytes() if isinstance(source, Path) else make_image(source)


def test_the_newest_release_is_listed_first(pico: Replica) -> None:
    assert pico.names() == (NEW, OLD)


def test_a_release_says_which_files_it_brought() -> None:
    replica = Replica.of("ESP32_GENERIC")

    assert replica.release("ESP32_GENERIC", "v1.28.0", variant="OTA") == (
        "ESP32_GENERIC-OTA-20260406-v1.28.0.bin",
        "ESP32_GENERIC-OTA-20260406-v1.28.0.app-bin",
        "ESP32_GENERIC-OTA-20260406-v1.28.0.elf",
        "ESP32_GENERIC-OTA-20260406-v1.28.0.map",
    )


def test_a_new_release_packs_elf_and_map_of_the_one_before() -> None:
    replica = Replica.of("ESP8266_GENERIC")
    replica.release("ESP8266_GENERIC", "v1.27.0")
    elf = "ESP8266_GENERIC-20251209-v1.27.0.elf"
    before = replica.find_file(elf)
    replica.release("ESP8266_GENERIC", "v1.28.0")

    assert before is not None
    assert replica.find_file(elf) is None
    assert replica.find_file("ESP8266_GENERIC-20251209-v1.27.0.meta.zip") is not None


def test_a_release_of_everything_leaves_out_what_is_no_longer_built() -> None:
    replica = Replica.of("ESP32_GENERIC_S3", "STM32H747I_DISCO")
    replica.release_everywhere("v1.29.0")

    assert [name for name in replica.names() if name.endswith(".bin")] == [
        "ESP32_GENERIC_S3-20260824-v1.29.0.bin",
        "ESP32_GENERIC_S3-SPIRAM_OCT-20260824-v1.29.0.bin",
    ]


def test_a_version_that_never_was_needs_a_date(pico: Replica) -> None:
    with pytest.raises(KeyError):
        pico.release("RPI_PICO", "v9.9.9")


def test_a_fifth_preview_pushes_out_the_oldest(pico: Replica) -> None:
    days = range(1, 6)
    for day in days:
        pico.preview("RPI_PICO", f"v1.29.0-preview.{day}.gabcdef0123", date=f"2026-05-0{day}")
    pico.rotate()
    previews = [name for name in pico.names() if "preview" in name]

    assert [name.split(".")[3] for name in previews] == ["5", "4", "3", "2"]
    assert pico.names()[:2] == (NEW, OLD)


def test_a_withdrawn_file_is_served_and_not_listed(pico: Replica) -> None:
    pico.withdraw(OLD)

    assert pico.names() == (NEW,)
    assert pico.find_file(OLD) is not None


def test_a_removed_file_is_neither_listed_nor_served(pico: Replica) -> None:
    pico.remove(OLD)

    assert pico.names() == (NEW,)
    assert pico.find_file(OLD) is None


def test_a_file_can_come_back(pico: Replica) -> None:
    pico.remove(OLD)
    pico.list_again(OLD)

    assert pico.names() == (NEW, OLD)
    assert pico.find_file(OLD) is not None


def test_nobody_withdraws_what_is_not_there(pico: Replica) -> None:
    with pytest.raises(KeyError):
        pico.withdraw("RPI_PICO-20260406-v9.9.9.uf2")


def test_a_renamed_board_renames_its_files_and_keeps_their_bytes(pico: Replica) -> None:
    before = _bytes(pico, NEW)
    pico.rename_board("RPI_PICO", "PICO_ONE")

    assert pico.boards == ("PICO_ONE",)
    assert pico.find_file(NEW) is None
    assert _bytes(pico, "PICO_ONE-20260406-v1.28.0.uf2") == before
    assert pico.find_moved("RPI_PICO") == "PICO_ONE"


def test_changed_bytes_are_another_file_of_the_same_size(pico: Replica) -> None:
    before, modified = _bytes(pico, NEW), _file(pico, NEW).modified
    pico.change_bytes(NEW)

    assert _bytes(pico, NEW) != before
    assert len(_bytes(pico, NEW)) == len(before)
    assert _file(pico, NEW).modified != modified


def test_bytes_can_change_behind_the_same_etag(pico: Replica) -> None:
    before, modified = _bytes(pico, NEW), _file(pico, NEW).modified
    pico.change_bytes_quietly(NEW)

    assert _bytes(pico, NEW) != before
    assert _file(pico, NEW).modified == modified


def test_the_same_bytes_can_be_uploaded_again(pico: Replica) -> None:
    before, modified = _bytes(pico, NEW), _file(pico, NEW).modified
    pico.upload_again(NEW)

    assert _bytes(pico, NEW) == before
    assert _file(pico, NEW).modified > modified


def test_the_latest_is_the_newest_release_of_the_variant(pico: Replica) -> None:
    pico.preview("RPI_PICO", "v1.29.0-preview.678.g5f2181f938")
    latest = pico.find_latest("RPI_PICO", Kind.UF2)

    assert latest is not None
    assert latest.name == NEW
    assert pico.find_latest("RPI_PICO", Kind.BIN) is None
    assert pico.find_latest("RPI_PICO-OTA", Kind.UF2) is None
    assert pico.find_latest("NOBODY", Kind.UF2) is None


def test_two_seeds_are_two_upstreams() -> None:
    one = Replica.of_boards(1, seed=1)
    two = Replica.of_boards(1, seed=2)
    name = one.names()[0]

    assert one.names() == two.names()
    assert _bytes(one, name) != _bytes(two, name)


def test_files_of_a_folder_stand_under_the_board_they_are_for(tmp_path: Path) -> None:
    names = ["rp2-pico-20210418-v1.15.uf2", "GENERIC_S3_SPIRAM-20220618-v1.19.1.uf2"]
    for name in [*names, "notes.txt", "NOBODY-20260406-v1.28.0.uf2"]:
        (tmp_path / name).write_bytes(name.encode())
    replica = Replica()
    served = replica.serve_folder(tmp_path)

    assert sorted(served) == sorted(names)
    assert replica.names("RPI_PICO") == (names[0],)
    assert replica.names("ESP32_GENERIC_S3") == (names[1],)
    assert _bytes(replica, names[0]) == names[0].encode()


@needs_shared
def test_every_real_image_whose_name_parses_is_listed_once() -> None:
    replica = Replica()
    served = replica.serve_folder(SHARED / "firmware")

    assert len(served) == 44
    assert sorted(replica.names()) == sorted(served)


def test_a_recipe_says_what_the_page_says(pico: Replica) -> None:
    source = _file(pico, NEW).source

    assert source == Recipe(
        port="rp2",
        mcu="rp2040",
        board="RPI_PICO",
        variant=None,
        version="v1.28.0",
        date="2026-04-06",
        kind=Kind.UF2,
    )
