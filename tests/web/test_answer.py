"""Answers keep their order and their length, however slowly and secretly they are taken."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.web.app import Serving, make_app
from tests.upstream.certificates import make_certificate
from tests.web.building import ESP, ESP_MAP, PICO, USUAL, Builder, image
from tests.web.client import Client, Line
from tests.web.conftest import NODE, served, status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.upstream.certificates import Certificate

LARGE = image(ESP, 5_000_001)
ASKED = st.lists(
    st.tuples(
        st.sampled_from(["GET", "HEAD"]),
        st.sampled_from([PICO, ESP, ESP_MAP, "nothing.bin"]),
        st.sampled_from(["", "bytes=0-9", "bytes=50000-", "bytes=-1", "bytes=999999-"]),
    ),
    max_size=12,
)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@asynccontextmanager
async def encrypted(builder: Builder, certificate: Certificate) -> AsyncIterator[Line]:
    """Serve over TLS, as a reverse proxy would, and connect to it."""
    runner = web.AppRunner(make_app(builder.store, Serving(node=NODE, status=status)))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.context)
    await site.start()
    trusting = ssl.create_default_context(cafile=str(certificate.file))
    reader, writer = await asyncio.open_connection("localhost", site.port, ssl=trusting)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()
        await runner.cleanup()


def requests(asked: list[tuple[str, str, str]]) -> bytes:
    """Return all that is asked, in one piece."""
    return "".join(
        f"{method} /v1/files/{name} HTTP/1.1\r\nHost: a\r\nRange: {part}\r\n\r\n"
        for method, name, part in asked
    ).encode()


@settings(max_examples=40, deadline=None)
@given(asked=ASKED)
async def test_many_questions_at_once_are_answered_as_one_by_one(
    standing: int, asked: list[tuple[str, str, str]]
) -> None:
    client = Client(standing)
    one_by_one = [
        await client.get(f"/v1/files/{name}", method, Range=part) for method, name, part in asked
    ]
    async with client.connected() as line:
        await line.send(requests(asked))
        at_once = [await line.answer(method) for method, _, _ in asked]

    assert [(got.status, got.body) for got in one_by_one] == [
        (got.status, got.body) for got in at_once
    ]


async def test_large_files_asked_for_together_do_not_mix(builder: Builder) -> None:
    """The client takes nothing until all is asked: every buffer on the way is full."""
    await builder.publish({ESP: LARGE, PICO: USUAL[PICO]})
    async with served(builder.store) as site, site.client.connected() as line:
        paths = [f"/v1/files/{ESP}", f"/v1/files/{PICO}", "/v1/feed.json"] * 3
        await line.send(
            "".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths).encode()
        )
        await asyncio.sleep(0.3)
        bodies = [(await line.answer()).body for _ in paths]
        feed = (await site.client.get("/v1/feed.json")).body

    assert [LARGE, USUAL[PICO], feed] * 3 == bodies


async def test_what_is_encrypted_is_whole_too(builder: Builder, certificate: Certificate) -> None:
    await builder.publish({ESP: LARGE})
    async with encrypted(builder, certificate) as line:
        await line.ask(f"/v1/files/{ESP}")
        whole = await line.answer()
        await line.ask(f"/v1/files/{ESP}", Range="bytes=1000-4000000")
        part = await line.answer()
        await line.ask("/v1/feed.json")
        feed = await line.answer()

    assert (LARGE, LARGE[1000:4000001], 200) == (whole.body, part.body, feed.status)
