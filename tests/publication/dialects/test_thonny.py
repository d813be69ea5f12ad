"""Thonny's lists: what its dialogs read, and nothing that they would install wrongly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.publication.dialects.thonny import THONNY
from tests.publication.dialects.boards import board, esp32, pico_w, with_own_build
from tests.publication.dialects.rendering import NOWHERE, URL, render

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

LISTS = ("uf2", "esptool", "daplink")
PREVIEW = "RPI_PICO_W-20260807-v1.29.0-preview.678.g5f2181f938.uf2"


def choices(name: str, *documents: BoardDocument) -> list[dict[str, object]]:
    """Return what the list called *name* says."""
    rendered = render(THONNY, *documents)
    found = json.loads(rendered[f"/thonny/micropython-variants-{name}.json"][0])
    assert isinstance(found, list)
    return found


def versions(choice: dict[str, object]) -> list[str]:
    """Return what the dialog offers, in its order."""
    downloads = choice["downloads"]
    assert isinstance(downloads, list)
    return [download["version"] for download in downloads]


def test_a_choice_has_what_the_dialog_reads() -> None:
    """`base_flashing_dialog.py` of Thonny 5.0.1; `sha256` and `build` are ours."""
    document = replace(board("RPI_PICO_W-20260406-v1.28.0.uf2"), product="Pico W", vendor="RPi")
    [file] = document.releases[0].files

    assert choices("uf2", document) == [
        {
            "build": "RPI_PICO_W",
            "vendor": "RPi",
            "model": "Pico W",
            "family": "rp2",
            "title": "Pico W",
            "info_url": f"{URL}/download/RPI_PICO_W/",
            "downloads": [
                {
                    "version": "1.28.0",
                    "url": f"{URL}/resources/firmware/RPI_PICO_W-20260406-v1.28.0.uf2",
                    "size": file.size,
                    "filename": "RPI_PICO_W-20260406-v1.28.0.uf2",
                    "sha256": file.hashes.sha256,
                }
            ],
        }
    ]


def test_the_release_that_the_dialog_proposes_is_finished() -> None:
    """It proposes the first: a preview or an own build never comes before a release."""
    [choice] = choices("uf2", with_own_build(pico_w(), "lab.3"))

    assert versions(choice) == [
        "1.28.0",
        "1.27.0",
        "1.29.0-preview.678.g5f2181f938",
        "lab.3 (own build)",
    ]


def test_an_own_build_never_hides_a_version_of_upstream() -> None:
    """Thonny takes the last of two downloads that are called the same."""
    document = with_own_build(board("RPI_PICO_W-20260406-v1.28.0.uf2"), "v1.28.0")

    assert versions(choices("uf2", document)[0]) == ["1.28.0", "1.28.0 (own build)"]


@pytest.mark.parametrize(
    ("chip", "offset", "family"),
    [
        ("ESP32", 0x1000, "esp32"),
        ("ESP32-S2", 0x1000, "esp32s2"),
        ("ESP32-C3", 0, "esp32c3"),
        ("ESP32-S3", 0, "esp32s3"),
        ("ESP8266", 0, "esp8266"),
    ],
)
def test_what_thonny_writes_to_the_right_place_is_listed(
    chip: str, offset: int, family: str
) -> None:
    """`_compute_start_address`: 0x1000 for esp32 and esp32s2, 0 for all others."""
    assert {choice["family"] for choice in choices("esptool", esp32(offset, chip))} == {family}


@pytest.mark.parametrize(
    ("chip", "offset"),
    [
        ("ESP32-P4", 0x2000),
        ("ESP32-C5", 0x2000),
        ("ESP32", 0),
        ("ESP32-S3", 0x1000),
        ("ESP32", None),
        (None, 0),
    ],
)
def test_what_thonny_would_write_to_the_wrong_place_is_not(
    chip: str | None, offset: int | None
) -> None:
    document = replace(
        board("ESP32_GENERIC-20260406-v1.28.0.bin", port="esp32", mcu="esp32", chip=chip),
    )
    [release] = document.releases
    [file] = release.files
    flash = replace(file.flash, offset=offset)
    moved = replace(release, files=(replace(file, flash=flash),))

    assert choices("esptool", replace(document, releases=(moved,))) == []


def test_an_application_alone_is_no_choice() -> None:
    names = {
        download["filename"]
        for choice in choices("esptool", esp32())
        for download in choice["downloads"]  # type: ignore[attr-defined]
    }

    assert names
    assert not any(name.endswith(".app-bin") for name in names)


def test_variants_have_titles_of_their_own_and_only_the_default_is_the_model() -> None:
    """Thonny preselects the one whose model agrees with the volume."""
    default, ota = choices("esptool", esp32())

    assert (default["title"], ota["title"]) == ("Esp32 Generic", "Esp32 Generic (Support for OTA)")
    assert (default["model"], ota["model"]) == ("Esp32 Generic", "Esp32 Generic OTA")


def test_of_two_boards_that_look_alike_none_is_lost() -> None:
    """Thonny finds a choice by what it shows of it."""
    boards = [
        replace(board(f"{name}-20260406-v1.28.0.uf2"), product="Pico", vendor="V")
        for name in ("A_PICO", "B_PICO")
    ]

    assert [choice["title"] for choice in choices("uf2", *boards)] == [
        "Pico [A_PICO]",
        "Pico [B_PICO]",
    ]


def test_the_dialog_for_the_microbit_gets_no_other_board() -> None:
    microbit = board("MICROBIT-20260406-v1.28.0.hex", port="nrf", mcu="nrf51")
    other = board("PCA10000-20260406-v1.28.0.hex", port="nrf", mcu="nrf51")

    assert [one["build"] for one in choices("daplink", microbit, other)] == ["MICROBIT"]


@pytest.mark.parametrize("name", LISTS)
def test_a_stock_thonny_finds_the_same(name: str) -> None:
    rendered = render(THONNY, pico_w(), esp32())
    stock = f"/thonny/thonny/master/data/micropython-variants-{name}.json"

    assert rendered[stock] == rendered[f"/thonny/micropython-variants-{name}.json"]
    assert json.loads(rendered[f"/thonny/circuitpython-variants-{name}.json"][0]) == []


def test_nothing_is_left_to_a_pattern() -> None:
    """Thonny would look for a newer preview on a page."""
    bodies = b"".join(body for body, _ in render(THONNY, pico_w(), esp32()).values())

    assert b"latest_prerelease_regex" not in bodies


def test_what_is_hidden_is_not_listed() -> None:
    document = board(PREVIEW, "RPI_PICO_W-20260406-v1.28.0.uf2", hidden=[PREVIEW])

    assert versions(choices("uf2", document)[0]) == ["1.28.0"]


def test_without_an_address_there_are_no_lists() -> None:
    assert render(THONNY, pico_w(), site=NOWHERE) == {}
