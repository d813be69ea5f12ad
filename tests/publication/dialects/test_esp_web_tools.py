"""Manifests of esp-web-tools: one build each, at the place that was found in the image."""

from __future__ import annotations

import json
from dataclasses import replace
from posixpath import normpath
from typing import TYPE_CHECKING, Any

import pytest

from mirror.publication.dialects.esp_web_tools import ESP_WEB_TOOLS, manifest_path
from tests.publication.dialects.boards import board, esp32, pico_w
from tests.publication.dialects.rendering import NOWHERE, render

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument


def manifests(document: BoardDocument) -> dict[str, Any]:
    """Return all manifests of *document* by path."""
    rendered = render(ESP_WEB_TOOLS, document, site=NOWHERE)
    return {path: json.loads(body) for path, (body, _) in rendered.items()}


def test_a_manifest_has_what_esp_web_tools_reads() -> None:
    assert manifests(esp32())["/esp-web-tools/ESP32_GENERIC.json"] == {
        "name": "MicroPython ESP32_GENERIC",
        "version": "1.28.0",
        "new_install_prompt_erase": True,
        "new_install_improv_wait_time": 0,
        "builds": [
            {
                "chipFamily": "ESP32",
                "parts": [
                    {
                        "path": "../resources/firmware/ESP32_GENERIC-20260406-v1.28.0.bin",
                        "offset": 0x1000,
                    }
                ],
                "ota": {
                    "path": "../resources/firmware/ESP32_GENERIC-20260406-v1.28.0.app-bin",
                    "md5": "0f" * 16,
                },
            }
        ],
    }


def test_each_variant_and_the_newest_preview_have_their_own() -> None:
    assert {path: found["version"] for path, found in manifests(esp32()).items()} == {
        "/esp-web-tools/ESP32_GENERIC.json": "1.28.0",
        "/esp-web-tools/ESP32_GENERIC-OTA.json": "1.28.0",
        "/esp-web-tools/ESP32_GENERIC.preview.json": "1.29.0-preview.678.g5f2181f938",
    }
    assert manifest_path("ESP32_GENERIC", "OTA") in manifests(esp32())


def test_the_paths_lead_to_files_from_where_the_manifest_is() -> None:
    for path, manifest in manifests(esp32()).items():
        for part in manifest["builds"][0]["parts"]:
            file = normpath(path.rpartition("/")[0] + "/" + part["path"])

            assert file.startswith("/resources/firmware/ESP32_GENERIC-")


@pytest.mark.parametrize(("chip", "offset"), [("ESP32-P4", 0x2000), ("ESP32-C3", 0)])
def test_offset_and_chip_are_those_of_the_image(chip: str, offset: int) -> None:
    """Whatever the page says: its instructions here say 0x1000 of an ESP32."""
    [build] = manifests(esp32(offset, chip))["/esp-web-tools/ESP32_GENERIC.json"]["builds"]

    assert (build["chipFamily"], build["parts"][0]["offset"]) == (chip, offset)


def test_what_shows_no_offset_and_what_is_not_of_espressif_has_no_manifest() -> None:
    assert manifests(esp32(None)) == {}
    assert manifests(pico_w()) == {}


def test_a_hidden_release_is_not_the_newest() -> None:
    names = ("ESP32_GENERIC-20260406-v1.28.0.bin", "ESP32_GENERIC-20251209-v1.27.0.bin")
    document = board(*names, port="esp32", chip="ESP32", offset=0x1000, hidden=names[:1])

    assert manifests(document)["/esp-web-tools/ESP32_GENERIC.json"]["version"] == "1.27.0"


def test_a_board_whose_id_could_be_a_variant_of_another_has_none() -> None:
    """Two builds would share a path, and one of them would be flashed on the other's board."""
    document = board("X-V-20260406-v1.28.0.bin", port="esp32", chip="ESP32", offset=0)
    renamed = replace(document, board="X-V")

    assert manifests(document)
    assert manifests(renamed) == {}
