"""Spoilt pages, over the wire: they are what they claim, and the mirror refuses them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.pages import read_board_page, read_index_page
from mirror.errors import PageRefusedError
from tests.replica import INDEX, Misbehaviour, Replica
from tests.replica.alterations import HOSTILE_HREFS
from tests.replica.wire import PAGE, fetch

if TYPE_CHECKING:
    import aiohttp

    from mirror.catalog.model import BoardPage, IndexPage


@pytest.mark.parametrize(
    "way", [Misbehaviour.CUT_PAGE, Misbehaviour.NO_HEADINGS, Misbehaviour.EMPTY_BODY]
)
@pytest.mark.parametrize("path", [PAGE, INDEX])
async def test_the_mirror_refuses_a_spoilt_page(
    pico: Replica, client: aiohttp.ClientSession, path: str, way: Misbehaviour
) -> None:
    pico.misbehave(path, way)
    async with pico.running() as url:
        _, body = await fetch(client, url + path)

    with pytest.raises(PageRefusedError):
        _read(path, body, url)


async def test_a_page_without_headings_is_whole(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.lose_headings("RPI_PICO")
    async with pico.running() as url:
        _, body = await fetch(client, url + PAGE)

    assert body.endswith(b"</html>")
    assert b"<h2>Firmware" not in body
    assert b"Installation instructions" in body


async def test_a_cut_page_has_no_end(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.cut("RPI_PICO")
    async with pico.running() as url:
        first, second = [(await fetch(client, url + PAGE))[1] for _ in range(2)]

    assert b"</html>" not in first
    assert first == second


async def test_every_second_board_is_gone(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(INDEX, Misbehaviour.HALF_THE_BOARDS)
    async with pico.running() as url:
        _, body = await fetch(client, url + INDEX)

    assert len(read_index_page(body, url + INDEX).cards) == 10


@pytest.mark.parametrize("path", [PAGE, INDEX])
async def test_hostile_links_are_there_and_the_mirror_names_them(
    pico: Replica, client: aiohttp.ClientSession, path: str
) -> None:
    pico.misbehave(path, Misbehaviour.HOSTILE_LINKS)
    async with pico.running() as url:
        _, body = await fetch(client, url + path)
    page = _read(path, body, url)

    assert [href for href in HOSTILE_HREFS if href.encode() not in body] == []
    assert len(page.problems) >= len(HOSTILE_HREFS) - 1


@pytest.mark.parametrize(
    ("way", "piece"),
    [
        (Misbehaviour.OPEN_TAGS, b"<a "),
        (Misbehaviour.OPEN_COMMENTS, b"<!--"),
        (Misbehaviour.NESTED_DIVS, b"<div>"),
    ],
)
async def test_a_page_can_be_100_kb_of_one_thing(
    pico: Replica, client: aiohttp.ClientSession, way: Misbehaviour, piece: bytes
) -> None:
    pico.misbehave("RPI_PICO", way)
    async with pico.running() as url:
        _, body = await fetch(client, url + PAGE)

    assert body.count(piece) * len(piece) > 99_000
    assert body.endswith(b"</html>")


async def test_a_small_body_unpacks_to_256_megabytes(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave("RPI_PICO", Misbehaviour.GZIP_BOMB)
    async with pico.running() as url:
        answer, body = await fetch(client, url + PAGE)
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(body) < 300_000
    assert len(unpacker.decompress(body, 50_000_000)) == 50_000_000


def _read(path: str, body: bytes, url: str) -> BoardPage | IndexPage:
    if path == INDEX:
        return read_index_page(body, url + path)
    return read_board_page(body, url + path, "RPI_PICO")
