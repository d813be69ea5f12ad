"""Each way to misbehave does on the wire what its name says."""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import zlib
from typing import TYPE_CHECKING

import aiohttp
import pytest

from mirror.catalog.pages import read_board_page, read_index_page
from mirror.errors import PageRefusedError
from tests.replica import INDEX, Misbehaviour, Replica
from tests.replica.alterations import HOSTILE_HREFS
from tests.replica.ways import Hanging, Redirecting, Refusing, Trickling

if TYPE_CHECKING:
    from mirror.catalog.model import BoardPage, IndexPage

NAME = "RPI_PICO-20260406-v1.28.0.uf2"
FILE = f"/resources/firmware/{NAME}"
PAGE = f"{INDEX}RPI_PICO/"
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def pico() -> Replica:
    """A Pico with one release, among twenty boards."""
    replica = Replica.of_boards(20)
    replica.release("RPI_PICO", "v1.28.0")
    return replica


async def _fetch(
    client: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None
) -> tuple[aiohttp.ClientResponse, bytes]:
    async with client.get(url, headers=headers or PLAIN, allow_redirects=False) as answer:
        return answer, await answer.read()


async def test_a_way_is_played_so_often_and_then_all_is_well(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.BROKEN, times=2)
    async with pico.running() as url:
        statuses = [(await _fetch(client, url + FILE))[0].status for _ in range(3)]

    assert statuses == [500, 500, 200]


async def test_ways_are_played_in_the_order_given(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.BROKEN)
    pico.misbehave("/resources/firmware/*", Misbehaviour.GONE, None)
    async with pico.running() as url:
        statuses = [(await _fetch(client, url + FILE))[0].status for _ in range(3)]
        pico.behave()
        statuses.append((await _fetch(client, url + FILE))[0].status)

    assert statuses == [500, 410, 410, 200]


async def test_other_paths_are_left_alone(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave("RPI_PICO", Misbehaviour.GONE, None)
    async with pico.running() as url:
        page, _ = await _fetch(client, url + PAGE)
        file, _ = await _fetch(client, url + FILE)

    assert (page.status, file.status) == (410, 200)


async def test_a_path_without_query_stands_for_every_facet(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(INDEX, Misbehaviour.GONE, None)
    async with pico.running() as url:
        answer, _ = await _fetch(client, f"{url}{INDEX}?port=rp2")

    assert answer.status == 410


# --- pages -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way", [Misbehaviour.CUT_PAGE, Misbehaviour.NO_HEADINGS, Misbehaviour.EMPTY_BODY]
)
@pytest.mark.parametrize("path", [PAGE, INDEX])
async def test_the_mirror_refuses_a_spoilt_page(
    pico: Replica, client: aiohttp.ClientSession, path: str, way: Misbehaviour
) -> None:
    pico.misbehave(path, way)
    async with pico.running() as url:
        _, body = await _fetch(client, url + path)

    with pytest.raises(PageRefusedError):
        _read(path, body, url)


async def test_a_page_without_headings_is_whole(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.lose_headings("RPI_PICO")
    async with pico.running() as url:
        _, body = await _fetch(client, url + PAGE)

    assert body.endswith(b"</html>")
    assert b"<h2>Firmware" not in body
    assert b"Installation instructions" in body


async def test_a_cut_page_has_no_end(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.cut("RPI_PICO")
    async with pico.running() as url:
        first, second = [(await _fetch(client, url + PAGE))[1] for _ in range(2)]

    assert b"</html>" not in first
    assert first == second


async def test_every_second_board_is_gone(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(INDEX, Misbehaviour.HALF_THE_BOARDS)
    async with pico.running() as url:
        _, body = await _fetch(client, url + INDEX)

    assert len(read_index_page(body, url + INDEX).cards) == 10


@pytest.mark.parametrize("path", [PAGE, INDEX])
async def test_hostile_links_are_there_and_the_mirror_names_them(
    pico: Replica, client: aiohttp.ClientSession, path: str
) -> None:
    pico.misbehave(path, Misbehaviour.HOSTILE_LINKS)
    async with pico.running() as url:
        _, body = await _fetch(client, url + path)
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
        _, body = await _fetch(client, url + PAGE)

    assert body.count(piece) * len(piece) > 99_000
    assert body.endswith(b"</html>")


async def test_a_small_body_unpacks_to_256_megabytes(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave("RPI_PICO", Misbehaviour.GZIP_BOMB)
    async with pico.running() as url:
        answer, body = await _fetch(client, url + PAGE)
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(body) < 300_000
    assert len(unpacker.decompress(body, 50_000_000)) == 50_000_000


def _read(path: str, body: bytes, url: str) -> BoardPage | IndexPage:
    if path == INDEX:
        return read_index_page(body, url + path)
    return read_board_page(body, url + path, "RPI_PICO")


# --- bodies and lengths ------------------------------------------------------------------


async def test_a_page_comes_where_firmware_belongs(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.HTML_FOR_FIRMWARE)
    async with pico.running() as url:
        answer, body = await _fetch(client, url + FILE)

    assert answer.status == 200
    assert body.startswith(b"<!DOCTYPE html>")


async def test_32_kb_of_zeros_come_with_status_200(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.ZEROS)
    async with pico.running() as url:
        answer, body = await _fetch(client, url + FILE)

    assert (answer.status, body) == (200, bytes(32768))


@pytest.mark.parametrize(
    ("way", "most"), [(Misbehaviour.WRONG_BYTES, 5632), (Misbehaviour.ONE_BIT_OFF, 1)]
)
async def test_wrong_bytes_have_the_right_length_and_etag(
    pico: Replica, client: aiohttp.ClientSession, way: Misbehaviour, most: int
) -> None:
    pico.misbehave(NAME, way)
    async with pico.running() as url:
        bad, wrong = await _fetch(client, url + FILE)
        good, right = await _fetch(client, url + FILE)
    differing = sum(one != other for one, other in zip(wrong, right, strict=True))

    assert 0 < differing <= most
    assert bad.headers["ETag"] == good.headers["ETag"]


@pytest.mark.parametrize(
    "way", [Misbehaviour.SHORT_BODY, Misbehaviour.CHUNKS_CUT, Misbehaviour.RESET_IN_BODY]
)
async def test_a_body_that_ends_early_is_an_error_for_a_careful_client(
    pico: Replica, client: aiohttp.ClientSession, way: Misbehaviour
) -> None:
    pico.misbehave(NAME, way)
    async with pico.running() as url:
        with pytest.raises(aiohttp.ClientPayloadError):
            await _fetch(client, url + FILE)


@pytest.mark.parametrize(
    ("way", "share"), [(Misbehaviour.NO_LENGTH_CUT, 2), (Misbehaviour.NO_LENGTH, 1)]
)
async def test_without_a_length_nobody_can_tell(
    pico: Replica, client: aiohttp.ClientSession, way: Misbehaviour, share: int
) -> None:
    pico.misbehave(NAME, way)
    async with pico.running() as url:
        bad, short = await _fetch(client, url + FILE)
        _, whole = await _fetch(client, url + FILE)

    assert "Content-Length" not in bad.headers
    assert short == whole[: len(whole) // share]


# --- ranges ------------------------------------------------------------------------------


async def test_a_part_comes_unasked(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.PART_UNASKED)
    async with pico.running() as url:
        answer, body = await _fetch(client, url + FILE)

    assert (answer.status, len(body)) == (206, 2816)
    assert answer.headers["Content-Range"] == "bytes 0-2815/5632"


async def test_a_range_gets_everything(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.WHOLE_FOR_RANGE)
    async with pico.running() as url:
        answer, body = await _fetch(client, url + FILE, {"Range": "bytes=100-"})

    assert (answer.status, len(body)) == (200, 5632)


async def test_a_range_gets_another_range(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.WRONG_CONTENT_RANGE)
    async with pico.running() as url:
        answer, body = await _fetch(client, url + FILE, {"Range": "bytes=100-"})

    assert (answer.status, len(body)) == (206, 5532)
    assert answer.headers["Content-Range"] == "bytes 0-5531/5632"


async def test_a_range_gets_the_rest_of_another_file(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.ETAG_CHANGES, 2)
    async with pico.running() as url:
        first, whole = await _fetch(client, url + FILE)
        headers = {"Range": "bytes=100-", "If-Range": first.headers["ETag"]}
        second, rest = await _fetch(client, url + FILE, headers)

    assert (first.status, second.status) == (200, 206)
    assert first.headers["ETag"] != second.headers["ETag"]
    assert len(rest) == len(whole[100:])
    assert rest != whole[100:]


# --- redirects and refusals --------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "location"),
    [
        (Misbehaviour.REDIRECT_LOOP, FILE),
        (Misbehaviour.REDIRECT_TO_OTHER_HOST, f"https://other.example{FILE}"),
        (Misbehaviour.REDIRECT_TO_LOWER_SCHEME, f"http://micropython.org{FILE}"),
        (Misbehaviour.REDIRECT_TO_FTP, f"ftp://micropython.org{FILE}"),
        (Misbehaviour.REDIRECT_TO_PRIVATE_ADDRESS, f"http://10.0.0.1{FILE}"),
        (Misbehaviour.REDIRECT_TO_LINK_LOCAL, f"http://169.254.169.254{FILE}"),
    ],
)
async def test_redirects_lead_astray(
    pico: Replica, client: aiohttp.ClientSession, way: Misbehaviour, location: str
) -> None:
    pico.misbehave(NAME, way)
    async with pico.running() as url:
        answer, _ = await _fetch(client, url + FILE)

    assert (answer.status, answer.headers["Location"]) == (302, location)


async def test_a_redirect_can_lead_anywhere(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Redirecting("/elsewhere", 307))
    async with pico.running() as url:
        answer, _ = await _fetch(client, url + FILE)

    assert (answer.status, answer.headers["Location"]) == (307, "/elsewhere")


@pytest.mark.parametrize(
    ("way", "status", "retry_after"),
    [
        (Misbehaviour.BUSY_429, 429, "1"),
        (Misbehaviour.BUSY_503, 503, "1"),
        (Misbehaviour.BUSY_ABSURDLY, 429, "99999999999"),
        (Misbehaviour.BUSY_GARBLED, 503, "soon"),
        (Misbehaviour.UNAVAILABLE, 503, None),
        (Misbehaviour.MISSING, 404, None),
        (Misbehaviour.GONE, 410, None),
        (Misbehaviour.BROKEN, 500, None),
    ],
)
async def test_refusals_say_when_to_come_back(
    pico: Replica,
    client: aiohttp.ClientSession,
    way: Misbehaviour,
    status: int,
    retry_after: str | None,
) -> None:
    pico.misbehave(NAME, way)
    async with pico.running() as url:
        answer, _ = await _fetch(client, url + FILE)

    assert (answer.status, answer.headers.get("Retry-After")) == (status, retry_after)


async def test_a_refusal_can_name_a_date(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Refusing(503, dt.timedelta(hours=1)))
    async with pico.running() as url:
        answer, _ = await _fetch(client, url + FILE)
    when = email.utils.parsedate_to_datetime(answer.headers["Retry-After"])

    assert dt.timedelta(minutes=59) < when - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=1)


# --- time --------------------------------------------------------------------------------


async def test_before_the_headers_it_can_hang(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.HANG_BEFORE_HEADERS)
    async with pico.running() as url:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await _fetch(client, url + FILE)


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
        waiting = asyncio.create_task(_fetch(client, url + FILE))
        await asyncio.sleep(0.1)

    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_the_connection_can_be_reset(pico: Replica, client: aiohttp.ClientSession) -> None:
    # aiohttp tries a GET once more of its own accord.
    pico.misbehave(NAME, Misbehaviour.RESET, times=2)
    async with pico.running() as url:
        with pytest.raises(aiohttp.ClientOSError):
            await _fetch(client, url + FILE)


async def test_the_right_body_can_trickle(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Trickling(size=1408, seconds=0.1))
    async with pico.running() as url:
        begun = asyncio.get_running_loop().time()
        _, slow = await _fetch(client, url + FILE)
        seconds = asyncio.get_running_loop().time() - begun
        _, whole = await _fetch(client, url + FILE)

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
        answer, _ = await _fetch(client, url + PAGE)

    assert answer.status == 200
    assert len(pico.requests) > 3 * len(Misbehaviour)


async def _try(client: aiohttp.ClientSession, url: str) -> None:
    try:
        async with asyncio.timeout(0.15):
            await _fetch(client, url)
    except (aiohttp.ClientError, TimeoutError):
        return
