"""A server ends soon, and lets those finish who can."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.web.building import ESP, PICO, Builder, image
from tests.web.conftest import served

if TYPE_CHECKING:
    from tests.web.client import Client

LARGE = image(ESP, 30_000_000)


def now() -> float:
    """Return the time of the loop in seconds."""
    return asyncio.get_running_loop().time()


async def reads_slowly(client: Client, started: asyncio.Event) -> bytes:
    """Take the large file, with a pause after its beginning."""
    async with client.connected() as line:
        await line.ask(f"/v1/files/{ESP}")
        await line.reader.readuntil(b"\r\n\r\n")
        started.set()
        await asyncio.sleep(0.5)
        return await line.rest()


async def test_a_server_without_clients_ends_at_once(builder: Builder) -> None:
    async with served(builder.store):
        begun = now()

    assert now() - begun < 1


async def test_idle_connections_are_closed_at_once(builder: Builder) -> None:
    async with served(builder.store) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.client.number)
        await asyncio.sleep(0.05)
        begun = now()
    seconds = now() - begun
    received = await reader.read()
    writer.close()

    assert (received, seconds < 1) == (b"", True)


async def test_a_download_under_way_may_finish(builder: Builder) -> None:
    await builder.publish({ESP: LARGE})
    started = asyncio.Event()
    async with served(builder.store) as site:
        download = asyncio.create_task(reads_slowly(site.client, started))
        await started.wait()

    assert await download == LARGE


async def test_a_download_that_does_not_finish_is_cut_within_five_seconds(
    builder: Builder,
) -> None:
    await builder.publish({ESP: LARGE})
    async with served(builder.store) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.client.number)
        writer.write(f"GET /v1/files/{ESP} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        begun = now()
    seconds = now() - begun
    received = await reader.read()
    writer.close()

    assert (seconds < 5, len(received) < len(LARGE)) == (True, True)


async def test_nothing_new_is_accepted_after_the_end(builder: Builder) -> None:
    async with served(builder.store) as site:
        pass

    with pytest.raises(ConnectionRefusedError):
        await site.client.get(f"/v1/files/{PICO}")
