"""Documents say what can be fetched on demand, and promise no bytes of it."""

from __future__ import annotations

import json

import jsonschema
import pytest

from mirror.catalog.model import Listing
from mirror.catalog.names import ArtifactName
from mirror.publication import feeds
from mirror.publication.documents import decode_board, encode
from mirror.publication.query import FeedQuery
from mirror.publication.tree import render_board
from tests.publication import examples

HEAD = feeds.FeedHead("ab" * 16, 7, "2026-04-06T00:00:00Z", "https://micropython.org")
HELD = "ESP32_GENERIC-20260406-v1.28.0.bin"
OFFERED = (
    "ESP32_GENERIC-20220117-v1.18.bin",
    "ESP32_GENERIC-20251209-v1.27.0.app-bin",
    "ESP32_GENERIC-OTA-20251209-v1.27.0.bin",
    "ESP32_GENERIC-20251209-v1.27.0.bin",
    "ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin",
)


def listing(name: str) -> Listing:
    """Return upstream's claim that there is a file of this name."""
    return Listing(ArtifactName.parse(name), examples.SOURCE, "ESP32_GENERIC", 0)


BOARD = render_board(examples.facts(), [examples.held(HELD)], {}, [*map(listing, OFFERED)])


def names(question: str) -> list[str]:
    """Return what is on demand in the answer to *question*."""
    pairs = [tuple(pair.split("=")) for pair in question.split("&")]
    query = FeedQuery.parse([(name, value) for name, value in pairs])
    feed = json.loads(feeds.filter_feed(HEAD, [BOARD], query))
    return [offer["name"] for board in feed["boards"] for offer in board["on_demand"]]


def test_what_is_on_demand_stands_newest_first_and_apart_from_what_is_held() -> None:
    assert [offer.name for offer in BOARD.on_demand] == [
        "ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin",
        "ESP32_GENERIC-20251209-v1.27.0.bin",
        "ESP32_GENERIC-20251209-v1.27.0.app-bin",
        "ESP32_GENERIC-OTA-20251209-v1.27.0.bin",
        "ESP32_GENERIC-20220117-v1.18.bin",
    ]
    assert [file.name for file in feeds.all_files(BOARD)] == [HELD]


def test_an_offer_says_where_the_file_is_and_nothing_about_its_bytes() -> None:
    [offer, *_] = json.loads(encode(BOARD))["on_demand"]

    assert offer == {
        "name": "ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin",
        "kind": "bin",
        "variant": None,
        "version": "v1.28.0-preview.306.g5c00edcee2",
        "maturity": "preview",
        "date": "2026-03-20",
        "state": "on-demand",
        "path": "/v1/files/ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin",
        "source": examples.SOURCE + "ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin",
    }


def test_a_board_with_offers_is_read_back() -> None:
    assert decode_board(encode(BOARD)) == BOARD


def test_a_board_of_before_there_were_offers_is_read_and_fits_the_schema() -> None:
    old = json.loads(encode(BOARD))
    del old["on_demand"]
    head = json.loads(feeds.filter_feed(HEAD, [], FeedQuery()))

    assert decode_board(json.dumps(old).encode()).on_demand == ()
    schema = json.loads(feeds.feed_schema())
    jsonschema.Draft202012Validator(schema).validate({**head, "boards": [old]})


def test_no_file_that_is_held_may_call_itself_on_demand() -> None:
    feed = json.loads(feeds.filter_feed(HEAD, [BOARD], FeedQuery()))
    feed["boards"][0]["releases"][0]["files"][0]["state"] = "on-demand"
    schema = json.loads(feeds.feed_schema())

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(feed)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("kind=app-bin", ["ESP32_GENERIC-20251209-v1.27.0.app-bin"]),
        ("variant=OTA", ["ESP32_GENERIC-OTA-20251209-v1.27.0.bin"]),
        ("maturity=release&since=2026-01-01", []),
        ("version=v1.18", ["ESP32_GENERIC-20220117-v1.18.bin"]),
        ("limit=1", ["ESP32_GENERIC-20260320-v1.28.0-preview.306.g5c00edcee2.bin"]),
        ("board=RPI*", []),
    ],
)
def test_the_filters_hold_for_what_is_on_demand(question: str, expected: list[str]) -> None:
    assert names(question) == expected


def test_the_index_counts_what_is_on_demand_by_itself() -> None:
    summary = feeds.summarise(BOARD)

    assert (summary.files, summary.on_demand) == (1, 5)


def test_what_to_flash_now_is_held() -> None:
    latest = json.loads(feeds.render_latest(BOARD, FeedQuery.parse([("limit", "1")])))

    assert [file["name"] for file in latest["release"]["files"]] == [HELD]
