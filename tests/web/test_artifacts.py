"""Board documents are read for serving, or refused; nothing in between."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.values import Digest
from mirror.errors import MalformedValueError
from mirror.publication.documents import encode
from mirror.web.artifacts import read_names
from tests.web.building import ESP, ESP_APP, USUAL, boards_of, image

ESP32, PICO_W = (encode(board) for board in boards_of(USUAL))


def changed(**fields: object) -> bytes:
    """Return the document of a board whose first file has other fields."""
    document: dict[str, Any] = json.loads(ESP32)
    document["releases"][0]["files"][0].update(fields)
    return json.dumps(document).encode()


def test_a_board_is_read_with_all_its_artifacts() -> None:
    names = read_names(ESP32)

    assert (names.board, names.port, len(names.artifacts)) == ("ESP32_GENERIC", "esp32", 4)


def test_an_artifact_knows_what_its_head_says() -> None:
    artifact = read_names(ESP32).artifacts[0]

    assert (ESP, Kind.BIN, "v1.28.0", 100_000, 0x1000, Digest.of(image(ESP))) == (
        artifact.name,
        artifact.kind,
        artifact.version,
        artifact.size,
        artifact.flash_offset,
        artifact.digest,
    )


def test_an_unknown_md5_is_left_out() -> None:
    document = changed(hashes={"sha256": "0" * 64, "md5": None})

    assert read_names(document).artifacts[0].md5 is None


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "../etc/passwd"},
        {"name": "a/b.bin"},
        {"name": 'a"b.bin'},
        {"name": "a\r\nb.bin"},
        {"name": "a.bin\n"},
        {"name": ""},
        {"name": "a" * 300},
        {"name": None},
        {"size": -1},
        {"size": "many"},
        {"kind": "exe"},
        {"hashes": {"sha256": "0" * 63, "md5": None}},
        {"hashes": {"sha256": "G" * 64, "md5": None}},
        {"hashes": {"sha256": "0" * 64 + "\n", "md5": None}},
        {"hashes": {"sha256": "0" * 64, "md5": "x"}},
        {"flash": {"offset": -4096}},
    ],
)
def test_what_could_not_stand_in_a_path_or_a_head_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(MalformedValueError, match="not a board document"):
        read_names(changed(**fields))


def test_fields_that_are_not_known_are_ignored() -> None:
    document = changed(colour="blue")

    assert read_names(document).artifacts[0].name == ESP


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No bytes make the reader fail in another way."""
    with contextlib.suppress(MalformedValueError):
        read_names(data)


@given(st.integers(min_value=0, max_value=len(ESP32) - 1), st.integers(1, 255))
def test_a_damaged_document_is_read_or_refused(place: int, change: int) -> None:
    damaged = bytearray(ESP32)
    damaged[place] ^= change
    with contextlib.suppress(MalformedValueError):
        read_names(bytes(damaged))


def test_the_kinds_of_a_board_come_in_the_order_of_its_document() -> None:
    assert [artifact.name for artifact in read_names(ESP32).artifacts[:2]] == [ESP, ESP_APP]
