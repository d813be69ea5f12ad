"""Files are found by name as upstream spells it, and nothing else is ever a file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from tests.web.building import ESP, PICO, PICO_OLD, USUAL, Builder, boards_of, image, images
from tests.web.conftest import served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.client import Client
    from tests.web.conftest import Site

PLACES = ["/v1/files/{}", "/resources/firmware/{}", "/v1/publications/1/files/{}"]
NOWHERE = [
    "/resources/firmware/None",
    "/resources/firmware/",
    "/resources/firmware/nothing.bin",
    "/resources/firmware/..",
    "/resources/firmware/../../../etc/passwd",
    "/resources/firmware/..%2f..%2fetc%2fpasswd",
    "/resources/firmware/%2e%2e/%2e%2e/etc/passwd",
    "/resources/firmware/..%5c..%5cetc",
    "/resources/firmware/%00",
    "/resources/firmware/%0a",
    "/resources/firmware/a%0ab.bin",
    "/somewhere/else/firmware.bin",
    "/resources/firmware/%ff%fe",
    f"/resources/firmware//{PICO}",
    f"/resources/firmware/{PICO}/",
    f"/resources/firmware/{PICO}%00",
    f"/resources/firmware/{PICO}%20",
    f"/resources/firmware/{PICO.lower()}",
    f"/resources/firmware/x%2f{PICO}",
    f"/resources%2ffirmware%2f{PICO}",
    f"/v1/files/{PICO}.sha256",
    f"/v1/publications/99/files/{PICO}",
    f"/v1/publications/0/files/{PICO}",
    f"/v1/channels/nothing/files/{PICO}",
    f"/v1/channels/../files/{PICO}",
    "/v1/blobs/sha256:" + "0" * 64,
    "/v1/blobs/sha256:" + "0" * 63,
    "/v1/blobs/md5:" + "0" * 32,
    "/v1/blobs/..%2f..%2fFORMAT",
    "/v1/files/FORMAT",
    "/v1/files/mpmirror.db",
]


def names_beside_blobs(data: Path) -> list[str]:
    """Return the names of all files in the data folder that are no blobs."""
    files = [path.relative_to(data) for path in data.rglob("*") if path.is_file()]
    return [path.as_posix() for path in files if path.parts[0] != "blobs"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", list(USUAL))
async def test_every_file_is_served_under_every_path(client: Client, place: str, name: str) -> None:
    got = await client.get(place.format(name))

    assert (200, USUAL[name]) == (got.status, got.body)


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_is_no_file_is_answered_with_nothing(client: Client, path: str) -> None:
    """Clients store a 404 page as firmware: there must be none."""
    got = await client.get(path)

    assert (got.status, got.body, got.fields["content-length"]) == (404, b"", "0")


async def test_sums_can_be_checked(client: Client) -> None:
    got = await client.get("/resources/firmware/SHA256SUMS")
    expected = "".join(f"{Digest.of(data).hex}  {name}\n" for name, data in sorted(USUAL.items()))

    assert (expected.encode(), "text/plain; charset=utf-8") == (
        got.body,
        got.fields["content-type"],
    )


async def test_each_file_has_its_sum_beside_it(client: Client) -> None:
    got = await client.get(f"/resources/firmware/{PICO}.sha256")

    assert f"{Digest.of(image(PICO)).hex}  {PICO}\n".encode() == got.body


async def test_a_superseded_file_is_served_in_grace(builder: Builder) -> None:
    await builder.publish(images(ESP))
    async with served(builder.store) as site:
        got = await site.client.get(f"/resources/firmware/{PICO}")
        sums = await site.client.get(f"/resources/firmware/{PICO}.sha256")

    assert (200, image(PICO), 200) == (got.status, got.body, sums.status)


async def test_a_name_means_the_bytes_that_its_publication_says(builder: Builder) -> None:
    await builder.publish({PICO: b"older"})
    await builder.publish({PICO: b"newer"})
    async with served(builder.store) as site:
        paths = [
            f"/v1/publications/2/files/{PICO}",
            f"/v1/publications/3/files/{PICO}",
            f"/v1/channels/current/files/{PICO}",
        ]
        bodies = [(await site.client.get(path)).body for path in paths]

    assert bodies == [b"older", b"newer", b"newer"]


async def test_a_file_that_was_let_go_is_gone(builder: Builder) -> None:
    """It is in no current publication, and its bytes are not kept: that is no damage."""
    await builder.publish(images(ESP))
    await builder.store.blobs.remove(Digest.of(image(PICO)))
    async with served(builder.store) as site:
        got = await site.client.get(f"/v1/publications/1/files/{PICO}")

    assert (got.status, got.body) == (410, b"")


@pytest.mark.parametrize(
    "path",
    [
        f"/resources/firmware/{PICO}",
        f"/v1/publications/1/files/{PICO}",
        f"/v1/blobs/{Digest.of(image(PICO))}",
    ],
)
async def test_a_recalled_digest_is_gone_whatever_names_it(builder: Builder, path: str) -> None:
    """It outranks the older publications that still list it."""
    await builder.publish(images(ESP), recalled=[image(PICO)])
    async with served(builder.store) as site:
        got = await site.client.get(path)

    assert (got.status, got.body) == (410, b"")


async def test_a_recalled_digest_that_is_still_listed_is_gone(builder: Builder) -> None:
    await builder.publish(images(PICO, ESP), recalled=[image(PICO)])
    async with served(builder.store) as site:
        got = await site.client.get(f"/resources/firmware/{PICO}")

    assert (got.status, got.body) == (410, b"")


async def test_a_file_whose_document_lies_about_its_size_is_not_served(builder: Builder) -> None:
    await builder.store.blobs.put(b"image")
    await builder.publish_documents(boards_of({PICO_OLD: b"image"}, size=6))
    async with served(builder.store) as site:
        got = await site.client.get(f"/v1/files/{PICO_OLD}")

    assert (got.status, got.body) == (503, b"")


async def test_nothing_of_the_store_but_blobs_can_be_had(site: Site, data: Path) -> None:
    """The ledger, the database, the ids: no path leads to a file that is no blob."""
    names = names_beside_blobs(data)
    answers = await asyncio.gather(
        *(
            site.client.get(f"{place}{name}")
            for name in names
            for place in ("/", "/v1/files/", "/v1/")
        )
    )

    assert {404} == {got.status for got in answers}
