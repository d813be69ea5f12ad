"""Feeds: valid, from data alone, newest first, and bounded as they say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from mirror.publication.dialects.entries import MOST, MOST_OF_EACH, NEVER
from mirror.publication.dialects.news import NEWS
from tests.publication.dialects.boards import board, esp32, pico_w, with_own_build
from tests.publication.dialects.rendering import NOWHERE, URL, render

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

ATOM = "{http://www.w3.org/2005/Atom}"
RFC_3339 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
# JSON Feed 1.1, what it requires and of which type; unknown keys begin with an underscore.
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "home_page_url": {"type": "string", "pattern": "^http"},
        "feed_url": {"type": "string", "pattern": "^http"},
        "language": {"type": "string"},
        "authors": {"type": "array", "items": {"required": ["name"]}},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_text"],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": {"type": "string", "pattern": "^http"},
                    "title": {"type": "string"},
                    "content_text": {"type": "string"},
                    "date_published": {"type": "string", "pattern": RFC_3339},
                    "date_modified": {"type": "string", "pattern": RFC_3339},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "attachments": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["url", "mime_type"],
                            "properties": {
                                "url": {"type": "string", "pattern": "^http"},
                                "mime_type": {"type": "string"},
                                "title": {"type": "string"},
                                "size_in_bytes": {"type": "integer"},
                            },
                            "additionalProperties": False,
                        },
                    },
                },
                "patternProperties": {"^_[^.]+$": {"type": "object"}},
                "additionalProperties": False,
            },
        },
    },
    "patternProperties": {"^_[^.]+$": {"type": "object"}},
    "additionalProperties": False,
}
FEEDS = ("/feeds/firmware", "/feeds/previews", "/feeds/boards/RPI_PICO_W")


def json_feed(path: str, *documents: BoardDocument) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return the JSON Feed at *path*."""
    return json.loads(render(NEWS, *documents)[f"{path}.json"][0])


def enclosures(entry: ET.Element) -> list[tuple[str | None, str | None]]:
    """Return URL and length of each file of *entry*."""
    return [
        (link.get("href"), link.get("length"))
        for link in entry.findall(f"{ATOM}link")
        if link.get("rel") == "enclosure"
    ]


def atom(path: str, *documents: BoardDocument) -> bytes:
    """Return the Atom feed at *path*."""
    return render(NEWS, *documents)[f"{path}.atom"][0]


@pytest.mark.parametrize("path", FEEDS)
def test_the_json_feed_fits_its_specification(path: str) -> None:
    feed = json_feed(path, with_own_build(pico_w(), "lab.3"), esp32())

    jsonschema.validate(feed, JSON_FEED)
    assert feed["feed_url"] == f"{URL}{path}.json"
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])


@pytest.mark.parametrize("path", FEEDS)
def test_atom_says_what_json_feed_says(path: str) -> None:
    documents = (with_own_build(pico_w(), "lab.3"), esp32())
    items = json_feed(path, *documents)["items"]
    entries = ET.fromstring(atom(path, *documents)).findall(f"{ATOM}entry")  # noqa: S314

    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [item["id"] for item in items]
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == [
        item["title"] for item in items
    ]
    assert [entry.findtext(f"{ATOM}content") for entry in entries] == [
        item["content_text"] for item in items
    ]
    assert [enclosures(entry) for entry in entries] == [
        [(one["url"], str(one["size_in_bytes"])) for one in item["attachments"]] for item in items
    ]


@pytest.mark.parametrize("path", FEEDS)
def test_atom_has_what_rfc_4287_demands(path: str) -> None:
    """An id, a title and a date everywhere, an author, a link to itself."""
    feed = ET.fromstring(atom(path, pico_w()))  # noqa: S314 - our own rendering

    for element in [feed, *feed.findall(f"{ATOM}entry")]:
        assert [len(element.findall(f"{ATOM}{tag}")) for tag in ("id", "title", "updated")] == [
            1,
            1,
            1,
        ]
        assert UUID(element.findtext(f"{ATOM}id", "")).urn == element.findtext(f"{ATOM}id")
        assert re.match(RFC_3339, element.findtext(f"{ATOM}updated", ""))
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "MicroPython"
    assert [
        link.get("href") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"
    ] == [f"{URL}{path}.atom"]


def test_an_entry_names_every_file_with_size_and_digest() -> None:
    [item] = json_feed("/feeds/boards/RPI_PICO_W", board("RPI_PICO_W-20260406-v1.28.0.uf2"))[
        "items"
    ]
    [file] = board("RPI_PICO_W-20260406-v1.28.0.uf2").releases[0].files

    assert item["title"] == "RPI_PICO_W v1.28.0"
    assert item["date_published"] == "2026-04-06T00:00:00Z"
    assert item["attachments"] == [
        {
            "url": f"{URL}/resources/firmware/{file.name}",
            "mime_type": "application/octet-stream",
            "title": file.name,
            "size_in_bytes": file.size,
        }
    ]
    assert item["_mpmirror"]["sha256"] == {file.name: file.hashes.sha256}
    assert file.hashes.sha256 in item["content_text"]
    assert file.verdict.words in item["content_text"]


def test_a_page_outside_this_mirror_is_text_that_says_so() -> None:
    [item] = json_feed("/feeds/firmware", board("RPI_PICO_W-20260406-v1.28.0.uf2"))["items"]

    assert "Release notes, outside this mirror: https://github.com/" in item["content_text"]


def test_an_entry_keeps_its_id_when_a_file_is_added() -> None:
    names = ("ESP32_GENERIC-20260406-v1.28.0.bin", "ESP32_GENERIC-OTA-20260408-v1.28.0.bin")
    [before] = json_feed("/feeds/firmware", board(names[0], port="esp32"))["items"]
    [after] = json_feed("/feeds/firmware", board(*names, port="esp32"))["items"]

    assert before["id"] == after["id"]
    assert (before["date_modified"], after["date_modified"]) == (
        "2026-04-06T00:00:00Z",
        "2026-04-08T00:00:00Z",
    )


def test_the_newest_come_first() -> None:
    dates = [
        item["date_published"] for item in json_feed("/feeds/firmware", pico_w(), esp32())["items"]
    ]

    assert dates == sorted(dates, reverse=True)
    assert len(dates) == 4


def test_previews_are_apart_from_releases_and_together_in_the_feed_of_a_board() -> None:
    """They come each day, and would be all that anybody sees."""
    preview = "RPI_PICO_W v1.29.0-preview.678.g5f2181f938"
    titles = {
        path: [item["title"] for item in json_feed(path, pico_w())["items"]] for path in FEEDS
    }

    assert titles == {
        "/feeds/firmware": ["RPI_PICO_W v1.28.0", "RPI_PICO_W v1.27.0"],
        "/feeds/previews": [preview],
        "/feeds/boards/RPI_PICO_W": [preview, "RPI_PICO_W v1.28.0", "RPI_PICO_W v1.27.0"],
    }


def test_feeds_are_as_long_as_they_say() -> None:
    many = [f"RPI_PICO_W-2025{month:02}01-v1.{month}.0.uf2" for month in range(1, 13)]
    boards = [replace(board(*many), board=f"B{number}") for number in range(70)]
    rendered = render(NEWS, *boards)
    feed = json.loads(rendered["/feeds/firmware.json"][0])
    of_each = [item["_mpmirror"]["board"] for item in feed["items"]]

    assert len(feed["items"]) == MOST
    assert max(map(of_each.count, of_each)) == MOST_OF_EACH
    assert f"The newest {MOST} releases" in feed["description"]
    assert f"at most {MOST_OF_EACH} of each board" in feed["description"]
    assert len(json.loads(rendered["/feeds/boards/B0.json"][0])["items"]) == len(many)


def test_hidden_files_are_in_no_feed() -> None:
    hidden = "RPI_PICO_W-20260406-v1.28.0.uf2"
    document = board(hidden, "RPI_PICO_W-20251209-v1.27.0.uf2", hidden=[hidden])
    bodies = b"".join(body for body, _ in render(NEWS, document).values())

    assert b"v1.27.0.uf2" in bodies
    assert hidden.encode() not in bodies


def test_a_feed_of_nothing_is_a_feed() -> None:
    """A mirror that holds nothing yet can be subscribed to."""
    feed = ET.fromstring(atom("/feeds/firmware"))  # noqa: S314 - our own rendering

    assert feed.findall(f"{ATOM}entry") == []
    assert feed.findtext(f"{ATOM}updated") == NEVER
    jsonschema.validate(json_feed("/feeds/firmware"), JSON_FEED)


def test_a_board_called_firmware_does_not_take_the_feed_of_all() -> None:
    document = replace(board("RPI_PICO_W-20260406-v1.28.0.uf2"), board="firmware")
    rendered = render(NEWS, document, esp32())

    assert len(json.loads(rendered["/feeds/firmware.json"][0])["items"]) == 3
    assert len(json.loads(rendered["/feeds/boards/firmware.json"][0])["items"]) == 1


def test_without_an_address_there_are_no_feeds() -> None:
    assert render(NEWS, pico_w(), site=NOWHERE) == {}
