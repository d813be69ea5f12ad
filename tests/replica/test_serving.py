"""A replica over a real socket answers as micropython.org does."""

from __future__ import annotations

import asyncio
import gzip
import time
from typing import TYPE_CHECKING

import pytest

from mirror.upstream.fetch import asking
from tests.replica import INDEX, NODE_HEADER, Replica, Slash

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

NAME = "RPI_PICO-20260406-v1.28.0.uf2"
FILE = f"/resources/firmware/{NAME}"


@pytest.fixture
def pico() -> Replica:
    """A Pico with one release."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0")
    return replica


async def test_a_file_has_the_headers_of_a_static_file(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    async with pico.running() as url, client.get(url + FILE) as answer:
        body = await answer.read()
        headers = answer.headers

    assert answer.status == 200
    assert headers["Content-Length"] == str(len(body))
    assert headers["ETag"] == f'"69d47330-{len(body):x}"'
    assert headers["Last-Modified"] == "Tue, 07 Apr 2026 03:00:00 GMT"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Type"] == "application/octet-stream"


async def test_head_has_the_headers_of_get_and_no_body(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    async with (
        pico.running() as url,
        client.head(url + FILE) as head,
        client.get(url + FILE) as get,
    ):
        body = await head.read()

    assert body == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["ETag"] == get.headers["ETag"]


async def test_a_download_resumes_where_it_stopped(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    async with pico.running() as url:
        whole = await _get(client, url + FILE)
        headers = {"Range": "bytes=1000-", "If-Range": '"69d47330-1600"'}
        async with client.get(url + FILE, headers=headers) as answer:
            rest = await answer.read()

    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes 1000-{len(whole) - 1}/{len(whole)}"
    assert rest == whole[1000:]


async def test_a_known_file_is_not_sent_again(pico: Replica, client: aiohttp.ClientSession) -> None:
    headers = {"If-None-Match": '"69d47330-1600"'}
    async with pico.running() as url, client.get(url + FILE, headers=headers) as answer:
        body = await answer.read()

    assert (answer.status, body) == (304, b"")


async def test_a_range_behind_the_end_is_refused(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    headers = {"Range": "bytes=99999999-"}
    async with pico.running() as url, client.get(url + FILE, headers=headers) as answer:
        pass

    assert answer.status == 416
    assert answer.headers["Content-Range"] == "bytes */5632"


async def test_files_on_disk_and_files_made_are_the_same_and_sent_alike(
    pico: Replica, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with pico.running() as url:
        made = await _get(client, url + FILE)
        await pico.unpack(tmp_path)
        (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes()[:-1] + b"!")
        sent = await _get(client, url + FILE)
        async with client.get(url + FILE, headers={"Range": "bytes=-3"}) as answer:
            tail = await answer.read()

    assert sent == made[:-1] + b"!"
    assert tail == made[-3:-1] + b"!"


async def test_a_page_has_no_etag_and_is_packed_where_accepted(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    async with pico.running() as url:
        plain = await _get(client, f"{url}{INDEX}RPI_PICO/", {"Accept-Encoding": "identity"})
        async with client.get(
            f"{url}{INDEX}RPI_PICO/", headers={"Accept-Encoding": "gzip"}
        ) as answer:
            packed = await answer.read()

    assert "ETag" not in answer.headers
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/download", 301, "/download/"),
        ("/download/RPI_PICO", 301, "/download/RPI_PICO/"),
        ("/download/rp2-pico/", 302, "/download/RPI_PICO/"),
        (
            "/download/rp2-pico/rp2-pico-latest.uf2",
            302,
            "/download/RPI_PICO/RPI_PICO-latest.uf2",
        ),
    ],
)
async def test_other_addresses_lead_to_the_right_one(
    pico: Replica, client: aiohttp.ClientSession, path: str, status: int, location: str
) -> None:
    async with pico.running() as url, client.get(url + path, allow_redirects=False) as answer:
        pass

    assert (answer.status, answer.headers["Location"]) == (status, location)


async def test_a_board_page_can_do_without_its_slash(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.slash = Slash.ANSWER
    async with pico.running() as url, client.get(f"{url}{INDEX}RPI_PICO") as answer:
        pass

    assert answer.status == 200
    assert answer.history == ()


async def test_the_latest_release_has_a_path_of_its_own(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    async with pico.running() as url:
        latest = f"{url}{INDEX}RPI_PICO/RPI_PICO-latest.uf2"
        async with client.get(latest) as answer:
            body = await answer.read()
        whole = await _get(client, url + FILE)

    assert answer.headers["Content-Type"] == "application/force-download"
    assert body == whole


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/robots.txt",
        "/download/NOBODY/",
        "/download/RPI_PICO/RPI_PICO-latest.bin",
        "/resources/firmware/",
        "/resources/firmware/None",
        "/resources/firmware/..%2f..%2f..%2fetc%2fpasswd",
        "/resources/micropython-media/boards/RPI_PICO/other.jpg",
        "/resources/micropython-media/boards/NOBODY/rp2-pico.jpg",
        "/pi/v2/package/py/nobody/latest.json",
    ],
)
async def test_what_is_not_there_is_a_page_with_404(
    pico: Replica, client: aiohttp.ClientSession, path: str
) -> None:
    async with pico.running() as url, client.get(url + path) as answer:
        body = await answer.read()

    assert answer.status == 404
    assert b"</html>" in gzip.decompress(body)


async def test_photographs_have_thumbnails_and_seven_are_missing(
    client: aiohttp.ClientSession,
) -> None:
    replica = Replica.of("RPI_PICO", "HYDRABUS")
    base = "/resources/micropython-media/boards"
    async with replica.running() as url:
        picture = await _get(client, f"{url}{base}/RPI_PICO/rp2-pico.jpg")
        thumbnail = await _get(client, f"{url}{base}/RPI_PICO/rp2-pico.thumb.jpg")
        async with client.get(f"{url}{base}/HYDRABUS/hydrabus.jpg") as missing:
            pass

    assert picture[:3] == thumbnail[:3] == b"\xff\xd8\xff"
    assert picture != thumbnail
    assert missing.status == 404


async def test_every_package_document_and_file_is_there(client: aiohttp.ClientSession) -> None:
    replica = Replica()
    async with replica.running() as url:
        found = [await _get(client, f"{url}/pi/v2/{path}") for path in replica.packages.tree]

    assert all(found)


async def test_only_get_and_head_are_allowed(pico: Replica, client: aiohttp.ClientSession) -> None:
    async with pico.running() as url, client.post(url + FILE) as answer:
        pass

    assert answer.status == 405


async def test_a_replica_can_be_edited_while_it_runs(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    async with pico.running() as url:
        new = pico.release("RPI_PICO", "v1.29.0")[0]
        page = await _get(client, f"{url}{INDEX}RPI_PICO/", {"Accept-Encoding": "identity"})
        async with client.get(f"{url}/resources/firmware/{new}") as answer:
            pass

    assert new.encode() in page
    assert answer.status == 200


async def test_requests_are_recorded_in_order_with_their_headers(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    async with pico.running() as url:
        await _get(client, f"{url}{INDEX}?mcu=rp2040", {"User-Agent": "a test"})
        await _get(client, url + FILE)
        await _get(client, url + FILE)

    assert [request.path for request in pico.requests] == [f"{INDEX}?mcu=rp2040", FILE, FILE]
    assert pico.requests[0].headers["User-Agent"] == "a test"
    assert (pico.count(NAME), pico.count(INDEX), pico.count("RPI_PICO")) == (2, 1, 0)


async def test_transfers_of_one_file_at_the_same_time_are_noticed(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.delay = 0.5
    async with pico.running() as url:
        await asyncio.gather(*(_get(client, url + FILE) for _ in range(3)))
        pico.delay = 0
        await _get(client, f"{url}{INDEX}RPI_PICO/")

    assert (pico.most_at_once(NAME), pico.most_at_once("RPI_PICO")) == (3, 1)


async def test_the_bandwidth_is_that_of_all_connections_together(
    client: aiohttp.ClientSession,
) -> None:
    """Two files of 40 kB each at 200 kB a second take at least 0.4 seconds."""
    replica = Replica.of("RPI_PICO", "RPI_PICO2", size=20_000)
    names = [replica.release(board, "v1.28.0")[0] for board in replica.boards]
    replica.rate = 200_000
    async with replica.running() as url:
        begun = time.monotonic()
        bodies = await asyncio.gather(
            *(_get(client, f"{url}/resources/firmware/{name}") for name in names)
        )
        seconds = time.monotonic() - begun

    assert sum(map(len, bodies)) > 80_000
    assert seconds >= 0.4


async def test_every_answer_can_carry_a_node_id(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.node_id = "0123456789abcdef"
    async with (
        pico.running() as url,
        client.get(url + FILE) as file,
        client.get(url + INDEX) as page,
        client.get(f"{url}/nothing") as nothing,
    ):
        ids = [answer.headers[NODE_HEADER] for answer in (file, page, nothing)]

    assert ids == ["0123456789abcdef"] * 3


def test_the_header_is_the_one_that_the_mirror_looks_for() -> None:
    assert asking.NODE_HEADER == NODE_HEADER


async def _get(
    client: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None
) -> bytes:
    async with client.get(url, headers=headers) as answer:
        assert answer.status == 200, url
        return await answer.read()
