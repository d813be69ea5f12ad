"""Documents over a socket: codings, ETags, conditions, and every byte of large ones."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]  # it has no types
import pytest
import zstandard

from mirror.catalog.model import Passage, PassageKind
from mirror.web.connections import Limits
from tests.web.building import PICO, Builder, boards_of, images
from tests.web.conftest import served
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.web.client import Client

BOARD = "/v1/boards/ESP32_GENERIC.json"
PATHS = ["/v1/feed.json", "/v1/feed.json?kind=uf2", BOARD, "/v1/schemas/feed.json"]
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
}


@pytest.fixture
async def crowded(builder: Builder) -> AsyncIterator[Client]:
    """A client of a mirror with a thousand artifacts: 800 kB of feed."""
    names = [
        f"BOARD_{board}-V{variant}-20260406-v1.{version}.0.bin"
        for board in range(10)
        for variant in range(10)
        for version in range(10)
    ]
    await builder.publish_documents(boards_of({name: name.encode() for name in names}))
    async with served(builder.store) as site:
        yield site.client


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", list(DECODERS))
async def test_a_coded_document_decodes_to_the_plain_one(
    client: Client, path: str, coding: str
) -> None:
    plain = await client.get(path)
    coded = await client.get(path, Accept_Encoding=coding)

    assert (coding, plain.body) == (
        coded.fields["content-encoding"],
        DECODERS[coding](coded.body),
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", list(DECODERS))
async def test_each_coding_has_an_etag_of_its_own(client: Client, path: str, coding: str) -> None:
    plain = await client.get(path)
    coded = await client.get(path, Accept_Encoding=coding)

    assert plain.fields["etag"].removesuffix('"') + f'-{coding}"' == coded.fields["etag"]


@pytest.mark.parametrize("path", PATHS)
async def test_the_etag_of_a_plain_document_is_the_digest_of_its_bytes(
    client: Client, path: str
) -> None:
    got = await client.get(path)

    assert f'"{hashlib.sha256(got.body).hexdigest()}"' == got.fields["etag"]


@pytest.mark.parametrize("coding", ["", *DECODERS])
async def test_a_document_that_the_client_has_is_not_sent_again(
    client: Client, coding: str
) -> None:
    first = await client.get(BOARD, Accept_Encoding=coding)
    again = await client.get(BOARD, Accept_Encoding=coding, If_None_Match=first.fields["etag"])

    assert (304, first.fields["etag"], b"") == (again.status, again.fields["etag"], again.body)


async def test_the_etag_of_one_coding_says_nothing_of_another(client: Client) -> None:
    coded = await client.get(BOARD, Accept_Encoding="br")
    plain = await client.get(BOARD, If_None_Match=coded.fields["etag"])

    assert plain.status == 200


@pytest.mark.parametrize("fields", [{}, {"Accept-Encoding": "br"}, {"If-None-Match": "*"}])
async def test_caches_are_told_that_the_coding_matters(
    client: Client, fields: dict[str, str]
) -> None:
    got = await client.get(BOARD, **fields)

    assert got.fields["vary"] == "Accept-Encoding"


async def test_a_plain_document_can_be_had_in_parts(client: Client) -> None:
    whole = await client.get(BOARD)
    part = await client.get(BOARD, Range="bytes=10-19", If_Range=whole.fields["etag"])

    assert (206, f"bytes 10-19/{len(whole.body)}", whole.body[10:20]) == (
        part.status,
        part.fields["content-range"],
        part.body,
    )


async def test_no_part_of_a_document_is_beyond_its_end(client: Client) -> None:
    whole = await client.get(BOARD)
    beyond = await client.get(BOARD, Range=f"bytes={len(whole.body)}-")

    assert (416, f"bytes */{len(whole.body)}", b"") == (
        beyond.status,
        beyond.fields["content-range"],
        beyond.body,
    )


async def test_a_document_that_the_client_does_not_mean_is_not_sent(client: Client) -> None:
    got = await client.get(BOARD, If_Match='"other"')

    assert (got.status, got.body) == (412, b"")


async def test_a_coded_document_is_always_whole(client: Client) -> None:
    """Another version of the library may code it otherwise: parts would not fit."""
    whole = await client.get(BOARD, Accept_Encoding="gzip")
    asked = await client.get(BOARD, Accept_Encoding="gzip", Range="bytes=0-9")

    assert (200, whole.body) == (asked.status, asked.body)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_head_says_the_length_that_get_sends(client: Client, path: str, coding: str) -> None:
    got = await client.get(path, Accept_Encoding=coding)
    head = await client.get(path, "HEAD", Accept_Encoding=coding)

    assert (200, str(len(got.body))) == (head.status, head.fields["content-length"])


async def test_a_short_document_is_not_coded(client: Client) -> None:
    got = await client.get("/v1/publications/1/content.json", Accept_Encoding="br")

    assert "content-encoding" not in got.fields


async def test_a_large_feed_arrives_whole_and_in_every_coding(crowded: Client) -> None:
    plain = await crowded.get("/v1/feed.json")
    coded = {
        coding: await crowded.get("/v1/feed.json", Accept_Encoding=coding) for coding in DECODERS
    }
    boards = json.loads(plain.body)["boards"]

    assert dict.fromkeys(DECODERS, plain.body) == {
        coding: DECODERS[coding](got.body) for coding, got in coded.items()
    }
    assert sum(len(release["files"]) for board in boards for release in board["releases"]) == 1000


async def test_many_who_want_a_coding_at_once_get_the_same(crowded: Client) -> None:
    answers = await asyncio.gather(
        *(crowded.get("/v1/feed.json", Accept_Encoding="br") for _ in range(50))
    )

    assert len({got.body for got in answers}) == 1


async def test_a_new_publication_has_another_etag(builder: Builder) -> None:
    async with served(builder.store) as site:
        before = await site.client.get("/v1/feed.json")
        await builder.publish(images(PICO))
        await site.shelf.refresh()
        after = await site.client.get("/v1/feed.json", If_None_Match=before.fields["etag"])

    assert after.status == 200
    assert before.fields["etag"] != after.fields["etag"]


async def test_a_client_that_takes_nothing_of_a_large_feed_is_cut_off(builder: Builder) -> None:
    """Its connection is free for somebody else, though the feed does not fit any buffer."""
    long = Passage(PassageKind.PARAGRAPH, "x" * 30_000_000)
    boards = [replace(board, description=(long,)) for board in boards_of(images(PICO))]
    await builder.publish_documents(boards)
    async with (
        served(builder.store, Limits(connections=1, stall=0.2)) as site,
        site.client.connected() as line,
    ):
        await line.ask("/v1/feed.json")
        refused = await site.client.say(b"")
        await until(site.client.is_answered)

    assert refused.startswith(b"HTTP/1.1 503 ")
