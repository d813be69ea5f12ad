"""What upstream lists and nobody holds comes at the first request, once, and checked."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.errors import ArtifactNotFoundError, FetchFailedError, NotYetError
from tests.cache.node import (
    HELD,
    OFFERED,
    POLICY,
    Caching,
    caching,
    site_of_twenty,
    two_releases,
)
from tests.replica import Misbehaviour

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FILES = "/v1/files/"
AS_UPSTREAM = "/resources/firmware/"
LAST = "RPI_PICO-20200120-v1.20.0.uf2"


@pytest.fixture
async def mirror(tmp_path: Path) -> AsyncIterator[Caching]:
    """A node that holds the newest release of one of two boards."""
    async with caching(tmp_path, two_releases()) as node:
        yield node


@pytest.mark.parametrize("folder", [FILES, AS_UPSTREAM])
async def test_the_first_request_brings_the_file_and_the_second_finds_it(
    mirror: Caching, folder: str
) -> None:
    """With everything that a held file has: digest, offset, no cache that keeps it unasked."""
    first = await mirror.client.get(folder + OFFERED)
    second = await mirror.client.get(folder + OFFERED)
    held = await mirror.node.store.index.find_held(OFFERED)

    assert held is not None
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert hashlib.sha256(first.body).hexdigest() == held.digest.hex
    assert first.fields["etag"] == f'"{held.digest.hex}"'
    assert mirror.replica.count(OFFERED) == 1


async def test_a_board_outside_the_policy_is_offered_as_well(mirror: Caching) -> None:
    got = await mirror.client.get(f"{FILES}ESP32_GENERIC-20260406-v1.28.0.bin")

    assert got.status == 200


async def test_a_fetch_on_demand_publishes_nothing_now_or_later(mirror: Caching) -> None:
    """Fetched or let go again, the next runs find nothing to publish."""
    root = await mirror.node.root()
    await mirror.client.get(FILES + OFFERED)
    await mirror.sync()
    after_a_fetch = await mirror.node.root()
    held = await mirror.fetch(OFFERED)
    await mirror.node.store.blobs.remove(held.digest)
    await mirror.sync()

    assert root == after_a_fetch == await mirror.node.root()


async def test_what_the_policy_wants_and_could_not_get_is_missing_and_not_on_demand(
    mirror: Caching,
) -> None:
    """So no client makes upstream send again, every hour, what was refused."""
    [name] = mirror.replica.release("RPI_PICO", "v1.29.0", date="2026-08-01")
    mirror.replica.misbehave(name, Misbehaviour.ZEROS, None)
    outcome = await mirror.node.sync()
    await mirror.shelf.refresh()
    got = await mirror.client.get(FILES + name)

    assert (outcome.exit_status, got.status) == (4, 404)
    assert mirror.replica.count(name) == 1


async def test_what_was_let_go_is_fetched_again(mirror: Caching) -> None:
    first = await mirror.client.get(FILES + OFFERED)
    held = await mirror.fetch(OFFERED)
    await mirror.node.store.blobs.remove(held.digest)
    second = await mirror.client.get(FILES + OFFERED)

    assert (second.status, second.body) == (200, first.body)
    assert mirror.replica.count(OFFERED) == 2


async def test_what_upstream_drops_after_it_was_fetched_is_held_from_then_on(
    mirror: Caching,
) -> None:
    await mirror.client.get(FILES + OFFERED)
    mirror.replica.withdraw(OFFERED)
    await mirror.sync()

    assert OFFERED in await mirror.node.files()
    assert (await mirror.client.get(FILES + OFFERED)).status == 200


async def test_a_hundred_who_ask_at_once_cause_one_request(mirror: Caching) -> None:
    mirror.replica.delay = 0.2
    answers = await asyncio.gather(*(mirror.client.get(FILES + OFFERED) for _ in range(100)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert mirror.replica.count(OFFERED) == 1


async def test_a_client_that_goes_away_ends_nothing_for_the_others(mirror: Caching) -> None:
    mirror.replica.delay = 0.3
    async with mirror.client.connected() as gone:
        await gone.ask(FILES + OFFERED)
        await asyncio.sleep(0.1)
    other = await mirror.client.get(FILES + OFFERED)

    assert other.status == 200
    assert mirror.replica.count(OFFERED) == 1


async def test_the_first_asker_may_be_cancelled(mirror: Caching) -> None:
    mirror.replica.delay = 0.3
    first = asyncio.create_task(mirror.fetch(OFFERED))
    second = asyncio.create_task(mirror.fetch(OFFERED))
    await asyncio.sleep(0.1)
    first.cancel()

    assert (await second).name == OFFERED
    assert mirror.replica.count(OFFERED) == 1


@pytest.mark.parametrize(
    "way",
    [
        Misbehaviour.BROKEN,
        Misbehaviour.ZEROS,
        Misbehaviour.SHORT_BODY,
    ],
)
async def test_a_failed_fetch_is_an_empty_502_and_leaves_no_file(
    mirror: Caching, way: Misbehaviour
) -> None:
    mirror.replica.misbehave(OFFERED, way, None)
    got = await mirror.client.get(AS_UPSTREAM + OFFERED)

    assert (got.status, got.body) == (502, b"")
    assert await mirror.node.store.index.find_held(OFFERED) is None


async def test_an_upstream_that_says_nothing_is_a_504(tmp_path: Path) -> None:
    async with caching(tmp_path, two_releases(), patience=20) as mirror:
        mirror.replica.misbehave(OFFERED, Misbehaviour.HANG_IN_BODY, None)
        got = await mirror.client.get(AS_UPSTREAM + OFFERED)

        assert (got.status, got.body) == (504, b"")


async def test_a_failure_is_remembered_for_a_while(mirror: Caching) -> None:
    mirror.replica.misbehave(OFFERED, Misbehaviour.MISSING, 1)
    statuses = [(await mirror.client.get(FILES + OFFERED)).status for _ in range(5)]
    mirror.clock[0] += 61
    later = await mirror.client.get(FILES + OFFERED)

    assert (statuses, later.status) == ([502] * 5, 200)
    assert mirror.replica.count(OFFERED) == 2


async def test_bytes_that_were_refused_are_not_asked_for_again_soon(mirror: Caching) -> None:
    mirror.replica.misbehave(OFFERED, Misbehaviour.ZEROS, None)
    with pytest.raises(FetchFailedError):
        await mirror.fetch(OFFERED)
    mirror.clock[0] += 61
    with pytest.raises(FetchFailedError):
        await mirror.fetch(OFFERED)

    assert mirror.replica.count(OFFERED) == 1


async def test_an_upstream_that_asks_for_a_day_of_quiet_is_503_with_its_wait(
    mirror: Caching,
) -> None:
    mirror.replica.misbehave(OFFERED, Misbehaviour.BUSY_ABSURDLY, None)
    got = await mirror.client.get(FILES + OFFERED)

    assert (got.status, got.body) == (503, b"")
    assert int(got.fields["retry-after"]) >= 86_000


async def test_a_host_that_fails_too_often_is_503_with_a_wait_and_not_asked(tmp_path: Path) -> None:
    """Empty, as everything on firmware paths; and nothing is remembered against the file."""
    async with caching(tmp_path, site_of_twenty()) as mirror:
        mirror.replica.misbehave("/resources/*", Misbehaviour.BROKEN, None)
        others = [name for name in mirror.replica.names() if name not in {HELD, LAST}]
        statuses = {(await mirror.client.get(AS_UPSTREAM + name)).status for name in others[:5]}
        asked = len(mirror.replica.requests)
        first = await mirror.client.get(AS_UPSTREAM + LAST)
        document = await mirror.client.get(f"{AS_UPSTREAM}{LAST}.sha256")

        assert statuses == {502}
        assert (first.status, first.body, document.status) == (503, b"", 503)
        assert 1 <= int(first.fields["retry-after"]) <= 30
        assert len(mirror.replica.requests) == asked


async def test_what_takes_longer_than_patience_goes_on_and_the_retry_finds_it(
    tmp_path: Path,
) -> None:
    async with caching(tmp_path, two_releases(), patience=0.2) as mirror:
        mirror.replica.delay = 1.0
        first = await mirror.client.get(FILES + OFFERED)
        await asyncio.sleep(1.5)
        second = await mirror.client.get(FILES + OFFERED)

        assert (first.status, first.fields["retry-after"], first.body) == (503, "5", b"")
        assert second.status == 200
        assert mirror.replica.count(OFFERED) == 1


async def test_a_slow_upstream_is_said_as_soon_as_the_size_is_known(tmp_path: Path) -> None:
    """With the time that it will take, long before patience ends."""
    async with caching(tmp_path, two_releases(size=200_000), patience=30) as mirror:
        mirror.way.seconds = 0.001
        mirror.replica.rate = 100_000
        async with asyncio.timeout(5):
            with pytest.raises(NotYetError) as told:
                await mirror.fetch(OFFERED)
        mirror.way.seconds = None
        found = await mirror.fetch(OFFERED)

        assert told.value.retry_after.total_seconds() > 200
        assert found.size > 200_000
        assert mirror.replica.count(OFFERED) == 1


async def test_no_name_that_is_not_listed_causes_a_request(mirror: Caching) -> None:
    """Nor does one that could be: of a board and kind that upstream has, and another version."""
    async with mirror.client.connected() as line:
        statuses = set()
        for number in range(100, 10_100):
            await line.ask(f"{FILES}RPI_PICO-20260406-v1.{number}.0.uf2")
            statuses.add((await line.answer()).status)
    with pytest.raises(ArtifactNotFoundError):
        await mirror.fetch("RPI_PICO-20260406-v1.100.0.uf2")

    assert statuses == {404}
    assert mirror.replica.requests == []


async def test_a_sealed_node_asks_nobody_and_serves_what_it_has(mirror: Caching) -> None:
    await mirror.client.get(FILES + OFFERED)
    mirror.way.sealed = True
    held = await mirror.client.get(FILES + OFFERED)
    other = await mirror.client.get(f"{FILES}ESP32_GENERIC-20260406-v1.28.0.bin")

    assert (held.status, other.status) == (200, 404)
    assert len(mirror.replica.requests) == 1


async def test_a_run_that_wants_the_same_file_does_not_fetch_it_again(mirror: Caching) -> None:
    """Its sum may be asked for first: it comes with the file."""
    got = await mirror.client.get(f"{AS_UPSTREAM}{OFFERED}.sha256")
    mirror.node.wishes = replace(mirror.node.wishes, policy=replace(POLICY, releases=2))
    await mirror.sync()

    assert got.body.decode().endswith(f"  {OFFERED}\n")
    assert {HELD, OFFERED} == set(await mirror.node.files())
    assert mirror.replica.count(OFFERED) == 1


async def test_twenty_files_asked_for_by_a_thousand_are_twenty_requests(tmp_path: Path) -> None:
    async with caching(tmp_path, site_of_twenty()) as mirror:
        names = [name for name in mirror.replica.names() if name != HELD]

        async def one(number: int) -> tuple[str, int, str]:
            got = await mirror.client.get(FILES + names[number % len(names)])
            return names[number % len(names)], got.status, hashlib.sha256(got.body).hexdigest()

        answers = set(await asyncio.gather(*map(one, range(1000))))
        held = [(name, await mirror.fetch(name)) for name in names]

        assert answers == {(name, 200, one.digest.hex) for name, one in held}
        assert [mirror.replica.count(name) for name in names] == [1] * 20
