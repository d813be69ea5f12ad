"""The catalogue over a socket: feed, boards, publications, channels, and how the node is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from mirror.errors import LockedError
from mirror.publication.documents import decode_content, decode_publication
from mirror.web.app import Serving
from tests.web.building import (
    ESP,
    ESP_APP,
    ESP_MAP,
    ESP_OTA,
    PICO,
    PICO_OLD,
    PICO_PREVIEW,
    USUAL,
    Builder,
    Written,
    images,
)
from tests.web.conftest import NODE, STATUS, served
from tests.web.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.client import Client, Got

LATEST = "/v1/boards/{}/latest.json"
DOCUMENTS = [
    "feed.json",
    "feed.json?board=RPI_*",
    "boards.json",
    "boards/RPI_PICO_W.json",
    "boards/RPI_PICO_W/latest.json",
    "root.json",
    "content.json",
]


def read(got: Got) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what an answer says."""
    return json.loads(got.body)


def names_in(got: Got) -> list[str]:
    """Return the names of all files of a feed."""
    return [
        file["name"]
        for board in read(got)["boards"]
        for release in board["releases"]
        for file in release["files"]
    ]


def names_of_latest(got: Got) -> list[str]:
    """Return the names of what to flash."""
    return [file["name"] for file in read(got)["release"]["files"]]


async def lists(client: Client, names: list[str]) -> bool:
    """Whether the feed has exactly these files."""
    return names == names_in(await client.get("/v1/feed.json"))


async def test_the_feed_lists_everything_that_is_published(client: Client) -> None:
    got = await client.get("/v1/feed.json")

    assert sorted(USUAL) == sorted(names_in(got))


@pytest.mark.parametrize("query", ["", "?kind=uf2", "?board=NOTHING", "?limit=1&maturity=preview"])
async def test_every_feed_fits_the_schema_that_is_served(client: Client, query: str) -> None:
    schema = read(await client.get("/v1/schemas/feed.json"))
    feed = read(await client.get(f"/v1/feed.json{query}"))

    jsonschema.Draft202012Validator(schema).validate(feed)


async def test_the_feed_names_its_schema(client: Client) -> None:
    feed = read(await client.get("/v1/feed.json"))
    got = await client.get(feed["schema"])

    assert (200, feed["schema"]) == (got.status, read(got)["$id"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("board=RPI_PICO_W", [PICO_PREVIEW, PICO, PICO_OLD]),
        ("board=RPI_*&maturity=release", [PICO, PICO_OLD]),
        ("board=RPI_*&maturity=release&limit=1", [PICO]),
        ("board=RPI_*&version=v1.27.0", [PICO_OLD]),
        ("kind=map", [ESP_MAP]),
        ("kind=map&kind=app-bin", [ESP_APP, ESP_MAP]),
        ("variant=OTA", [ESP_OTA]),
        ("since=2026-08-01", [PICO_PREVIEW]),
        ("port=nothing", []),
        ("board=", []),
    ],
)
async def test_a_filtered_feed_lists_what_fits(
    client: Client, query: str, expected: list[str]
) -> None:
    got = await client.get(f"/v1/feed.json?{query}")

    assert sorted(expected) == sorted(names_in(got))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/feed.json?colour=blue",
        "/v1/feed.json?kind=exe",
        "/v1/feed.json?maturity=nightly",
        "/v1/feed.json?limit=0",
        "/v1/feed.json?limit=-1",
        "/v1/feed.json?since=yesterday",
        "/v1/feed.json?" + "&".join(["board=x"] * 65),
        "/v1/feed.json?=x",
        "/v1/boards/RPI_PICO_W/latest.json?board=x",
        "/v1/boards/RPI_PICO_W/latest.json?limit=1",
        "/v1/boards/RPI_PICO_W/latest.json?kind=exe",
    ],
)
async def test_a_question_that_is_not_understood_is_refused(client: Client, path: str) -> None:
    got = await client.get(path)

    assert (got.status, read(got)["error"]) == (400, "BadQuery")


@pytest.mark.parametrize(
    ("board", "query", "expected"),
    [
        ("RPI_PICO_W", "", [PICO]),
        ("RPI_PICO_W", "?maturity=preview", [PICO_PREVIEW]),
        ("RPI_PICO_W", "?maturity=release", [PICO]),
        ("ESP32_GENERIC", "", [ESP, ESP_OTA]),
        ("ESP32_GENERIC", "?variant=OTA", [ESP_OTA]),
        ("ESP32_GENERIC", "?variant=", [ESP]),
        ("ESP32_GENERIC", "?kind=app-bin", [ESP_APP]),
        ("ESP32_GENERIC", "?kind=map", [ESP_MAP]),
        ("ESP32_GENERIC", "?kind=map&kind=app-bin", [ESP_APP, ESP_MAP]),
    ],
)
async def test_the_latest_is_what_somebody_would_flash(
    client: Client, board: str, query: str, expected: list[str]
) -> None:
    got = await client.get(LATEST.format(board) + query)

    assert expected == names_of_latest(got)


async def test_a_board_without_release_has_its_preview_as_latest(builder: Builder) -> None:
    await builder.publish(images(PICO_PREVIEW))
    async with served(builder.store) as site:
        got = await site.client.get(LATEST.format("RPI_PICO_W"))

    assert names_of_latest(got) == [PICO_PREVIEW]


async def test_a_release_that_has_only_debugging_files_is_passed_over(builder: Builder) -> None:
    newer = "ESP32_GENERIC-20260824-v1.29.0.elf"
    await builder.publish(images(ESP, newer))
    async with served(builder.store) as site:
        got = await site.client.get(LATEST.format("ESP32_GENERIC"))

    assert names_of_latest(got) == [ESP]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/boards/NOTHING.json", "BoardNotFound"),
        ("/v1/boards/NOTHING/latest.json", "BoardNotFound"),
        ("/v1/boards/RPI_PICO_W/latest.json?variant=OTA", "ArtifactNotFound"),
        ("/v1/boards/..%2f..%2fFORMAT.json", "BoardNotFound"),
        ("/v1/boards/rpi_pico_w.json", "BoardNotFound"),
        ("/v1/publications/99/feed.json", "PublicationNotFound"),
        ("/v1/publications/999999999999999999/feed.json", "PublicationNotFound"),
        ("/v1/channels/nothing/feed.json", "PublicationNotFound"),
        ("/v1/publications/0/feed.json", "NotFound"),
        ("/v1/publications/-1/feed.json", "NotFound"),
        ("/v1/publications/x/feed.json", "NotFound"),
        ("/v1/channels/CURRENT/feed.json", "NotFound"),
        ("/v1/channels/../feed.json", "NotFound"),
        ("/v1/nothing.json", "NotFound"),
    ],
)
async def test_what_is_not_there_is_said_by_name(client: Client, path: str, name: str) -> None:
    got = await client.get(path)

    assert (404, name) == (got.status, read(got)["error"])


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("place", ["/v1/publications/1", "/v1/channels/current"])
async def test_the_same_documents_are_at_a_point_in_time_and_on_a_channel(
    client: Client, place: str, document: str
) -> None:
    current = await client.get(f"/v1/{document}")
    other = await client.get(f"{place}/{document}")

    assert (200, current.body, current.fields["etag"]) == (
        other.status,
        other.body,
        other.fields["etag"],
    )


async def test_an_older_publication_stays_as_it_was(builder: Builder) -> None:
    async with served(builder.store) as site:
        before = await site.client.get("/v1/feed.json")
        await builder.publish(images(ESP))
        await site.shelf.refresh()
        after = await site.client.get("/v1/publications/1/feed.json")

    assert before.body == after.body


async def test_the_roots_of_a_publication_lead_to_its_boards(client: Client) -> None:
    """Whoever walks the tree finds every document by the digest that names it."""
    root = decode_publication((await client.get("/v1/root.json")).body)
    content = decode_content((await client.get(f"/v1/blobs/{root.content}")).body)
    boards = [await client.get(f"/v1/blobs/{digest}") for digest in content.boards.values()]

    assert [got.status for got in boards] == [200, 200]


async def test_publications_are_listed_newest_first(builder: Builder) -> None:
    roots = [str(await builder.publish(images(ESP))) for _ in range(3)]
    async with served(builder.store) as site:
        listed = read(await site.client.get("/v1/publications.json"))["publications"]
        paths = [await site.client.get(line["path"]) for line in listed]

    assert [line["sequence"] for line in listed] == [4, 3, 2, 1]
    assert roots[::-1] == [line["root"] for line in listed[:3]]
    assert {200} == {got.status for got in paths}


async def test_the_status_is_that_of_its_source_and_kept_by_nobody(client: Client) -> None:
    got = await client.get("/v1/status.json")

    assert (got.status, got.body, got.fields["cache-control"]) == (200, STATUS, "no-store")


async def test_a_status_that_can_not_be_had_is_503_without_details(builder: Builder) -> None:
    async def silent() -> bytes:
        raise LockedError("the daemon at /run/secret/path does not answer")

    async with served(builder.store, told=Serving(node=NODE, status=silent)) as site:
        got = await site.client.get("/v1/status.json")

    assert (got.status, read(got)["error"], b"secret" in got.body) == (503, "Locked", False)


async def test_a_node_with_a_publication_is_alive_and_ready(client: Client) -> None:
    statuses = [(await client.get(path)).status for path in ("/healthz", "/readyz")]

    assert statuses == [200, 200]


async def test_a_node_without_a_publication_is_alive_and_not_ready(store: Written) -> None:
    async with served(store) as site:
        statuses = [(await site.client.get(path)).status for path in ("/healthz", "/readyz")]

    assert statuses == [200, 503]


@pytest.mark.parametrize("path", ["/v1/feed.json", "/v1/boards.json", "/v1/publications.json"])
async def test_without_a_publication_there_are_no_documents(store: Written, path: str) -> None:
    async with served(store) as site:
        got = await site.client.get(path)

    assert (got.status, read(got)["error"]) == (404, "PublicationNotFound")


async def test_a_node_whose_publication_is_damaged_is_not_ready(
    builder: Builder, data: Path
) -> None:
    root = await builder.publish(images(ESP))
    (data / "blobs" / "sha256" / root.hex[:2] / root.hex).unlink()
    async with served(builder.store) as site:
        answers = [await site.client.get(path) for path in ("/healthz", "/readyz", "/v1/feed.json")]

    assert [got.status for got in answers] == [200, 503, 503]


async def test_a_new_publication_is_served_without_being_told(builder: Builder) -> None:
    """Nobody calls `refresh`: the pointer is followed."""
    told = Serving(node=NODE, status=read_nothing, poll=0.01)
    async with served(builder.store, told=told) as site:
        await builder.publish(images(ESP))
        await until(lambda: lists(site.client, [ESP]))
        got = await site.client.get("/v1/feed.json")

    assert names_in(got) == [ESP]


async def read_nothing() -> bytes:
    """Say nothing."""
    return b"{}\n"
