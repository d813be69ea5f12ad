"""Which file somebody means who says little, and what is said when there is none."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.local_names import LocalName, parse_held
from mirror.catalog.values import Digest
from mirror.client.choosing import Wish, choose
from mirror.client.getting import parse_build
from mirror.errors import ArtifactNotFoundError, DocumentRefusedError
from mirror.formats.verdict import Conclusion, Verdict
from mirror.publication.documents import BoardDocument, encode
from mirror.publication.offered import OfferedBoard, read_offered_board
from mirror.publication.own_builds import OwnBuild, render_own_builds
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
    from collections.abc import Iterator

    from tests.replica.images import Recipe

Place = tuple[str | int, ...]
DOCUMENTS = {document.board: document for document in boards_of(ALL)}

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def places_in(value: Any, at: Place = ()) -> Iterator[Place]:  # noqa: ANN401 - JSON
    """Yield every place in a document."""
    if not isinstance(value, dict | list):
        return
    for step in list(value) if isinstance(value, dict) else range(len(value)):
        yield (*at, step)
        yield from places_in(value[step], (*at, step))


PLACES = list(places_in(json.loads(encode(DOCUMENTS["RPI_PICO_W"]))))


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


def test_what_is_on_demand_only_is_named_as_such() -> None:
    """No publication says what its bytes are, so there is nothing to check them with."""
    board = replace(offered(DOCUMENTS["PYBV11"]), files=(), on_demand=(name_of(PYBOARD),))

    with pytest.raises(ArtifactNotFoundError, match=r"1 files are on demand, .* nothing is held"):
        choose(board, Wish())


def test_what_there_is_is_named() -> None:
    with pytest.raises(ArtifactNotFoundError, match=r"there is v1\.29\.0-preview\S+ \.uf2, v"):
        choose(offered(DOCUMENTS["RPI_PICO_W"]), Wish(version="v1.26.0"))


def test_an_own_build_is_meant_where_nothing_of_upstream_fits() -> None:
    """Or when it is named."""
    build = OwnBuild(
        name=LocalName.of("RPI_PICO_W", None, "v1.28.0-lab.3", Kind.UF2),
        digest=Digest.of(b"own"),
        size=3,
        md5=None,
        verdict=Verdict(Conclusion.VERIFIED),
        added="2026-08-24",
    )
    document = DOCUMENTS["RPI_PICO_W"]
    both = offered(replace(document, local=render_own_builds([build])))
    alone = offered(replace(document, releases=(), local=render_own_builds([build])))

    assert choose(both, Wish()).name == name_of(PICO)
    assert choose(both, Wish(version="v1.28.0-lab.3")).name == str(build.name)
    assert choose(alone, Wish()).own


@given(st.sampled_from(PLACES), ODD)
def test_any_value_in_a_board_document_is_read_or_refused(place: Place, value: object) -> None:
    """Whatever stands there, the reader fails in no other way, and gives no odd name."""
    document = json.loads(encode(DOCUMENTS["RPI_PICO_W"]))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with contextlib.suppress(DocumentRefusedError):
        board = read_offered_board(json.dumps(document).encode(), "http://a.test/", "RPI_PICO_W")

        assert all(str(parse_held(file.name)) == file.name for file in board.files)


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
