"""Answers say how old they are when that is older than it should be, and only then."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.errors import StorageError
from mirror.storage.crawled import LastCrawl
from mirror.web.app import Serving
from tests.web.building import PICO, Builder
from tests.web.conftest import NODE, served, status
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.client import Client

NOW = datetime(2026, 4, 7, 6, tzinfo=UTC)
OLD = LastCrawl(NOW - timedelta(days=2, seconds=5), fresh_seconds=3600.0)
DOCUMENTS = [
    "/v1/feed.json",
    "/v1/feed.json?board=RPI_*",
    "/v1/boards.json",
    "/v1/boards/RPI_PICO_W.json",
    "/v1/boards/RPI_PICO_W/latest.json",
    "/v1/root.json",
    "/v1/content.json",
    "/v1/publications.json",
    "/v1/channels/current/feed.json",
]
OTHERS = [
    "/resources/firmware/SHA256SUMS",
    f"/v1/files/{PICO}",
    "/v1/publications/1/feed.json",
    "/v1/schemas/feed.json",
    "/v1/status.json",
    "/healthz",
    "/v1/boards/NOTHING.json",
]


def telling(find: Callable[[], LastCrawl | None]) -> Serving:
    return Serving(node=NODE, status=status, clock=lambda: NOW, last_crawl=find)


async def says_an_age(client: Client) -> bool:
    return "age" in (await client.get("/v1/feed.json")).fields


async def test_every_document_of_now_says_how_old_it_is(builder: Builder) -> None:
    """By the body nothing changes: the same bytes, the same ETag."""
    async with served(builder.store, told=telling(lambda: None)) as site:
        fresh = [await site.client.get(path) for path in DOCUMENTS]
    async with served(builder.store, told=telling(lambda: OLD)) as site:
        await until(lambda: says_an_age(site.client))
        stale = [await site.client.get(path) for path in DOCUMENTS]
        others = [await site.client.get(path) for path in OTHERS]

    assert {got.status for got in fresh + stale} == {200}
    assert {got.fields["age"] for got in stale} == {"172805"}
    assert not [got for got in fresh + others if "age" in got.fields]
    assert [got.body for got in stale] == [got.body for got in fresh]
    assert [got.fields["etag"] for got in stale] == [got.fields["etag"] for got in fresh]


async def test_head_and_not_modified_say_it_too(builder: Builder) -> None:
    async with served(builder.store, told=telling(lambda: OLD)) as site:
        await until(lambda: says_an_age(site.client))
        whole = await site.client.get("/v1/feed.json")
        head = await site.client.get("/v1/feed.json", "HEAD")
        etag = whole.fields["etag"]
        known = await site.client.get("/v1/feed.json", If_None_Match=etag)
        coded = await site.client.get("/v1/feed.json", Accept_Encoding="gzip")

    assert (head.status, known.status, coded.fields["content-encoding"]) == (200, 304, "gzip")
    assert {got.fields["age"] for got in (head, known, coded)} == {"172805"}


async def test_pages_of_other_origins_may_read_it(client: Client) -> None:
    got = await client.get("/v1/feed.json")

    assert "Age" in got.fields["access-control-expose-headers"].split(", ")


@pytest.mark.parametrize("crawl", [None, replace(OLD, at=NOW - timedelta(minutes=59))])
async def test_fresh_or_unknown_data_have_no_age(builder: Builder, crawl: LastCrawl | None) -> None:
    looked = [0]

    def find() -> LastCrawl | None:
        looked[0] += 1
        return crawl

    async with served(builder.store, told=telling(find)) as site:
        answers = [await site.client.get("/v1/feed.json") for _ in range(3)]

    assert looked[0] > 0
    assert not [got for got in answers if "age" in got.fields]


async def test_a_disk_that_refuses_to_tell_ends_no_answer(
    builder: Builder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)

    def refuse() -> LastCrawl | None:
        raise StorageError("the disk refuses")

    async with served(builder.store, told=telling(refuse)) as site:
        got = await site.client.get("/v1/feed.json")

    assert got.status == 200
    assert "the disk refuses" in caplog.text
