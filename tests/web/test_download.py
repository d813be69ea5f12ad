"""micropython.org's own paths, over a socket, as its clients ask for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mirror.publication.local.dialect import HTML
from tests.web.building import ESP, ESP_APP, PICO, PICO_OLD, USUAL, Builder, image, images
from tests.web.conftest import served

if TYPE_CHECKING:
    from tests.web.client import Client
    from tests.web.conftest import Site


@pytest.mark.parametrize("path", ["/download/RPI_PICO_W", "/download/RPI_PICO_W/"])
async def test_a_board_is_answered_with_and_without_the_slash(client: Client, path: str) -> None:
    """MicroPico follows no redirect."""
    got = await client.get(path)

    assert (got.status, got.fields["content-type"]) == (200, HTML)
    assert f'<strong><a href="/resources/firmware/{PICO}">' in got.body.decode()


async def test_the_index_is_a_page_and_its_name_without_slash_leads_there(client: Client) -> None:
    """Cards are relative to it."""
    index = await client.get("/download/")
    bare = await client.get("/download?port=rp2")

    assert (index.status, index.fields["content-type"]) == (200, HTML)
    assert '<a class="board-card" href="RPI_PICO_W">' in index.body.decode()
    assert (bare.status, bare.fields["location"], bare.body) == (302, "/download/?port=rp2", b"")


@pytest.mark.parametrize(
    ("query", "boards"),
    [
        ("port=esp32", 2),
        ("mcu=nothing", 0),
        ("vendor=Espressif&features=BLE", 2),
        ("vendor=Nobody&features=BLE", 0),
        ("features=%3Cscript%3E", 0),
        ("unknown=1", 2),
    ],
)
async def test_filters_are_answered_as_pages(client: Client, query: str, boards: int) -> None:
    got = await client.get(f"/download/?{query}")
    page = got.body.decode()

    assert (got.status, got.fields["content-type"]) == (200, HTML)
    assert page.count('class="board-card"') == boards
    assert "<script" not in page


async def test_a_filtered_page_has_an_etag_of_its_own(client: Client) -> None:
    whole = await client.get("/download/")
    some = await client.get("/download/?port=rp2")
    same = await client.get("/download/?port=rp2", If_None_Match=some.fields["etag"])

    assert whole.fields["etag"] != some.fields["etag"]
    assert (same.status, same.body) == (304, b"")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("RPI_PICO_W/RPI_PICO_W-latest.uf2", PICO),
        ("ESP32_GENERIC/ESP32_GENERIC-latest.bin", ESP),
        ("ESP32_GENERIC/ESP32_GENERIC-latest.app-bin", ESP_APP),
    ],
)
async def test_latest_is_the_bytes_of_the_newest_release(
    client: Client, path: str, name: str
) -> None:
    got = await client.get(f"/download/{path}")
    named = await client.get(f"/resources/firmware/{name}")

    assert (got.status, got.body) == (200, USUAL[name])
    assert got.fields["content-type"] == "application/octet-stream"
    assert got.fields["content-disposition"] == f'attachment; filename="{name}"'
    assert got.fields["etag"] == named.fields["etag"]


async def test_latest_can_be_resumed(client: Client) -> None:
    got = await client.get("/download/RPI_PICO_W/RPI_PICO_W-latest.uf2", Range="bytes=1000-")

    assert (got.status, got.body) == (206, image(PICO)[1000:])


@pytest.mark.parametrize(
    "path",
    [
        "/download/RPI_PICO_W/RPI_PICO_W-latest.bin",
        "/download/RPI_PICO_W/ESP32_GENERIC-latest.bin",
        "/download/NO_BOARD/NO_BOARD-latest.uf2",
        "/download/NO_BOARD/",
        "/download/rp2-pico/",
        "/download/RPI_PICO_W/../RPI_PICO_W/",
        "/download/esp32/x%0d%0aSet-Cookie:a",
        "/resources/firmware/RPI_PICO_W-20990101-v9.9.9.uf2",
    ],
)
async def test_what_is_not_there_is_404_with_an_empty_body(client: Client, path: str) -> None:
    """Some clients store whatever comes as firmware."""
    got = await client.get(path)

    assert (got.status, got.body) == (404, b"")


@pytest.mark.parametrize(
    ("old", "present"),
    [
        ("rp2-pico-w", "RPI_PICO_W/"),
        ("rp2-pico-w/", "RPI_PICO_W/"),
        ("rp2-pico-w/rp2-pico-w-latest.uf2", "RPI_PICO_W/RPI_PICO_W-latest.uf2"),
        ("PICO_W/", "RPI_PICO_W/"),
        ("esp32spiram/", "ESP32_GENERIC/"),
        ("esp32spiram/esp32spiram-latest.bin", "ESP32_GENERIC/ESP32_GENERIC-SPIRAM-latest.bin"),
        ("esp32/a%20b:c", "ESP32_GENERIC/a%20b%3Ac"),
    ],
)
async def test_an_old_id_leads_to_the_present_board_on_whatever_host(
    client: Client, old: str, present: str
) -> None:
    got = await client.get(f"/download/{old}")

    assert (got.status, got.fields["location"]) == (302, f"/download/{present}")


async def test_the_facts_behind_the_filters_are_there_for_programs(client: Client) -> None:
    got = await client.get("/download/boards.json")

    assert [card["board"] for card in json.loads(got.body)] == ["ESP32_GENERIC", "RPI_PICO_W"]


async def test_a_new_release_is_the_latest_at_once(site: Site, builder: Builder) -> None:
    newer = "RPI_PICO_W-20260824-v1.29.0.uf2"
    await builder.publish(USUAL | images(newer))
    await site.shelf.refresh()
    got = await site.client.get("/download/RPI_PICO_W/RPI_PICO_W-latest.uf2")

    assert got.body == image(newer)


async def test_a_recalled_latest_is_gone_with_an_empty_body(builder: Builder) -> None:
    async with served(builder.store) as site:
        await builder.publish(USUAL, recalled=[image(PICO)])
        await site.shelf.refresh()
        got = await site.client.get("/download/RPI_PICO_W/RPI_PICO_W-latest.uf2")

    assert (got.status, got.body) == (410, b"")


async def test_no_page_names_the_host_that_was_asked(client: Client) -> None:
    said = b"GET %b HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"
    answers = [
        await client.say(said % path)
        for path in (b"/download", b"/download/", b"/download/RPI_PICO_W/", b"/download/?port=x")
    ]

    assert [answer for answer in answers if b"evil.test" in answer] == []


async def test_a_board_that_lost_its_release_has_an_older_latest(
    builder: Builder,
) -> None:
    await builder.publish(images(PICO_OLD))
    async with served(builder.store) as site:
        latest = await site.client.get("/download/RPI_PICO_W/RPI_PICO_W-latest.uf2")
        gone = await site.client.get("/download/ESP32_GENERIC/")

    assert (latest.status, latest.body) == (200, image(PICO_OLD))
    assert gone.status == 404
