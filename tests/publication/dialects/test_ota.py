"""Updates over the air: exactly what micropython-esp32-ota wants, put together as it does."""

from __future__ import annotations

import json

from mirror.publication.dialects.ota import OTA, update_path
from tests.publication.dialects.boards import board, esp32, pico_w
from tests.publication.dialects.rendering import NOWHERE, render


def address(url: str, firmware: str) -> str:
    """Return where `from_json` fetches *firmware* that the document at *url* names."""
    if firmware.startswith(("https:", "http:", "/")):
        return firmware
    return f"{url.rsplit('/', 1)[0]}/{firmware}"


def test_an_update_has_exactly_what_is_wanted() -> None:
    file = next(
        file
        for release in esp32().releases
        for file in release.files
        if file.name == "ESP32_GENERIC-OTA-20260406-v1.28.0.app-bin"
    )
    body, media_type = render(OTA, esp32(), site=NOWHERE)[update_path("ESP32_GENERIC", "OTA")]

    assert media_type == "application/json"
    assert json.loads(body) == {
        "firmware": file.name,
        "sha": file.hashes.sha256,
        "length": file.size,
    }


def test_the_file_is_asked_for_beside_the_document_and_without_dots() -> None:
    """Nothing in MicroPython would take ``..`` out of a path."""
    body, _ = render(OTA, esp32())["/ota/ESP32_GENERIC.json"]
    url = "http://mirror.lab:8080/ota/ESP32_GENERIC.json"

    assert address(url, json.loads(body)["firmware"]) == (
        "http://mirror.lab:8080/ota/ESP32_GENERIC-20260406-v1.28.0.app-bin"
    )


def test_the_newest_preview_is_apart_from_the_newest_release() -> None:
    names = (
        "ESP32_GENERIC-20260807-v1.29.0-preview.678.g5f2181f938.app-bin",
        "ESP32_GENERIC-20260406-v1.28.0.app-bin",
        "ESP32_GENERIC-20251209-v1.27.0.app-bin",
    )
    rendered = render(OTA, board(*names, port="esp32", chip="ESP32"))

    assert {path: json.loads(body)["firmware"] for path, (body, _) in rendered.items()} == {
        "/ota/ESP32_GENERIC.json": names[1],
        "/ota/ESP32_GENERIC.preview.json": names[0],
    }


def test_a_board_without_app_bin_has_none() -> None:
    assert render(OTA, pico_w()) == {}
