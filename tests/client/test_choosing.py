"""Which file somebody means who says little, and what is said when there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.kinds import Kind, Maturity
from mirror.client.choosing import Wish, choose
from mirror.client.getting import parse_build
from mirror.errors import ArtifactNotFoundError, DocumentRefusedError
from mirror.publication.documents import BoardDocument, encode
from mirror.publication.offered import OfferedBoard, read_offered_board
from tests.client.room import (
    ALL,
    ESP,
    ESP_APP,
    ESP_SPIRAM,
    PICO,
    PICO_OLD,
    PICO_PREVIEW,
    PYBOARD,
    S3,
    S3_UF2,
    TEENSY,
    boards_of,
    name_of,
)

if TYPE_CHECKING:
    from tests.replica.images import Recipe

DOCUMENTS = {document.board: document for document in boards_of(ALL)}


def offered(document: BoardDocument) -> OfferedBoard:
    """Return what a document offers, as it is read."""
    return read_offered_board(encode(document), "http://a.test/", document.board)


@pytest.mark.parametrize(
    ("build", "wish", "expected"),
    [
        ("RPI_PICO_W", Wish(), PICO),
        ("RPI_PICO_W", Wish(version="v1.27.0"), PICO_OLD),
        ("RPI_PICO_W", Wish(version="1.27"), PICO_OLD),
        ("RPI_PICO_W", Wish(version="1.29.0-preview.678.g5f2181f"), PICO_PREVIEW),
        ("RPI_PICO_W", Wish(maturity=Maturity.PREVIEW), PICO_PREVIEW),
        ("ESP32_GENERIC", Wish(), ESP),
        ("ESP32_GENERIC", Wish(kind=Kind.APP_BIN), ESP_APP),
        ("ESP32_GENERIC-SPIRAM", Wish(), ESP_SPIRAM),
        ("ESP32_GENERIC_S3", Wish(), S3),
        ("ESP32_GENERIC_S3", Wish(kind=Kind.UF2), S3_UF2),
        ("PYBV11", Wish(), PYBOARD),
        ("TEENSY41", Wish(), TEENSY),
    ],
)
def test_little_is_enough(build: str, wish: Wish, expected: Recipe) -> None:
    """The default build, the newest release, as the board is flashed when it is sold."""
    board, variant = parse_build(build)

    file = choose(offered(DOCUMENTS[board]), replace(wish, variant=variant))

    assert file.name == name_of(expected)


def test_nobody_is_led_to_what_is_hidden_but_who_names_it_gets_it() -> None:
    document = DOCUMENTS["RPI_PICO_W"]
    hidden = replace(
        document,
        releases=tuple(
            replace(release, files=tuple(replace(file, hidden=True) for file in release.files))
            if release.version == "v1.28.0"
            else release
            for release in document.releases
        ),
    )

    assert choose(offered(hidden), Wish()).version == "v1.27.0"
    assert choose(offered(hidden), Wish(version="v1.28.0")).version == "v1.28.0"


def test_what_there_is_is_named() -> None:
    with pytest.raises(ArtifactNotFoundError, match=r"there is v1\.29\.0-preview\S+ \.uf2, v"):
        choose(offered(DOCUMENTS["RPI_PICO_W"]), Wish(version="v1.26.0"))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../.bashrc"},
        {"name": "RPI_PICO_W-20260406-v1.28.0.bin"},
        {"name": "RPI_PICO_W-20260406-v1.27.0.uf2"},
        {"name": "local+RPI_PICO_W+v1.28.0.uf2"},
        {"size": -1},
        {"size": 1 << 40},
    ],
    ids=str,
)
def test_an_entry_that_contradicts_itself_refuses_the_document(change: dict[str, object]) -> None:
    """What is no name of a file never becomes a path."""
    document = boards_of([PICO])[0]
    (release,) = document.releases
    entry = replace(release.files[0], **change)  # type: ignore[arg-type]
    odd = replace(document, releases=(replace(release, files=(entry,)),))

    with pytest.raises(DocumentRefusedError):
        offered(odd)
