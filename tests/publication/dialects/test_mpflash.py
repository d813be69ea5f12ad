"""mpflash's offline folder: names and lines as mpflash 1.29.0 reads them (`db/loader.py`)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from mirror.publication.dialects.mpflash import stored
from tests.publication.dialects.boards import board, hostile_boards, pico_w, with_own_build

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

# `mpflash/download/from_web.py`: how it finds version and build in a name.
RE_VERSION_PREVIEW = r"v(([\d\.]+)(?:-preview)?)\.?(\d+)?\."
DFU = ("PYBV11-20260406-v1.28.0.dfu", "PYBV11-20260406-v1.28.0.hex")


def test_a_line_has_the_fields_of_mpflash() -> None:
    """`firmware` becomes its source, `variant` its board id, `preview` the end of its version."""
    [one] = stored(board("RPI_PICO_W-20260406-v1.28.0.uf2"))

    assert json.loads(one.line) == {
        "port": "rp2",
        "board": "RPI_PICO_W",
        "filename": "rp2/RPI_PICO_W-v1.28.0.uf2",
        "firmware": "https://micropython.org/resources/firmware/RPI_PICO_W-20260406-v1.28.0.uf2",
        "variant": "RPI_PICO_W",
        "preview": False,
        "version": "v1.28.0",
        "url": "",
        "build": "0",
        "ext": ".uf2",
        "family": "micropython",
        "custom": False,
        "description": "",
    }


def test_a_preview_keeps_its_number_and_loses_its_hash() -> None:
    preview = next(one for one in stored(pico_w()) if "preview" in one.name)
    line = json.loads(preview.line)

    assert preview.name == "RPI_PICO_W-v1.29.0-preview.678.uf2"
    assert (line["version"], line["preview"], line["build"]) == ("v1.29.0", True, "678")


def test_variants_of_a_board_are_boards_of_their_own() -> None:
    names = ("ESP32_GENERIC-20260406-v1.28.0.bin", "ESP32_GENERIC-OTA-20260406-v1.28.0.bin")
    document = board(*names, port="esp32", chip="ESP32", offset=0x1000)

    assert [json.loads(one.line)["variant"] for one in stored(document)] == [
        "ESP32_GENERIC",
        "ESP32_GENERIC-OTA",
    ]


@pytest.mark.parametrize(
    ("port", "names", "kinds"),
    [
        ("stm32", DFU, ["dfu"]),
        ("esp32", ("X-20260406-v1.28.0.bin", "X-20260406-v1.28.0.app-bin"), ["bin"]),
        ("rp2", ("X-20260406-v1.28.0.uf2", "X-20260406-v1.28.0.elf"), ["uf2"]),
        ("psoc-edge", ("X-20260406-v1.28.0.hex",), []),
    ],
)
def test_only_what_mpflash_flashes_is_there(
    port: str, names: tuple[str, ...], kinds: list[str]
) -> None:
    assert [one.file.kind for one in stored(board(*names, port=port))] == kinds


def test_what_mpflash_has_no_word_for_is_left_out() -> None:
    """Own builds, hidden files, and the daily builds of the scheme before v1.22.0."""
    daily = "RPI_PICO_W-20230406-unstable-v1.19.1-994-ga4672149b.uf2"
    hidden = "RPI_PICO_W-20251209-v1.27.0.uf2"
    document = board(daily, hidden, "RPI_PICO_W-20260406-v1.28.0.uf2", hidden=[hidden])

    assert [one.name for one in stored(with_own_build(document, "lab.3"))] == [
        "RPI_PICO_W-v1.28.0.uf2"
    ]


def test_of_two_builds_with_one_name_the_first_is_there() -> None:
    """Without its hash a preview's name can be that of another one."""
    two = [f"RPI_PICO_W-20260807-v1.29.0-preview.678.g5f2181f93{digit}.uf2" for digit in "89"]

    assert len(list(stored(board(*two)))) == 1


@settings(max_examples=30)
@given(hostile_boards())
def test_whatever_a_page_says_the_lines_are_lines(document: BoardDocument) -> None:
    """One line each, in JSON; a name that is no path, and that mpflash reads as it was meant."""
    files = list(stored(document))

    for one in files:
        found = re.search(RE_VERSION_PREVIEW, one.name)
        line = json.loads(one.line)

        assert one.line.count(b"\n") == 1
        assert "/" not in one.name
        assert line["filename"] == f"{one.port}/{one.name}"
        assert found
        assert found[1] == line["version"][1:] + ("-preview" if line["preview"] else "")
    assert len({one.name for one in files}) == len(files)
