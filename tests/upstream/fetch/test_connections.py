"""Silence, resets, trickles and nonsense end in one sentence that says what and where."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.errors import MirrorError, UpstreamUnavailableError
from mirror.upstream.fetch import Fetcher, Politeness
from tests.upstream.conftest import making
from tests.upstream.doubles import Clock
from tests.upstream.scripted import Reply, Scripted, Then, bare, reply

PATIENT = Politeness(requests_per_second=0, attempts=1, page_bytes=10_000)
HASTY = replace(PATIENT, connect_seconds=0.1, read_seconds=0.1)
IN_A_HURRY = replace(PATIENT, page_seconds=0.2)


async def said_of(upstream: Scripted, answer: Reply, limits: Politeness = PATIENT) -> str:
    """Return what is said of a page that is answered so."""
    upstream.answer("/p", answer)
    base = f"http://127.0.0.1:{upstream.listen}"
    async with making(base, Clock(), politeness=limits) as fetcher:
        with pytest.raises(UpstreamUnavailableError) as caught:
            await fetcher.page(f"{base}/p")
    return str(caught.value).removeprefix(base)


async def test_a_server_that_says_nothing(upstream: Scripted) -> None:
    said = await said_of(upstream, Reply(b"", Then.HANG), HASTY)

    assert said == "/p: nothing came in time"


async def test_a_server_that_stops_in_the_head(upstream: Scripted) -> None:
    said = await said_of(upstream, Reply(b"HTTP/1.1 200 OK\r\nContent-", Then.HANG), HASTY)

    assert said == "/p: nothing came in time"


async def test_a_server_that_stops_in_the_body(upstream: Scripted) -> None:
    said = await said_of(upstream, reply(200, b"x", length=99, then=Then.HANG), HASTY)

    assert said == "/p: nothing came in time"


async def test_a_head_that_trickles_in(upstream: Scripted) -> None:
    said = await said_of(
        upstream, Reply(reply(200, b"x", "X: " + "y" * 500).data, trickle=0.01), HASTY
    )

    assert said == "/p: nothing came in time"


async def test_a_body_that_trickles_in(upstream: Scripted) -> None:
    said = await said_of(upstream, Reply(bare(200, b"x" * 500).data, trickle=0.002), IN_A_HURRY)

    assert said == "/p: the body came too slowly"


async def test_a_connection_that_is_reset(upstream: Scripted) -> None:
    said = await said_of(upstream, Reply(b"HTTP/1.1 200 OK\r\n", Then.RESET))

    assert said.startswith("/p: the connection broke off")


async def test_a_connection_that_is_reset_in_the_body(upstream: Scripted) -> None:
    said = await said_of(upstream, reply(200, b"x", length=99, then=Then.RESET))

    assert "the body was cut short" in said


async def test_a_connection_that_is_closed_without_a_word(upstream: Scripted) -> None:
    said = await said_of(upstream, Reply(b"", Then.CLOSE))

    assert said.startswith("/p: the connection broke off")


async def test_an_answer_that_is_not_http(upstream: Scripted) -> None:
    said = await said_of(upstream, Reply(b"220 \x1b[31mmail.example.org ESMTP\r\n\r\n", Then.CLOSE))

    assert said.startswith("/p: the answer is not HTTP")
    assert said.isprintable()


async def test_chunks_that_are_none(upstream: Scripted) -> None:
    said = await said_of(upstream, bare(200, b"5\r\nhello\r\nzz\r\n", "Transfer-Encoding: chunked"))

    assert said.startswith(("/p: the body was cut short", "/p: the answer is not HTTP"))


async def test_a_head_without_end(upstream: Scripted) -> None:
    said = await said_of(upstream, bare(200, b"", *[f"X-{n}: {'y' * 5000}" for n in range(200)]))

    assert said.startswith("/p: the answer is not HTTP")


async def test_a_port_where_nobody_listens(clock: Clock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
        async with making(base, clock, politeness=PATIENT) as fetcher:
            with pytest.raises(UpstreamUnavailableError, match=f"{base}/: no connection"):
                await fetcher.page(f"{base}/")


async def test_a_fetcher_that_was_not_started(base: str, clock: Clock) -> None:
    with pytest.raises(UpstreamUnavailableError, match="the fetcher is not running"):
        await making(base, clock).page(f"{base}/")


async def test_a_cancelled_page_stays_cancelled(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", Reply(b"", Then.HANG))
    task = asyncio.create_task(fetcher.page(f"{base}/"))
    await asyncio.sleep(0.05)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


HEADS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 206 \r\n",
        b"HTTP/1.0 301 x\r\n",
        b"HTTP/1.1 101 x\r\nUpgrade: x\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 7\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Location: /\r\n",
        b"Location: //[\r\n",
        b"Location: \xff\xfe\r\n",
        b"Retry-After: \xff\r\n",
        b"ETag: \xc3\x28\r\n",
        b"Set-Cookie: \x01=\xff\r\n",
        b"\r\n",
        b"\n",
        b"5\r\nhello\r\n",
        b"fffffffffffffffffff\r\n",
        b"0\r\n\r\n",
        b"\x1f\x8b\x08\x00",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(HEADS, st.binary(max_size=20)), max_size=12))
def test_no_bytes_bring_out_anything_but_errors_of_ours(pieces: list[bytes]) -> None:
    """Whatever a server says, a page comes or a `MirrorError`."""
    outcome = asyncio.run(_outcome(b"".join(pieces)))

    assert isinstance(outcome, bytes | MirrorError)


async def _outcome(data: bytes) -> bytes | Exception:
    server = Scripted()
    server.answer("/", Reply(data, Then.CLOSE))
    async with server.running() as base, making(base, Clock(), politeness=PATIENT) as fetcher:
        try:
            return (await fetcher.page(f"{base}/")).body
        except Exception as error:  # noqa: BLE001 - the claim is about which ones there are
            return error
