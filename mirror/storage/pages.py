"""What the crawl remembers of upstream's pages, so that an unchanged one is not parsed again.

This may be lost: then the next crawl reads every page once.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select, update

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.storage.database import portions
from mirror.storage.tables import CRAWLS, PAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sqlalchemy import BindParameter, Connection, RowMapping

    from mirror.storage.database import Database


_VALUES: dict[str, BindParameter[Any]] = {
    name: bindparam(name) for name in ("digest", "body", "crawl", "fetched_at")
}
_REPLACE = update(PAGES).where(PAGES.c.url == bindparam("address")).values(_VALUES)
_ADD = insert(PAGES).values(url=bindparam("address"), **_VALUES)


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page that was read: the digest of its bytes, and what the crawl wants back in *body*.

    ``crawl`` is the id of the crawl that saw the page last, ``fetched_at`` when.
    """

    url: str
    digest: Digest
    body: bytes
    crawl: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCrawl:
    """A crawl: its id, when it began, and when it was complete (None: interrupted, or going on)."""

    id: str
    started: datetime
    finished: datetime | None


class Pages:
    """The part of the index that crawls write; raises only `StorageError`s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_page(self, url: str) -> StoredPage | None:
        """Return what is remembered of *url*."""
        rows = await self._database.rows(select(PAGES).where(PAGES.c.url == url))
        return _page(rows[0]) if rows else None

    async def find_pages(self, urls: Sequence[str]) -> list[StoredPage]:
        """Return what is remembered of each of *urls*; those without are left out."""

        def work(connection: Connection) -> list[StoredPage]:
            queries = (select(PAGES).where(PAGES.c.url.in_(some)) for some in portions(urls))
            return [_page(row) for query in queries for row in connection.execute(query).mappings()]

        return await self._database.run(work)

    async def remember_pages(self, pages: Sequence[StoredPage]) -> None:
        """Remember *pages*, of as many URLs, in place of what was known of those."""
        rows = {
            page.url: {
                "address": page.url,
                "digest": page.digest.hex,
                "body": page.body,
                "crawl": page.crawl,
                "fetched_at": page.fetched_at,
            }
            for page in pages
        }

        def work(connection: Connection) -> None:
            query = select(PAGES.c.url)
            known = {
                url
                for some in portions(list(rows))
                for url in connection.execute(query.where(PAGES.c.url.in_(some))).scalars()
            }
            # Not deleted and inserted: of a row that keeps its length SQLite writes only the
            # pages that changed, and most pages of upstream are as they were, crawl for crawl.
            for statement, urls in ((_REPLACE, known), (_ADD, rows.keys() - known)):
                if urls:
                    connection.execute(statement, [rows[url] for url in sorted(urls)])

        await self._database.run(work)

    async def begin_crawl(self, crawl: str, started: datetime) -> None:
        """Remember that the crawl of this id began; those left unfinished before it are dropped."""
        forget = delete(CRAWLS).where(CRAWLS.c.finished.is_(None))
        await self._database.execute(forget, insert(CRAWLS).values(id=crawl, started=started))

    async def finish_crawl(self, crawl: str, finished: datetime) -> None:
        """Remember that the crawl is complete; older complete ones are dropped."""
        finish = update(CRAWLS).where(CRAWLS.c.id == crawl).values(finished=finished)
        await self._database.execute(delete(CRAWLS).where(CRAWLS.c.id != crawl), finish)

    async def unfinished_crawl(self) -> StoredCrawl | None:
        """Return the crawl that was interrupted, to be continued; None when there is none."""
        rows = await self._database.rows(select(CRAWLS).where(CRAWLS.c.finished.is_(None)))
        return _crawl(rows[0]) if rows else None

    async def last_complete_crawl(self) -> StoredCrawl | None:
        """Return the newest complete crawl; None before the first."""
        rows = await self._database.rows(select(CRAWLS).where(CRAWLS.c.finished.is_not(None)))
        return _crawl(rows[0]) if rows else None


def _page(row: RowMapping) -> StoredPage:
    return StoredPage(
        url=row["url"],
        digest=Digest(row["digest"]),
        body=row["body"],
        crawl=row["crawl"],
        fetched_at=row["fetched_at"],
    )


def _crawl(row: RowMapping) -> StoredCrawl:
    return StoredCrawl(id=row["id"], started=row["started"], finished=row["finished"])
