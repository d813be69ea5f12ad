"""A crawl reads every page once, loses no board, and says what it could not read."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.model import BoardFacts, BoardPage, Catalog, CatalogBoard, Problem
from mirror.errors import (
    BreakerOpenError,
    ChildRefusedError,
    DiskFullError,
    MirrorError,
    PageRefusedError,
    SelfUpstreamError,
    UpstreamBusyError,
    UpstreamUnavailableError,
)
from mirror.upstream.memory import RememberedPage
from mirror.upstream.site import Crawl, CrawlTerms, crawl
from tests.replica.misbehaviour import Misbehaviour
from tests.replica.replica import Replica
from tests.replica.ways import Bomb, Refusing, Substituted
from tests.upstream.conftest import NODE, making
from tests.upstream.doubles import START, Clock, PageFolder, PlainReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.replica.exchange import Way

BOARD = "RPI_PICO_W"
PAGE = f"/download/{BOARD}/"


@dataclass(slots=True)
class Crawler:
    """Crawls a replica, again and again, with one memory."""

    replica: Replica
    base: str
    pages: PageFolder
    reader: PlainReader = field(default_factory=PlainReader)
    crawls: int = 0
    all_but_one: asyncio.Event = field(default_factory=asyncio.Event)

    async def crawl(self, crawl_id: str | None = None, version: str = "1") -> Crawl:
        """Crawl once, under a new id unless one is given, from a fresh start of the program."""
        self.crawls += 1
        self.replica.requests.clear()
        terms = CrawlTerms(crawl_id or f"crawl {self.crawls}", START, version, self._progress)
        async with making(self.base, Clock()) as fetcher:
            return await crawl(fetcher, self.reader, self.pages, terms)

    def _progress(self, done: int, total: int) -> None:
        if total > 1 and done == total - 1:
            self.all_but_one.set()

    def asked(self) -> Counter[str]:
        """Return how often each page was asked for in the last crawl."""
        return Counter(request.path for request in self.replica.requests)


@pytest.fixture
async def crawler(tmp_path: Path) -> AsyncIterator[Crawler]:
    """A crawler of six boards."""
    replica = Replica.of_boards(6)
    async with replica.running() as base:
        yield Crawler(replica, base, PageFolder(tmp_path))


def board_of(found: Crawl, board: str = BOARD) -> CatalogBoard:
    """Return one board of the catalog."""
    return next(entry for entry in found.catalog.boards if entry.facts.board == board)


def listed(found: Crawl) -> dict[str, list[str]]:
    """Return the names that each board lists."""
    return {
        entry.facts.board: [str(listing.name) for listing in entry.listings]
        for entry in found.catalog.boards
    }


async def test_the_catalog_is_what_upstream_lists(crawler: Crawler) -> None:
    found = await crawler.crawl()
    replica = crawler.replica

    assert listed(found) == {board: list(replica.names(board)) for board in sorted(replica.boards)}
    assert found.unread == ()
    assert found.catalog.problems == ()


async def test_port_and_mcu_come_from_the_facet_pages(crawler: Crawler) -> None:
    found = await crawler.crawl()
    facts = [crawler.replica.fact(entry.facts.board) for entry in found.catalog.boards]

    assert [(entry.facts.port, entry.facts.mcu) for entry in found.catalog.boards] == [
        (fact.port, fact.mcu) for fact in facts
    ]


async def test_every_page_is_asked_for_once(crawler: Crawler) -> None:
    found = await crawler.crawl()
    facts = [crawler.replica.fact(board) for board in crawler.replica.boards]
    pages = [
        "/download/",
        *(f"/download/?port={port}" for port in {fact.port for fact in facts}),
        *(f"/download/?mcu={mcu}" for mcu in {fact.mcu for fact in facts}),
        *(f"/download/{fact.board}/" for fact in facts),
    ]

    assert crawler.asked() == Counter(pages)
    assert (found.asked, found.parsed) == (len(pages), len(pages))


async def test_a_second_crawl_asks_once_for_each_page_and_parses_none(crawler: Crawler) -> None:
    first = await crawler.crawl()
    asked = crawler.asked()
    second = await crawler.crawl()

    assert crawler.asked() == asked
    assert (second.asked, second.parsed) == (first.asked, 0)
    assert second.catalog == first.catalog


async def test_only_a_page_that_changed_is_parsed(crawler: Crawler) -> None:
    await crawler.crawl()
    crawler.replica.withdraw(crawler.replica.names(BOARD)[0])
    found = await crawler.crawl()

    assert found.parsed == 1
    assert listed(found)[BOARD] == list(crawler.replica.names(BOARD))


async def test_a_new_version_of_the_reader_parses_everything_anew(crawler: Crawler) -> None:
    first = await crawler.crawl(version="1")
    second = await crawler.crawl(version="2")

    assert second.parsed == first.parsed


async def test_an_interrupted_crawl_continues_where_it_stopped(crawler: Crawler) -> None:
    replica = crawler.replica
    replica.misbehave(PAGE, Misbehaviour.HANG_BEFORE_HEADERS)
    first = asyncio.create_task(crawler.crawl("the same"))
    await crawler.all_but_one.wait()
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    found = await crawler.crawl("the same")

    assert crawler.asked() == {PAGE: 1}
    assert listed(found) == {board: list(replica.names(board)) for board in sorted(replica.boards)}


def replica_pages(replica: Replica) -> list[str]:
    """Return the paths of all board pages."""
    return [f"/download/{board}/" for board in replica.boards]


async def test_progress_runs_from_nothing_to_everything(crawler: Crawler) -> None:
    told: list[tuple[int, int]] = []
    terms = CrawlTerms("1", START, progress=lambda done, total: told.append((done, total)))
    async with making(crawler.base, Clock()) as fetcher:
        found = await crawl(fetcher, crawler.reader, crawler.pages, terms)

    assert told[0] == (0, 1)
    assert told[-1] == (found.asked, found.asked)
    assert told == sorted(told)


@pytest.mark.parametrize(
    "way", [Misbehaviour.CUT_PAGE, Misbehaviour.NO_HEADINGS, Misbehaviour.EMPTY_BODY]
)
async def test_a_page_that_is_spoilt_for_a_moment_is_asked_for_again(
    crawler: Crawler, way: Misbehaviour
) -> None:
    crawler.replica.misbehave(PAGE, way, 2)
    found = await crawler.crawl()

    assert crawler.asked()[PAGE] == 3
    assert found.unread == ()
    assert listed(found)[BOARD] == list(crawler.replica.names(BOARD))


@pytest.mark.parametrize(
    ("way", "times", "reason"),
    [
        (Misbehaviour.CUT_PAGE, 3, "cut"),
        (Misbehaviour.NO_HEADINGS, 3, "heading"),
        (Bomb(1 << 22), 3, "unpacked it is more than 100000 bytes"),
        (Misbehaviour.REDIRECT_TO_OTHER_HOST, 3, "is not on upstream's host"),
        (Misbehaviour.REDIRECT_LOOP, 3, "redirected in a circle"),
        (Misbehaviour.MISSING, 1, "answered 404"),
        (Misbehaviour.BROKEN, 4, "answered 500"),
        (Misbehaviour.RESET, 4, "the connection broke off"),
    ],
)
async def test_a_board_whose_page_stays_spoilt_keeps_what_its_last_good_page_said(
    crawler: Crawler, way: Misbehaviour | Way, times: int, reason: str
) -> None:
    first = await crawler.crawl()
    crawler.replica.misbehave(PAGE, way, None)
    second = await crawler.crawl()
    entry = board_of(second)

    assert reason in (entry.stale or "")
    assert [unread.reason for unread in second.unread] == [entry.stale]
    assert second.unread[0].page.endswith(PAGE)
    assert with_board(second, replace(entry, stale=None)) == first.catalog
    assert crawler.asked()[PAGE] >= times


def with_board(found: Crawl, entry: CatalogBoard) -> Catalog:
    """Return the catalog with *entry* in place of the board of its id."""
    boards = tuple(
        entry if other.facts.board == entry.facts.board else other for other in found.catalog.boards
    )
    return replace(found.catalog, boards=boards)


async def test_a_spoilt_page_is_read_again_by_the_next_crawl(crawler: Crawler) -> None:
    first = await crawler.crawl()
    crawler.replica.cut(BOARD)
    await crawler.crawl()
    crawler.replica.behave()
    third = await crawler.crawl()

    assert third.catalog == first.catalog
    assert third.unread == ()


async def test_a_board_that_was_never_read_is_listed_without_files(crawler: Crawler) -> None:
    crawler.replica.cut(BOARD)
    found = await crawler.crawl()
    fact = crawler.replica.fact(BOARD)
    page = f"{found.catalog.upstream}{PAGE}"

    assert board_of(found) == CatalogBoard(
        BoardFacts(BOARD, page, fact.product, fact.vendor, port=fact.port, mcu=fact.mcu),
        (),
        stale=found.unread[0].reason,
    )
    assert [unread.page for unread in found.unread] == [page]


async def test_a_board_that_never_had_headings_is_an_empty_board(crawler: Crawler) -> None:
    crawler.replica.lose_headings(BOARD)
    first = await crawler.crawl()
    asked = crawler.asked()[PAGE]
    second = await crawler.crawl()

    assert (board_of(first).listings, board_of(first).stale) == ((), None)
    assert first.unread == ()
    assert first.catalog.problems == (
        Problem("no-files", BOARD, f"{first.catalog.upstream}{PAGE}"),
    )
    assert (asked, crawler.asked()[PAGE], second.parsed) == (3, 1, 0)


async def test_an_empty_board_that_gets_its_headings_has_files(crawler: Crawler) -> None:
    crawler.replica.lose_headings(BOARD)
    await crawler.crawl()
    crawler.replica.behave()
    found = await crawler.crawl()

    assert listed(found)[BOARD] == list(crawler.replica.names(BOARD))


async def test_a_known_empty_board_may_change_and_is_asked_for_once(crawler: Crawler) -> None:
    crawler.replica.lose_headings(BOARD)
    await crawler.crawl()
    crawler.replica.retitle(BOARD, "Another name")
    found = await crawler.crawl()

    assert board_of(found).facts.product == "Another name"
    assert crawler.asked()[PAGE] == 1


@pytest.mark.parametrize(
    ("way", "error"),
    [
        (Misbehaviour.CUT_PAGE, PageRefusedError),
        (Misbehaviour.BROKEN, UpstreamUnavailableError),
        (Refusing(429, "99999999999"), UpstreamBusyError),
    ],
)
async def test_without_the_index_there_is_no_crawl(
    crawler: Crawler, way: Misbehaviour | Way, error: type[MirrorError]
) -> None:
    await crawler.crawl()
    crawler.replica.misbehave("/download/", way, None)

    with pytest.raises(error, match="/download/: "):
        await crawler.crawl()

    assert set(crawler.asked()) == {"/download/"}


async def test_an_index_with_facets_without_end_is_refused(crawler: Crawler) -> None:
    link = '<a class="filter-option" href="?mcu=x{0}">x{0}</a>, '
    links = "".join(link.format(number) for number in range(301))
    html = crawler.replica.index({}).replace("MCU:</span>", f"MCU:</span> {links}")
    crawler.replica.misbehave("/download/", Substituted(html.encode()), None)

    with pytest.raises(PageRefusedError, match="more than 300 ports and MCUs"):
        await crawler.crawl()

    assert set(crawler.asked()) == {"/download/"}


async def test_a_lost_facet_page_counts_with_what_it_said_before(crawler: Crawler) -> None:
    first = await crawler.crawl()
    crawler.replica.misbehave("/download/?mcu=rp2040", Misbehaviour.CUT_PAGE, None)
    second = await crawler.crawl()

    assert second.catalog == first.catalog
    assert [unread.page.partition("/download/")[2] for unread in second.unread] == ["?mcu=rp2040"]


async def test_without_any_facet_page_the_source_link_tells_the_port(crawler: Crawler) -> None:
    for facet in ("port", "mcu"):
        crawler.replica.misbehave(f"/download/?{facet}=*", Misbehaviour.CUT_PAGE, None)
    found = await crawler.crawl()

    assert board_of(found).facts.port == "rp2"
    assert board_of(found).facts.mcu is None


async def test_an_upstream_that_ignores_filters_is_not_believed(crawler: Crawler) -> None:
    replica = crawler.replica
    html = replica.index({})
    replica.misbehave("/download/[?]*", Substituted(html.encode()), None)
    found = await crawler.crawl()

    assert {entry.facts.mcu for entry in found.catalog.boards} == {None}
    assert board_of(found).facts.port == "rp2"
    assert [problem.rule for problem in found.catalog.problems] == ["several-ports", "several-mcus"]


async def test_a_board_that_only_a_facet_shows_is_a_board_too(crawler: Crawler) -> None:
    replica = crawler.replica
    card = f'<a class="board-card" href="{BOARD}">'
    spoilt = replica.index({}).replace(card, '<a class="other" href="/">')
    replica.misbehave("/download/", Substituted(spoilt.encode()))
    found = await crawler.crawl()

    assert listed(found)[BOARD] == list(replica.names(BOARD))
    assert Problem("not-on-index", BOARD, f"{crawler.base}/download/") in (found.catalog.problems)


async def test_an_upstream_that_goes_away_ends_the_crawl_and_the_next_continues(
    crawler: Crawler,
) -> None:
    replica = crawler.replica
    replica.misbehave("/download/*/", Misbehaviour.UNAVAILABLE, None)
    with pytest.raises(BreakerOpenError, match=r"failed 20 times in a row.*answered 503"):
        await crawler.crawl("the same")
    before = crawler.asked()
    replica.behave()
    found = await crawler.crawl("the same")

    assert sum(before[page] > 0 for page in replica_pages(replica)) <= 12
    assert set(crawler.asked()) == set(replica_pages(replica))
    assert found.unread == ()


async def test_an_upstream_that_asks_us_to_wait_ends_the_crawl(crawler: Crawler) -> None:
    crawler.replica.misbehave(PAGE, Refusing(503, "7200"), None)

    with pytest.raises(UpstreamBusyError, match="asks to wait 7200 s"):
        await crawler.crawl()


async def test_an_upstream_that_is_ourselves_is_named(crawler: Crawler) -> None:
    crawler.replica.node_id = NODE

    with pytest.raises(SelfUpstreamError, match="upstream is this mirror; check DNS"):
        await crawler.crawl()


class DyingReader(PlainReader):
    """A reader that dies on one page."""

    async def read_board_page(self, html: bytes, url: str, board: str) -> BoardPage:
        """Read a page, or die."""
        if b"Deadly" in html:
            raise ChildRefusedError("took longer than 4 s")
        return await super().read_board_page(html, url, board)


async def test_a_page_on_which_the_reader_dies_is_a_spoilt_page(crawler: Crawler) -> None:
    first = await crawler.crawl()
    crawler.reader = DyingReader()
    crawler.replica.retitle(BOARD, "Deadly")
    second = await crawler.crawl()

    assert board_of(second).stale == "took longer than 4 s"
    assert listed(second) == listed(first)


class FullFolder(PageFolder):
    """A memory on a disk that is full."""

    async def remember(self, *pages: RememberedPage) -> None:
        """Fail."""
        raise DiskFullError(f"no space for {pages[0].url}")


async def test_a_full_disk_is_a_full_disk(crawler: Crawler) -> None:
    crawler.pages = FullFolder(crawler.pages.folder)

    with pytest.raises(DiskFullError):
        await crawler.crawl()


async def test_hostile_links_are_problems_and_their_page_is_read(crawler: Crawler) -> None:
    crawler.replica.misbehave(PAGE, Misbehaviour.HOSTILE_LINKS, None)
    found = await crawler.crawl()

    assert listed(found)[BOARD] == list(crawler.replica.names(BOARD))
    assert {problem.page for problem in found.catalog.problems} == {
        f"{found.catalog.upstream}{PAGE}"
    }


async def test_what_is_remembered_is_read_back_as_it_was(crawler: Crawler) -> None:
    await crawler.crawl()
    remembered = [
        RememberedPage.from_json(file.read_bytes()) for file in crawler.pages.folder.iterdir()
    ]

    assert [RememberedPage.from_json(page.to_json()) for page in remembered] == remembered
    assert {type(page.value).__name__ for page in remembered} == {"IndexPage", "BoardPage"}
