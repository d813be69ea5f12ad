"""A tunnel is dug to our own names only, ends here, and is within the limits."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Final

import pytest

from mirror.web.connections import Limits
from tests.web.building import PICO, Builder, image
from tests.web.client import Client
from tests.web.papers import Papers, TlsSite, encrypted
from tests.web.test_tls import run
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")

REFUSED: Final = [
    (b"CONNECT example.org:443 HTTP/1.1\r\n\r\n", 403),
    (b"CONNECT 127.0.0.1:443 HTTP/1.1\r\n\r\n", 403),
    (b"CONNECT localhost:443 HTTP/1.1\r\n\r\n", 403),
    (b"CONNECT micropython.org.evil.test:443 HTTP/1.1\r\n\r\n", 403),
    (b"CONNECT micropython.org:22 HTTP/1.1\r\n\r\n", 405),
    (b"CONNECT micropython.org:443\r\n\r\n", 405),
    (b"GET http://micropython.org/ HTTP/1.1\r\n\r\n", 405),
    (b"CONNECT micropython.org:443 HTTP/1.1\r\n\r\nmore", 400),
    (b"\x16\x03\x01" + b"x" * 5000, 431),
]


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    """A certificate for a name that is compiled into clients."""
    return Papers(tmp_path / "papers", "micropython.org").make()


@pytest.fixture
async def site(builder: Builder, papers: Papers) -> AsyncIterator[TlsSite]:
    """The usual images, and a place to ask for tunnels."""
    async with encrypted(builder.store, papers) as site:
        yield site


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
async def test_curl_fetches_from_a_compiled_in_name_through_the_environment(
    site: TlsSite, papers: Papers, tmp_path: Path
) -> None:
    """No name is resolved: `/etc/hosts` and DNS are as they were."""
    said = await run(
        *("env", f"HTTPS_PROXY=http://127.0.0.1:{site.proxy}", "curl", "-sS"),
        *("--cacert", str(papers.certificate), "-o", str(tmp_path / "out")),
        f"https://micropython.org/resources/firmware/{PICO}",
    )

    assert said == b""
    assert (tmp_path / "out").read_bytes() == image(PICO)


@pytest.mark.parametrize(("words", "status"), REFUSED)
async def test_anything_else_is_refused_with_an_empty_body(
    site: TlsSite, words: bytes, status: int
) -> None:
    said = await Client(site.proxy).say(words)

    assert said.startswith(f"HTTP/1.1 {status} ".encode())
    assert said.endswith(b"Content-Length: 0\r\nConnection: close\r\n\r\n")


async def test_a_request_may_come_byte_by_byte(site: TlsSite, papers: Papers) -> None:
    async with Client(site.proxy).connected() as line:
        for byte in b"CONNECT MicroPython.org:443 HTTP/1.1\r\nHost: a\r\n\r\n":
            await line.send(bytes([byte]))
        opened = await line.reader.readuntil(b"\r\n\r\n")
        await line.writer.start_tls(papers.trusted(), server_hostname="micropython.org")
        await line.ask("/healthz")
        got = await line.answer()

    assert opened == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert got.body == b"alive\n"


async def test_who_asks_for_nothing_takes_the_room_of_one_connection(
    builder: Builder, papers: Papers
) -> None:
    async with encrypted(builder.store, papers, Limits(connections=2)) as site:
        async with Client(site.proxy).connected(), Client(site.proxy).connected():
            await asyncio.sleep(0.1)
            third = await Client(site.proxy).say(b"CONNECT micropython.org:443 HTTP/1.1\r\n\r\n")
        await until(site.client.is_answered)

    assert third == b""


async def test_who_waits_at_the_door_of_tunnels_makes_room_for_who_comes_from_elsewhere(
    builder: Builder, papers: Papers
) -> None:
    async with (
        encrypted(builder.store, papers, Limits(connections=2, moment=0)) as site,
        Client(site.proxy).connected() as first,
        Client(site.proxy).connected(),
    ):
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", site.proxy, local_addr=("127.0.0.2", 0)
        )
        writer.write(b"CONNECT micropython.org:443 HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(30):
            opened = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        gone = await first.rest()

    assert opened == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert gone == b""
