"""What hangs, breaks off or trickles, over the wire, and that all of it ends."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.replica import Misbehaviour, Replica
from tests.replica.ways import Hanging, Trickling
from tests.replica.wire import FILE, NAME, PAGE, fetch


async def test_before_the_headers_it_can_hang(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.HANG_BEFORE_HEADERS)
    async with pico.running() as url:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await fetch(client, url + FILE)


async def test_in_the_body_it_can_hang(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Hanging(share=0.25))
    async with pico.running() as url, client.get(url + FILE) as answer:
        begun = await answer.content.readexactly(1408)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await answer.content.read(1)

    assert len(begun) == 1408


async def test_what_hangs_ends_with_the_replica(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.HANG_BEFORE_HEADERS)
    async with pico.running() as url:
        waiting = asyncio.create_task(fetch(client, url + FILE))
        await asyncio.sleep(0.1)

    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_the_connection_can_be_reset(pico: Replica, client: aiohttp.ClientSession) -> None:
    # aiohttp tries a GET once more of its own accord.
    pico.misbehave(NAME, Misbehaviour.RESET, times=2)
    async with pico.running() as url:
        with pytest.raises(aiohttp.ClientOSError):
            await fetch(client, url + FILE)


async def test_the_right_body_can_trickle(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Trickling(size=1408, seconds=0.1))
    async with pico.running() as url:
        begun = asyncio.get_running_loop().time()
        _, slow = await fetch(client, url + FILE)
        seconds = asyncio.get_running_loop().time() - begun
        _, whole = await fetch(client, url + FILE)

    assert slow == whole
    assert seconds >= 0.3


async def test_every_named_way_gets_an_answer_or_an_end(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    """No way breaks the replica: after all of them, played on a page, a file and a redirect."""
    places = [PAGE, FILE, "/download"]
    async with pico.running() as url:
        for way in Misbehaviour:
            for place in places:
                pico.misbehave(place, way, None)
            await asyncio.gather(*(_try(client, url + place) for place in places))
            pico.behave()
        answer, _ = await fetch(client, url + PAGE)

    assert answer.status == 200


async def _try(client: aiohttp.ClientSession, url: str) -> None:
    try:
        async with asyncio.timeout(0.15):
            await fetch(client, url)
    except (aiohttp.ClientError, TimeoutError):
        return
