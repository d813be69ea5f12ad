"""A run whose upstream is away crawls and fetches elsewhere, and its content stays the same."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mirror.storage.entries import Change
from mirror.sync.means import Means
from mirror.sync.outcome import Ending, Outcome
from mirror.sync.run import sync
from mirror.upstream.fetch import Fetcher
from mirror.upstream.upstreams import Upstreams
from tests.replica import INDEX, Misbehaviour, Replica
from tests.sync.node import SWIFT, TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
NEW = "RPI_PICO-20260801-v1.29.0.uf2"


@dataclass(slots=True)
class Two:
    """A node and its two upstreams."""

    node: TestNode
    first: Replica
    second: Replica
    urls: tuple[str, str]

    async def sync(self) -> Outcome:
        """Run once, with fetchers that have met no failure yet."""
        node = self.node
        async with AsyncExitStack() as stack:
            fetchers = [
                await stack.enter_async_context(
                    Fetcher(
                        url,
                        user_agent="mpmirror/test",
                        node_id=node.store.node.node_id,
                        politeness=SWIFT,
                    )
                )
                for url in self.urls
            ]
            upstreams = Upstreams(fetchers)
            means = Means(
                fetcher=upstreams,
                stand_ins=upstreams.stand_ins,
                sandbox=node.sandbox,
                store=node.store,
                clock=lambda: node.now,
                report=node.reported.put_nowait,
                version="test",
            )
            return await sync(means, node.wishes)

    def release(self) -> None:
        """Publish one new file at both, with the same bytes."""
        for replica in (self.first, self.second):
            replica.release("RPI_PICO", "v1.29.0", date="2026-08-01")


def site(seed: int = 0) -> Replica:
    replica = Replica.of("RPI_PICO", "ESP32_GENERIC", seed=seed)
    for board in ("RPI_PICO", "ESP32_GENERIC"):
        replica.release(board, "v1.28.0", date="2026-04-06")
    return replica


@asynccontextmanager
async def two(folder: Path, second: Replica) -> AsyncIterator[Two]:
    """Run a node that has held the first upstream once."""
    first = site()
    async with (
        first.running() as url,
        second.running() as other,
        node_at(folder / "data", url) as node,
    ):
        both = Two(node, first, second, (url, other))
        outcome = await both.sync()
        assert outcome.exit_status == 0, outcome
        assert second.requests == []
        first.requests.clear()
        yield both


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Two]:
    """Two upstreams with the same files."""
    async with two(tmp_path, site()) as both:
        yield both


async def test_a_crawl_elsewhere_of_the_same_files_publishes_nothing(both: Two) -> None:
    before = await both.node.root()
    both.first.misbehave("*", Misbehaviour.UNAVAILABLE, None)
    outcome = await both.sync()

    assert (outcome.ending, outcome.exit_status) == (Ending.UNCHANGED, 0), outcome
    assert await both.node.root() == before
    assert both.second.count(INDEX) > 0


async def test_a_new_file_comes_from_there_and_says_so(both: Two) -> None:
    """Its source is who gave it; those that were held before keep theirs."""
    both.first.misbehave("*", Misbehaviour.UNAVAILABLE, None)
    both.release()
    outcome = await both.sync()
    files = await both.node.files()

    assert outcome.exit_status == 0, outcome
    assert files[NEW].source == f"{both.urls[1]}/resources/firmware/{NEW}"
    assert files[PICO].source == f"{both.urls[0]}/resources/firmware/{PICO}"


async def test_when_the_first_is_back_nothing_is_fetched_twice(both: Two) -> None:
    both.first.misbehave("*", Misbehaviour.UNAVAILABLE, None)
    both.release()
    await both.sync()
    before = await both.node.root()
    both.first.behave()
    both.first.requests.clear()
    both.second.requests.clear()
    outcome = await both.sync()

    assert (outcome.ending, outcome.exit_status) == (Ending.UNCHANGED, 0), outcome
    assert await both.node.root() == before
    assert (both.first.count(NEW), both.second.requests) == (0, [])


async def test_a_single_file_that_the_first_can_not_give_comes_from_the_second(both: Two) -> None:
    """The pages are the first one's, all of them."""
    both.release()
    both.first.misbehave(NEW, Misbehaviour.BROKEN, None)
    outcome = await both.sync()
    files = await both.node.files()

    assert outcome.exit_status == 0, outcome
    assert files[NEW].source.startswith(both.urls[1])
    assert {request.path for request in both.second.requests} == {both.second.path_of(NEW)}


async def test_what_is_refused_from_the_first_is_asked_of_nobody_else(both: Two) -> None:
    both.release()
    both.first.misbehave(NEW, Misbehaviour.ZEROS, None)
    outcome = await both.sync()

    assert outcome.exit_status == 4
    assert NEW not in await both.node.files()
    assert both.second.requests == []


async def test_a_crawl_takes_all_its_pages_from_one_upstream(both: Two) -> None:
    """One that breaks off after the index is made anew, from the index on."""
    both.first.misbehave("/download/?*", Misbehaviour.UNAVAILABLE, None)
    outcome = await both.sync()
    asked = {request.path for request in both.second.requests}

    assert (outcome.ending, outcome.exit_status) == (Ending.UNCHANGED, 0), outcome
    assert both.first.count(INDEX) > 0
    assert asked >= {INDEX, *(both.second.path_of(board) for board in both.second.boards)}


async def test_a_crawl_that_broke_off_is_not_continued_elsewhere(both: Two) -> None:
    """Nor back at the first: each crawl there asks for the index anew."""
    both.node.sleep(minutes=30)
    both.first.misbehave("/download/?*", Misbehaviour.UNAVAILABLE, None)
    both.second.misbehave("/download/?*", Misbehaviour.UNAVAILABLE, None)
    broken = await both.sync()
    both.second.behave()
    await both.sync()

    assert broken.exit_status == 3
    assert both.second.count(INDEX) >= 2


async def test_other_bytes_under_a_known_name_are_the_alarm(tmp_path: Path) -> None:
    """Whoever gives them: the first digest of a name is one over all upstreams."""
    async with two(tmp_path, site(seed=1)) as both:
        held = (await both.node.files())[PICO]
        await both.node.store.blobs.remove(held.digest)
        both.first.misbehave("*", Misbehaviour.UNAVAILABLE, None)
        outcome = await both.sync()
        entries = [record.entry async for record in both.node.store.ledger.entries()]

    changes = [entry for entry in entries if isinstance(entry, Change)]
    assert outcome.exit_status == 4
    assert [(one.name, one.first, one.url) for one in changes] == [
        (PICO, held.digest, f"{both.urls[1]}/resources/firmware/{PICO}")
    ]


async def test_when_none_can_be_asked_the_first_ones_failure_is_told(both: Two) -> None:
    both.first.misbehave("*", Misbehaviour.UNAVAILABLE, None)
    both.second.misbehave("*", Misbehaviour.MISSING, None)
    outcome = await both.sync()

    assert (outcome.ending, outcome.exit_status) == (Ending.FAILED, 3)
    assert outcome.message == f"{both.urls[0]}{INDEX}: answered 503"
