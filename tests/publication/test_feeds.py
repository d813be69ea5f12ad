"""The feed says what is held, in the order people expect, and fits its own schema."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import jsonschema
import pytest

from mirror.errors import ArtifactNotFoundError, BadQueryError
from mirror.publication import feeds
from mirror.publication.documents import encode
from mirror.publication.query import FeedQuery
from mirror.publication.tree import render_board
from mirror.publication.words import verdict_words
from tests.publication import examples

HEAD = feeds.FeedHead("ab" * 16, 7, "2026-04-06T00:00:00Z", "https://micropython.org")
NAMES = (
    "ESP32_GENERIC-20220117-v1.18.bin",
    "ESP32_GENERIC-20251209-v1.27.0.bin",
    "ESP32_GENERIC-20251212-v1.27.0.bin",
    "ESP32_GENERIC-OTA-20251209-v1.27.0.bin",
    "ESP32_GENERIC-20251209-v1.27.0.app-bin",
    "ESP32_GENERIC-20260406-v1.28.0.bin",
    "ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin",
)
ESP32 = render_board(
    examples.facts(),
    [examples.held(name) for name in NAMES],
    notes={"v1.28.0": "https://github.com/micropython/micropython/releases/tag/v1.28.0"},
)
PICO = render_board(
    examples.facts("RPI_PICO", "rp2"),
    [examples.held("RPI_PICO-20260406-v1.28.0.uf2", examples.WARNED)],
    notes={},
)
EMPTY = render_board(examples.facts("TEENSY40", "mimxrt"), [], notes={})
BOARDS = (ESP32, PICO, EMPTY)


def test_releases_stand_newest_version_first_and_previews_below_their_release() -> None:
    versions = [release.version for release in ESP32.releases]

    assert versions == ["v1.28.0", "v1.28.0-preview.306.g5c00edcee2", "v1.27.0", "v1.18"]


def test_the_files_of_a_release_stand_default_variant_first_and_right_build_first() -> None:
    names = [file.name for file in ESP32.releases[2].files]

    assert names == [
        "ESP32_GENERIC-20251209-v1.27.0.bin",
        "ESP32_GENERIC-20251212-v1.27.0.bin",
        "ESP32_GENERIC-20251209-v1.27.0.app-bin",
        "ESP32_GENERIC-OTA-20251209-v1.27.0.bin",
    ]


def test_the_order_in_which_artifacts_come_does_not_change_the_document() -> None:
    artifacts = [examples.held(name) for name in NAMES]
    forward = render_board(examples.facts(), artifacts, notes={})
    backward = render_board(examples.facts(), reversed(artifacts), notes={})

    assert encode(forward) == encode(backward)


def test_the_whole_feed_equals_the_feed_of_an_empty_question() -> None:
    composed = b"".join(feeds.compose_feed(HEAD, map(encode, BOARDS)))

    assert json.loads(composed) == json.loads(feeds.filter_feed(HEAD, BOARDS, FeedQuery()))


@pytest.mark.parametrize("boards", [(), (EMPTY,), BOARDS])
def test_every_feed_fits_the_schema(boards: tuple[Any, ...]) -> None:
    composed = b"".join(feeds.compose_feed(HEAD, map(encode, boards)))
    schema = json.loads(feeds.feed_schema())
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.Draft202012Validator(schema).validate(json.loads(composed))


def test_the_schema_notices_a_missing_digest() -> None:
    feed = json.loads(feeds.filter_feed(HEAD, BOARDS, FeedQuery()))
    del feed["boards"][0]["releases"][0]["files"][0]["hashes"]["sha256"]

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(feeds.feed_schema())).validate(feed)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("board=RPI_*", ["RPI_PICO-20260406-v1.28.0.uf2"]),
        ("port=rp2", ["RPI_PICO-20260406-v1.28.0.uf2"]),
        ("port=rp2&board=ESP*", []),
        ("kind=app-bin", ["ESP32_GENERIC-20251209-v1.27.0.app-bin"]),
        ("variant=OTA", ["ESP32_GENERIC-OTA-20251209-v1.27.0.bin"]),
        ("maturity=preview", ["ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin"]),
        ("version=v1.18", ["ESP32_GENERIC-20220117-v1.18.bin"]),
        (
            "since=2026-04-01",
            ["ESP32_GENERIC-20260406-v1.28.0.bin", "RPI_PICO-20260406-v1.28.0.uf2"],
        ),
        (
            "limit=1&maturity=release",
            ["ESP32_GENERIC-20260406-v1.28.0.bin", "RPI_PICO-20260406-v1.28.0.uf2"],
        ),
        ("variant=&kind=bin&version=v1.27.0&board=ESP32_GENERIC", list(NAMES[1:3])),
        ("mcu=rp2&vendor=Espressif", ["RPI_PICO-20260406-v1.28.0.uf2"]),
    ],
)
def test_a_question_is_answered_with_what_fits_and_nothing_else(
    question: str, names: list[str]
) -> None:
    query = FeedQuery.parse(_pairs(question))
    feed = json.loads(feeds.filter_feed(HEAD, BOARDS, query))

    assert _names(feed) == names


@pytest.mark.parametrize(
    "question",
    [
        "bord=RPI_PICO",
        "kind=exe",
        "maturity=stable",
        "since=yesterday",
        "limit=0",
        "limit=1&limit=2",
    ],
)
def test_a_question_that_can_not_be_understood_is_refused_by_name(question: str) -> None:
    with pytest.raises(BadQueryError, match=question.split("=", maxsplit=1)[0]):
        FeedQuery.parse(_pairs(question))


def test_the_index_names_the_newest_release_and_preview_of_each_board() -> None:
    index = json.loads(feeds.render_index(map(feeds.summarise, BOARDS)))

    newest = [(line["board"], line["release"], line["preview"]) for line in index["boards"]]
    assert newest == [
        ("ESP32_GENERIC", "v1.28.0", "v1.28.0-preview.306.g5c00edcee2"),
        ("RPI_PICO", "v1.28.0", None),
        ("TEENSY40", None, None),
    ]


def test_latest_is_the_newest_release_that_has_what_is_asked_for() -> None:
    latest = json.loads(feeds.render_latest(ESP32, FeedQuery.parse([("variant", "OTA")])))

    assert latest["release"]["version"] == "v1.27.0"


def test_latest_of_a_board_without_files_is_not_found() -> None:
    with pytest.raises(ArtifactNotFoundError, match="TEENSY40"):
        feeds.render_latest(EMPTY, FeedQuery())


def test_sums_are_in_the_form_that_sha256sum_checks() -> None:
    sums = ((file.name, file.hashes.sha256) for file in feeds.all_files(PICO))
    lines = feeds.render_sums(sums).decode()

    assert lines == f"{PICO.releases[0].files[0].hashes.sha256}  RPI_PICO-20260406-v1.28.0.uf2\n"


def test_sums_of_two_boards_are_one_text_in_the_order_of_the_names() -> None:
    """A line of both is there once; two digests of one name stand in the order of the digests."""
    one = feeds.render_sums([("B.bin", "b" * 64), ("A.bin", "f" * 64)])
    other = feeds.render_sums([("C.bin", "c" * 64), ("B.bin", "b" * 64), ("A.bin", "a" * 64)])
    expected = [("a", "A.bin"), ("f", "A.bin"), ("b", "B.bin"), ("c", "C.bin")]

    joined = feeds.join_sums([one, other])

    assert joined.decode() == "".join(f"{digit * 64}  {name}\n" for digit, name in expected)


def test_the_sums_of_all_boards_take_little_more_memory_than_their_text() -> None:
    """Of 20,000 files there is never a list."""
    boards = [
        feeds.render_sums((f"BOARD_{board:03}-{file:03}.bin", "0" * 64) for file in range(100))
        for board in range(200)
    ]
    tracemalloc.start()
    try:
        joined = feeds.join_sums(boards)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1.5 * len(joined)


def test_the_words_of_a_verdict_never_claim_an_origin() -> None:
    words = verdict_words(examples.VERDICT, "https://micropython.org/x")

    assert words == (
        "structure and SHA-256 inside checked; origin: fetched over TLS, not signed by MicroPython"
    )


def test_the_words_of_a_warned_verdict_say_why_and_what_can_not_be_noticed() -> None:
    words = verdict_words(examples.WARNED, "http://192.168.1.5/x")

    assert words == (
        "structure checked, no checksum inside: damage in the content can not be noticed; "
        "warned: the image says 2026-04-08, the name 2026-04-06; "
        "origin: fetched without TLS, not signed by MicroPython"
    )


def _pairs(question: str) -> list[tuple[str, str]]:
    return [(part.split("=")[0], part.split("=")[1]) for part in question.split("&")]


def _names(feed: dict[str, Any]) -> list[str]:
    return [
        file["name"]
        for board in feed["boards"]
        for release in board["releases"]
        for file in release["files"]
    ]
