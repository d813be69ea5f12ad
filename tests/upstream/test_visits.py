"""A page is asked for as politely as upstream allows, and believed only when it came."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.model import BoardFacts, BoardPage, Card, IndexPage
from mirror.catalog.values import Digest
from mirror.errors import DamagedError, UpstreamError
from mirror.upstream.fetch import PageAnswer, Validators
from mirror.upstream.memory import RememberedPage
from mirror.upstream.visits import AT_ONCE, CrawlTerms, Visit, Visits
from tests.upstream.doubles import START, PageFolder

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://upstream.example.org/download/"
GIVEN = Validators('"1"', "Mon, 24 Aug 2026 12:00:00 GMT")
INDEX = IndexPage((Card("RPI_PICO", "Pico", "Raspberry Pi"),))


@dataclass(slots=True)
class Source:
    """An upstream that gives these answers one after the other."""

    answers: list[PageAnswer | None]
    since: list[Validators] = field(default_factory=list)
    upstream: str = "https://upstream.example.org"

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        """Answer; there is but one page."""
        del url
        self.since.append(since)
        return self.answers.pop(0)


def page(body: bytes, validators: Validators = GIVEN) -> PageAnswer:
    """Return an answer with a page."""
    return PageAnswer(URL, URL, body, Digest.of(body), validators)


async def read(_html: bytes, _known: IndexPage | None) -> IndexPage:
    """Read any page as the same index."""
    return INDEX


async def visit(source: Source, memory: PageFolder, crawl_id: str) -> Visits:
    """Visit the page in a crawl of its own; what comes of it must be the index."""
    visits = Visits(source, memory, CrawlTerms(crawl_id, START))
    outcomes = await visits.all({"": Visit(URL, IndexPage, read)})
    assert outcomes == {"": INDEX}
    return visits


async def test_a_page_is_asked_for_with_what_upstream_gave(tmp_path: Path) -> None:
    source = Source([page(b"index"), None, None])
    memory = PageFolder(tmp_path)
    await visit(source, memory, "1")
    second = await visit(source, memory, "2")
    await visit(source, memory, "3")

    assert source.since == [Validators(), GIVEN, GIVEN]
    assert (second.asked, second.parsed) == (1, 0)


async def test_new_validators_of_an_unchanged_page_are_used_next(tmp_path: Path) -> None:
    newer = Validators('"2"')
    source = Source([page(b"index"), page(b"index", newer), None])
    memory = PageFolder(tmp_path)
    for crawl_id in "123":
        await visit(source, memory, crawl_id)

    assert source.since == [Validators(), GIVEN, newer]


async def test_304_without_conditions_says_nothing(tmp_path: Path) -> None:
    visits = Visits(Source([None]), PageFolder(tmp_path), CrawlTerms("1", START))

    outcomes = await visits.all({"": Visit(URL, IndexPage, read)})

    assert isinstance(outcomes[""], UpstreamError)
    assert str(outcomes[""]) == f"{URL}: answered 304 to a request without conditions"


async def test_what_is_remembered_as_another_kind_of_page_is_read_anew(tmp_path: Path) -> None:
    memory = PageFolder(tmp_path)
    board = BoardPage(BoardFacts("X", URL, "X"), ())
    await memory.remember(RememberedPage(URL, Digest.of(b"index"), board, "1", START, ""))
    visits = await visit(Source([page(b"index")]), memory, "1")

    assert visits.parsed == 1


async def test_only_so_many_pages_are_in_hand_at_once(tmp_path: Path) -> None:
    in_hand: list[int] = [0, 0]

    async def slowly(_html: bytes, _known: IndexPage | None) -> IndexPage:
        in_hand[0] += 1
        in_hand[1] = max(in_hand)
        await asyncio.sleep(0.01)
        in_hand[0] -= 1
        return INDEX

    many = {str(number): Visit(f"{URL}?port={number}", IndexPage, slowly) for number in range(20)}
    source = Source([page(b"index") for _ in many])
    outcomes = await Visits(source, PageFolder(tmp_path), CrawlTerms("1", START)).all(many)

    assert len(outcomes) == 20
    assert in_hand == [0, AT_ONCE]


@pytest.mark.parametrize("document", [b"", b"{}", b"[1]", b"\xff", b'{"url": 1}'])
def test_a_memory_that_is_damaged_is_named(document: bytes) -> None:
    with pytest.raises(DamagedError, match="a remembered page can not be read"):
        RememberedPage.from_json(document)
