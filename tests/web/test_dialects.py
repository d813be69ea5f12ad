"""The paths of other clients, over a real socket: what they ask for, and the bytes they get."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from posixpath import normpath
from typing import TYPE_CHECKING, Final

import pytest

from mirror.catalog.values import Digest
from tests.web.building import ESP, ESP_APP, PICO, PICO_PREVIEW, Builder, Written, boards_of, images
from tests.web.conftest import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.web.client import Client
    from tests.web.conftest import Site

GITHUB: Final = "/repos/micropython/micropython"
NANO: Final = "ARDUINO_NANO_RP2040_CONNECT-20260406-v1.28.0.uf2"
OLD: Final = tuple(f"RPI_PICO_W-2024{month:02}01-v1.{month}.0.uf2" for month in range(1, 13))
HELD: Final = images(ESP, ESP_APP, PICO, PICO_PREVIEW, NANO, *OLD)


@pytest.fixture
async def site(store: Written) -> AsyncIterator[Site]:
    """A mirror with three boards, and one of them with many releases."""
    builder = Builder(store)
    await store.blobs.put_many(HELD.values())
    await builder.publish_documents(
        [
            replace(board, port="esp32" if board.board.startswith("ESP") else "rp2", mcu="rp2040")
            for board in boards_of(HELD)
        ]
    )
    async with served(store) as running:
        yield running


async def told(client: Client, path: str) -> object:
    """Return what the JSON document at *path* says."""
    got = await client.get(path)
    assert got.status == 200
    return json.loads(got.body)


async def test_a_github_client_reads_all_releases_page_by_page(site: Site) -> None:
    """It follows the links of each page until there is no next one."""
    path, found = f"{GITHUB}/releases?per_page=5", []
    while path:
        got = await site.client.get(path)
        found += json.loads(got.body)
        following = re.search(r'<([^>]+)>; rel="next"', got.fields.get("link", ""))
        path = following[1] if following else ""

    assert [release["tag_name"] for release in found] == [
        "v1.29.0-preview.678.g5f2181f938",
        "v1.28.0",
        *(f"v1.{month}.0" for month in range(12, 0, -1)),
    ]
    assert found[1] == await told(site.client, f"{GITHUB}/releases/latest")
    assert found[2] == await told(site.client, f"{GITHUB}/releases/tags/v1.12.0")


async def test_who_asks_for_pages_until_one_is_empty_comes_to_an_end(site: Site) -> None:
    assert await told(site.client, f"{GITHUB}/releases?page=2") == []
    assert await told(site.client, f"{GITHUB}/tags?per_page=100&page=2") == []


async def test_a_page_is_not_sent_again_when_it_is_the_same(site: Site) -> None:
    first = await site.client.get(f"{GITHUB}/releases?per_page=5")
    again = await site.client.get(
        f"{GITHUB}/releases?per_page=5", If_None_Match=first.fields["etag"]
    )
    other = await site.client.get(
        f"{GITHUB}/releases?per_page=5&page=2", If_None_Match=first.fields["etag"]
    )

    assert (again.status, again.body) == (304, b"")
    assert other.status == 200


async def test_the_digest_of_an_asset_is_that_of_what_is_sent(site: Site) -> None:
    release = json.loads((await site.client.get(f"{GITHUB}/releases/latest")).body)

    for asset in release["assets"]:
        got = await site.client.get(
            asset["browser_download_url"].removeprefix("http://mirror.lab:8080")
        )

        assert (got.status, str(Digest.of(got.body))) == (200, asset["digest"])


async def test_mpflash_is_told_the_versions(site: Site) -> None:
    tags = json.loads((await site.client.get(f"{GITHUB}/tags")).body)
    repository = json.loads((await site.client.get(GITHUB)).body)

    assert [tag["name"] for tag in tags][:3] == ["v1.29.0-preview", "v1.28.0", "v1.12.0"]
    assert repository["url"] == GITHUB


async def test_thonny_gets_the_bytes_that_its_list_names(site: Site) -> None:
    [nano, pico] = json.loads((await site.client.get("/thonny/micropython-variants-uf2.json")).body)

    assert nano["build"] == "ARDUINO_NANO_RP2040_CONNECT"
    for download in pico["downloads"]:
        got = await site.client.get(download["url"].removeprefix("http://mirror.lab:8080"))

        assert (len(got.body), Digest.of(got.body).hex) == (download["size"], download["sha256"])


async def test_arduinos_installer_puts_host_and_url_together(site: Site) -> None:
    index = json.loads((await site.client.get("/micropython/index.json")).body)
    [board] = index["boards"]
    got = await site.client.get(board["releases"][0]["url"])

    assert (got.status, got.body) == (200, HELD[NANO])
    assert got.fields["content-type"] == "application/octet-stream"


async def test_an_update_over_the_air_lies_beside_its_document(site: Site) -> None:
    update = json.loads((await site.client.get("/ota/ESP32_GENERIC.json")).body)
    got = await site.client.get(f"/ota/{update['firmware']}")

    assert (got.status, got.body) == (200, HELD[ESP_APP])
    assert (len(got.body), Digest.of(got.body).hex) == (update["length"], update["sha"])


async def test_a_browser_finds_the_image_from_the_manifest(site: Site) -> None:
    path = "/esp-web-tools/ESP32_GENERIC.json"
    got = await site.client.get(path)
    [part] = json.loads(got.body)["builds"][0]["parts"]
    image = await site.client.get(normpath(f"/esp-web-tools/{part['path']}"))

    assert got.fields["access-control-allow-origin"] == "*"
    assert image.body == HELD[ESP]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/feeds/firmware.json", "application/feed+json"),
        ("/feeds/firmware.atom", "application/atom+xml; charset=utf-8"),
        ("/feeds/previews.json", "application/feed+json"),
        ("/feeds/boards/RPI_PICO_W.json", "application/feed+json"),
        ("/feeds/boards/RPI_PICO_W.atom", "application/atom+xml; charset=utf-8"),
    ],
)
async def test_feeds_say_what_they_are_and_are_not_sent_twice(
    site: Site, path: str, media_type: str
) -> None:
    first = await site.client.get(path)
    again = await site.client.get(path, If_None_Match=first.fields["etag"])

    assert (first.status, first.fields["content-type"]) == (200, media_type)
    assert again.status == 304


@pytest.mark.parametrize("folder", ["/resources/firmware", "/v1/files", "/micropython", "/ota"])
async def test_the_sums_of_a_folder_are_of_files_that_are_there(site: Site, folder: str) -> None:
    sums = (await site.client.get(f"{folder}/SHA256SUMS")).body.decode().splitlines()

    assert sums
    for line in sums:
        digest, name = line.split("  ")
        got = await site.client.get(f"{folder}/{name}")

        assert (got.status, Digest.of(got.body).hex) == (200, digest)


@pytest.mark.parametrize("path", ["/ota/X-20260406-v1.28.0.app-bin", "/micropython/X.uf2"])
async def test_a_file_that_is_not_there_is_an_empty_404(site: Site, path: str) -> None:
    """A client would store whatever came."""
    got = await site.client.get(path)

    assert (got.status, got.body) == (404, b"")
