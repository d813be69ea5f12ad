"""Arduino's index: its installer takes the first release of its type with the right ending."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mirror.publication.dialects.arduino import ARDUINO
from tests.publication.dialects.boards import board, esp32, pico_w
from tests.publication.dialects.rendering import NOWHERE, render

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

NANO = "ARDUINO_NANO_ESP32"
NAMES = (
    f"{NANO}-20260807-v1.29.0-preview.678.g5f2181f938.bin",
    f"{NANO}-20260406-v1.28.0.bin",
    f"{NANO}-20260406-v1.28.0.app-bin",
    f"{NANO}-20251209-v1.27.0.bin",
    f"{NANO}-OTA-20260406-v1.28.0.bin",
)


def index(*documents: BoardDocument) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return what the index says."""
    return json.loads(render(ARDUINO, *documents, site=NOWHERE)["/micropython/index.json"][0])


def taken(document: BoardDocument, ending: str, kind: str) -> str:
    """Return what the installer fetches: the first of *kind* whose URL has this ending."""
    [found] = index(document)["boards"]
    urls = [release["url"] for release in found["releases"] if release["type"] == kind]
    return str(next(url for url in urls if url.endswith(ending)))


def test_a_board_has_what_the_installer_reads() -> None:
    document = board("ARDUINO_NANO_RP2040_CONNECT-20260406-v1.28.0.uf2")

    assert index(document) == {
        "boards": [
            {
                "name": "ARDUINO_NANO_RP2040_CONNECT",
                "releases": [
                    {
                        "type": "(stable)",
                        "version": "1.28.0",
                        "url": "/micropython/ARDUINO_NANO_RP2040_CONNECT-20260406-v1.28.0.uf2",
                    }
                ],
            }
        ]
    }


def test_the_installer_takes_the_newest_of_the_default_variant() -> None:
    document = board(*NAMES, port="esp32", chip="ESP32-S3", offset=0)

    assert taken(document, ".bin", "(stable)") == f"/micropython/{NAMES[1]}"
    assert taken(document, ".app-bin", "(stable)") == f"/micropython/{NAMES[2]}"
    assert taken(document, ".bin", "(preview)") == f"/micropython/{NAMES[0]}"


def test_other_boards_are_none_of_arduinos() -> None:
    assert index(pico_w(), esp32()) == {"boards": []}
