"""What a client may take of a connection: time, size, number; and what is no HTTP."""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING

import pytest

from mirror.web.connections import Limits
from tests.web.conftest import served
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.web.building import Builder
    from tests.web.client import Client, Line

IDLE = 0.3
# Words, and the status that they get.
BROKEN = [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, 400),
    (b"hello\r\n\r\n", 400),
    (b"GET\r\n\r\n", 400),
    (b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost a\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5000 + b"\r\n\r\n", 431),
    (b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 100 + b"\r\n", 400),
]


@pytest.fixture
async def hurried(builder: Builder) -> AsyncIterator[Client]:
    """A client of a server that waits for nobody."""
    async with served(builder.store, Limits(idle=IDLE, linger=0.1)) as site:
        yield site.client


@pytest.fixture
def few_files() -> Iterator[None]:
    """A process that may have only 200 files open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def drip(line: Line) -> None:
    """Send a byte now and then, for thirty times as long as the server waits."""
    for _ in range(300):
        await line.send(b"X")
        await asyncio.sleep(IDLE / 10)


@pytest.mark.parametrize(("words", "status"), BROKEN, ids=range(len(BROKEN)))
async def test_what_is_no_http_is_answered_with_nothing_and_hung_up_on(
    client: Client, words: bytes, status: int
) -> None:
    received = await client.say(words)
    after = await client.get("/healthz")

    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    assert received.endswith(b"\r\nConnection: close\r\n\r\n")
    assert after.status == 200


async def test_a_flood_of_header_fields_ends_its_own_connection_only(client: Client) -> None:
    """The answer may be lost when the flood goes on after it."""
    received = await client.say(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200_000)
    after = await client.get("/healthz")

    assert (received[:13] in {b"", b"HTTP/1.1 400 "}, after.status) == (True, 200)


async def test_nobody_fills_the_log_with_what_is_no_http(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    await client.say(b"hello\r\n\r\n")

    assert caplog.records == []


@pytest.mark.parametrize("words", [b"", b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_is_not_finished_in_time_is_given_up(
    hurried: Client, words: bytes
) -> None:
    begun = asyncio.get_running_loop().time()
    received = await hurried.say(words)
    seconds = asyncio.get_running_loop().time() - begun

    assert (received, IDLE - 0.1 < seconds < 10 * IDLE) == (b"", True)


async def test_a_head_that_comes_byte_by_byte_is_given_up(hurried: Client) -> None:
    """Sending something now and then does not make the time longer."""
    async with hurried.connected() as line:
        with pytest.raises(ConnectionError):
            await drip(line)


async def test_a_connection_that_asks_nothing_more_is_closed(hurried: Client) -> None:
    async with hurried.connected() as line:
        await line.ask("/healthz")
        await line.answer()
        received = await line.rest()

    assert received == b""


async def test_a_body_that_nobody_wants_is_not_waited_for(hurried: Client) -> None:
    """A GET that announces ten gigabytes is answered, and its connection ends."""
    async with hurried.connected() as line:
        await line.ask("/healthz", Content_Length="10000000000")
        got = await line.answer()
        received = await line.rest()

    assert (got.status, received) == (200, b"")


async def test_a_large_body_is_refused_without_being_read(client: Client) -> None:
    async with client.connected() as line:
        await line.ask("/v1/feed.json", "POST", Content_Length="10000000000")
        got = await line.answer()
        received = await line.rest()

    assert (got.status, got.fields["connection"], received) == (405, "close", b"")


async def test_who_comes_when_all_connections_are_taken_is_told_so(builder: Builder) -> None:
    async with (
        served(builder.store, Limits(connections=2, moment=60)) as site,
        site.client.connected() as first,
        site.client.connected() as second,
    ):
        await first.ask("/healthz")
        await second.ask("/healthz")
        statuses = [(await first.answer()).status, (await second.answer()).status]
        refused = await site.client.say(b"")

    assert statuses == [200, 200]
    assert refused.startswith(b"HTTP/1.1 503 ")


async def test_a_connection_that_ends_makes_room(builder: Builder) -> None:
    async with served(builder.store, Limits(connections=1, moment=60)) as site:
        async with site.client.connected() as line:
            await line.ask("/healthz")
            await line.answer()
            refused = await site.client.say(b"")
        await until(site.client.is_answered)

    assert refused.startswith(b"HTTP/1.1 503 ")


async def test_who_asks_for_nothing_makes_room_for_who_comes(builder: Builder) -> None:
    """Who has waited longest goes, and no one who is being answered."""
    async with (
        served(builder.store, Limits(connections=2, moment=0)) as site,
        site.client.connected() as first,
        site.client.connected() as second,
    ):
        await second.ask("/healthz")
        await second.answer()
        got = await asked_by("127.0.0.2", site.client.number)
        gone = await first.rest()
        await second.ask("/healthz")
        again = await second.answer()

    assert got.startswith(b"HTTP/1.1 200 ")
    assert (gone, again.status) == (b"", 200)


async def test_a_crowd_drives_out_nobody_of_its_own(builder: Builder) -> None:
    """Who waits there for its turn to ask is not cut off for the next of the same address."""
    async with (
        served(builder.store, Limits(connections=2, moment=0)) as site,
        site.client.connected() as first,
        site.client.connected() as second,
    ):
        refused = await site.client.say(b"")
        await first.ask("/healthz")
        await second.ask("/healthz")
        statuses = [(await first.answer()).status, (await second.answer()).status]

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert statuses == [200, 200]


async def asked_by(address: str, number: int) -> bytes:
    """Return what a client at *address* of this machine is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", number, local_addr=(address, 0))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_a_thousand_who_come_at_once_all_have_a_place() -> None:
    assert Limits().connections >= 1000


@pytest.mark.usefixtures("few_files")
def test_there_are_no_more_connections_than_files_can_be_opened_for() -> None:
    assert Limits(connections=512).fitting() == 36
