"""What the crawl remembers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.storage.database import Database
from mirror.storage.pages import Pages, StoredCrawl, StoredPage
from tests.storage.samples import NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LATER = NOON + timedelta(hours=6)


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    """Open an empty memory."""
    async with Database(tmp_path / "mpmirror.db") as database:
        yield Pages(database)


def page(url: str, body: bytes, crawl: str = "one") -> StoredPage:
    """Return a page."""
    return StoredPage(url, Digest.of(body), body, crawl, NOON)


async def test_a_page_is_found_as_it_was_remembered(pages: Pages) -> None:
    """Everything comes back, bytes as bytes and times with their zone."""
    await pages.remember_pages([page("https://a/", b'{"x": 1}')])

    assert await pages.find_page("https://a/") == page("https://a/", b'{"x": 1}')
    assert await pages.find_page("https://b/") is None


async def test_the_newest_memory_of_a_url_counts(pages: Pages) -> None:
    """One page for each URL."""
    await pages.remember_pages([page("https://a/", b"old")])
    await pages.remember_pages([page("https://a/", b"new", crawl="two")])

    assert await pages.find_page("https://a/") == page("https://a/", b"new", crawl="two")


async def test_an_interrupted_crawl_is_found(pages: Pages) -> None:
    """Begun and not finished: to be continued."""
    before = await pages.unfinished_crawl()
    await pages.begin_crawl("one", NOON)

    assert (before, await pages.unfinished_crawl()) == (None, StoredCrawl("one", NOON, None))
    assert await pages.last_complete_crawl() is None


async def test_a_finished_crawl_is_the_last_complete_one(pages: Pages) -> None:
    """And no longer to be continued."""
    await pages.begin_crawl("one", NOON)
    await pages.finish_crawl("one", LATER)

    assert await pages.unfinished_crawl() is None
    assert await pages.last_complete_crawl() == StoredCrawl("one", NOON, LATER)


async def test_a_new_crawl_takes_the_place_of_an_unfinished_one(pages: Pages) -> None:
    """At most one is to be continued, and the last complete one is known meanwhile."""
    await pages.begin_crawl("one", NOON)
    await pages.finish_crawl("one", NOON)
    await pages.begin_crawl("two", NOON)
    await pages.begin_crawl("three", LATER)

    assert await pages.unfinished_crawl() == StoredCrawl("three", LATER, None)
    assert await pages.last_complete_crawl() == StoredCrawl("one", NOON, NOON)
    await pages.finish_crawl("three", LATER)
    assert await pages.last_complete_crawl() == StoredCrawl("three", LATER, LATER)


async def test_a_page_that_is_as_it_was_costs_a_few_pages_of_the_database(tmp_path: Path) -> None:
    """Not its length: four crawls a day remember hundreds of pages anew."""
    path = tmp_path / "mpmirror.db"
    body = b"x" * 200_000
    async with Database(path) as database:
        pages = Pages(database)
        await pages.remember_pages([page("https://a/", body + b"06:00")])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        await pages.remember_pages([page("https://a/", body + b"12:00", crawl="two")])
        written = path.with_name("mpmirror.db-wal").stat().st_size
        found = await pages.find_page("https://a/")

    assert found == page("https://a/", body + b"12:00", crawl="two")
    assert 0 < written < 30_000
