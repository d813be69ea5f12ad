"""What the first upstream can not give comes from the next, and its answers are final."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mirror.errors import (
    MirrorError,
    RefusedError,
    TooLargeError,
    UpstreamMissingError,
    UpstreamUnavailableError,
)
from mirror.upstream.answers import Validators
from mirror.upstream.budget import Budget
from mirror.upstream.fetch import NODE_HEADER, Fetcher, Politeness
from mirror.upstream.upstreams import Upstreams
from tests.upstream.conftest import NODE
from tests.upstream.doubles import Clock, FilePartial
from tests.upstream.scripted import Reply, Scripted, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ONCE = Politeness(requests_per_second=0, attempts=1, read_seconds=1, file_bytes=1000)
FILE = "/resources/firmware/A.uf2"
PAGE = "/download/?port=rp2"
WHOLE = b"0123456789"


@dataclass(slots=True)
class Pair:
    """Two upstreams, asked in order; the clock of both fetchers is *clock*."""

    first: Scripted
    second: Scripted
    upstreams: Upstreams
    partial: FilePartial
    clock: Clock

    @property
    def file(self) -> str:
        """The URL of the file at the first."""
        return self.upstreams.upstream + FILE

    async def download(self, url: str | None = None) -> str:
        """Get the file, and return the URL that gave it."""
        return (await self.upstreams.download(url or self.file, self.partial)).url


@asynccontextmanager
async def paired(folder: Path, budget: Budget | None = None) -> AsyncIterator[Pair]:
    """Run two upstreams, and fetchers of both."""
    clock, servers = Clock(), (Scripted(), Scripted())
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server.running())
        bases = [f"http://127.0.0.1:{server.listen}" for server in servers]
        fetchers = [
            await stack.enter_async_context(
                Fetcher(
                    base,
                    user_agent="mpmirror/0",
                    node_id=NODE,
                    politeness=ONCE,
                    timing=clock.timing,
                    budget=budget,
                )
            )
            for base in bases
        ]
        yield Pair(*servers, Upstreams(fetchers), FilePartial(folder / "partial"), clock)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """Two upstreams that both have the file."""
    async with paired(tmp_path) as pair:
        pair.first.answer(FILE, reply(200, WHOLE))
        pair.second.answer(FILE, reply(200, WHOLE, 'ETag: "two"'))
        yield pair


async def test_as_long_as_the_first_gives_nobody_else_is_asked(pair: Pair) -> None:
    assert await pair.download() == pair.file
    assert pair.second.requests == []


@pytest.mark.parametrize(
    "failure",
    [reply(500), reply(503), reply(429, b"", "Retry-After: 99999"), reply(200, b"x", length=9)],
)
async def test_what_the_first_can_not_give_comes_from_the_next(pair: Pair, failure: Reply) -> None:
    pair.first.answers[FILE] = [failure]
    url = await pair.download()

    assert url == pair.upstreams.fetchers[1].upstream + FILE
    assert pair.upstreams.files_from == pair.upstreams.fetchers[1].upstream
    assert pair.partial.data == WHOLE


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(404), UpstreamMissingError),
        (reply(200, b"<html>", "Content-Type: text/html"), RefusedError),
        (reply(200, b"x" * 1001), TooLargeError),
    ],
)
async def test_what_the_first_answers_is_final(
    pair: Pair, answer: Reply, error: type[MirrorError]
) -> None:
    pair.first.answers[FILE] = [answer]
    with pytest.raises(error):
        await pair.download()

    assert pair.second.requests == []


async def test_a_file_that_the_second_listed_is_still_asked_of_the_first(pair: Pair) -> None:
    """Which may not have it: then that is no answer."""
    url = pair.upstreams.fetchers[1].upstream + FILE
    from_first = await pair.download(url)
    pair.first.answers[FILE] = [reply(404)]
    from_second = await pair.download(url)

    assert (from_first, from_second) == (pair.file, url)


async def test_a_breaker_that_is_open_costs_the_first_no_request(pair: Pair) -> None:
    pair.first.answers[FILE] = [reply(500)]
    urls = {await pair.download() for _ in range(7)}
    pair.first.answers[FILE] = [reply(200, WHOLE)]
    pair.clock.seconds += 31
    later = await pair.download()

    assert len(urls) == 1
    assert len(pair.first.requests) == 6
    assert later == pair.file == pair.upstreams.upstream + FILE
    assert pair.upstreams.files_from == pair.upstreams.upstream


async def test_bytes_of_two_upstreams_are_never_joined(pair: Pair) -> None:
    """Not even when both call them by the same ETag."""
    pair.first.answers[FILE] = [reply(200, b"AAAAA", 'ETag: "same"', length=10)]
    pair.second.answers[FILE] = [reply(200, b"BBB", 'ETag: "same"', length=10)]
    with pytest.raises(UpstreamUnavailableError):
        await pair.download()
    left = pair.partial.validator
    pair.first.answers[FILE] = [reply(200, WHOLE, 'ETag: "same"')]
    await pair.download()

    assert left is None
    assert not [
        one for one in (*pair.first.requests, *pair.second.requests) if "range" in one.headers
    ]
    assert pair.partial.data == WHOLE


async def test_a_url_of_nobody_is_refused(pair: Pair) -> None:
    with pytest.raises(RefusedError):
        await pair.download("http://10.0.0.1/resources/firmware/A.uf2")

    assert pair.first.requests == pair.second.requests == []


async def test_a_second_that_is_this_mirror_hides_nothing(pair: Pair) -> None:
    pair.first.answers[FILE] = [reply(500)]
    pair.second.answers[FILE] = [reply(200, WHOLE, f"{NODE_HEADER}: {NODE}")]
    with pytest.raises(MirrorError, match="upstream is this mirror"):
        await pair.download()

    assert pair.partial.size == 0


async def test_a_spent_budget_is_spent_for_all(tmp_path: Path) -> None:
    budget = Budget(5, clock=Clock().timing.now)
    budget.spend(5)
    async with paired(tmp_path, budget) as pair:
        with pytest.raises(MirrorError, match="bytes_per_hour"):
            await pair.download()

    assert pair.first.requests == pair.second.requests == []


async def test_pages_of_the_second_come_under_the_urls_of_the_first(pair: Pair) -> None:
    """Whole each time, and with nothing that the first could be asked with."""
    pair.second.answer(PAGE, reply(200, b"<html>", 'ETag: "p"'))
    [pages] = pair.upstreams.stand_ins.values()
    url = pair.upstreams.upstream + PAGE
    page = await pages.changed_page(url, Validators(etag='"first"'))

    assert page is not None
    assert (page.url, page.body, page.validators) == (url, b"<html>", Validators())
    assert pages.upstream == pair.upstreams.upstream
    assert "if-none-match" not in pair.second.requests[0].headers
    assert pair.upstreams.pages_from == pair.upstreams.fetchers[1].upstream
