"""Each way to misbehave does on the wire what its name says."""

from __future__ import annotations

import datetime as dt
import email.utils

import aiohttp
import pytest

from tests.replica import INDEX, Misbehaviour, Replica
from tests.replica.ways import Redirecting, Refusing
from tests.replica.wire import FILE, NAME, PAGE, fetch


async def test_a_way_is_played_so_often_and_then_all_is_well(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.BROKEN, times=2)
    async with pico.running() as url:
        statuses = [(await fetch(client, url + FILE))[0].status for _ in range(3)]

    assert statuses == [500, 500, 200]


async def test_ways_are_played_in_the_order_given(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.BROKEN)
    pico.misbehave("/resources/firmware/*", Misbehaviour.GONE, None)
    async with pico.running() as url:
        statuses = [(await fetch(client, url + FILE))[0].status for _ in range(3)]
        pico.behave()
        statuses.append((await fetch(client, url + FILE))[0].status)

    assert statuses == [500, 410, 410, 200]


async def test_other_paths_are_left_alone(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave("RPI_PICO", Misbehaviour.GONE, None)
    async with pico.running() as url:
        page, _ = await fetch(client, url + PAGE)
        file, _ = await fetch(client, url + FILE)

    assert (page.status, file.status) == (410, 200)


async def test_a_path_without_query_stands_for_every_facet(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(INDEX, Misbehaviour.GONE, None)
    async with pico.running() as url:
        answer, _ = await fetch(client, f"{url}{INDEX}?port=rp2")

    assert answer.status == 410


# --- bodies and lengths ------------------------------------------------------------------


async def test_a_page_comes_where_firmware_belongs(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.HTML_FOR_FIRMWARE)
    async with pico.running() as url:
        answer, body = await fetch(client, url + FILE)

    assert answer.status == 200
    assert body.startswith(b"<!DOCTYPE html>")


async def test_32_kb_of_zeros_come_with_status_200(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.ZEROS)
    async with pico.running() as url:
        answer, body = await fetch(client, url + FILE)

    assert (answer.status, body) == (200, bytes(32768))


@pytest.mark.parametrize(
    ("way", "most"), [(Misbehaviour.WRONG_BYTES, 5632), (Misbehaviour.ONE_BIT_OFF, 1)]
)
async def test_wrong_bytes_have_the_right_length_and_etag(
    pico: Replica, client: aiohttp.ClientSession, way: Misbehaviour, most: int
) -> None:
    pico.misbehave(NAME, way)
    async with pico.running() as url:
        bad, wrong = await fetch(client, url + FILE)
        good, right = await fetch(client, url + FILE)
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
            await fetch(client, url + FILE)


@pytest.mark.parametrize(
    ("way", "share"), [(Misbehaviour.NO_LENGTH_CUT, 2), (Misbehaviour.NO_LENGTH, 1)]
)
async def test_without_a_length_nobody_can_tell(
    pico: Replica, client: aiohttp.ClientSession, way: Misbehaviour, share: int
) -> None:
    pico.misbehave(NAME, way)
    async with pico.running() as url:
        bad, short = await fetch(client, url + FILE)
        _, whole = await fetch(client, url + FILE)

    assert "Content-Length" not in bad.headers
    assert short == whole[: len(whole) // share]


# --- ranges ------------------------------------------------------------------------------


async def test_a_part_comes_unasked(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.PART_UNASKED)
    async with pico.running() as url:
        answer, body = await fetch(client, url + FILE)

    assert (answer.status, len(body)) == (206, 2816)
    assert answer.headers["Content-Range"] == "bytes 0-2815/5632"


async def test_a_range_gets_everything(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.WHOLE_FOR_RANGE)
    async with pico.running() as url:
        answer, body = await fetch(client, url + FILE, {"Range": "bytes=100-"})

    assert (answer.status, len(body)) == (200, 5632)


async def test_a_range_gets_another_range(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Misbehaviour.WRONG_CONTENT_RANGE)
    async with pico.running() as url:
        answer, body = await fetch(client, url + FILE, {"Range": "bytes=100-"})

    assert (answer.status, len(body)) == (206, 5532)
    assert answer.headers["Content-Range"] == "bytes 0-5531/5632"


async def test_a_range_gets_the_rest_of_another_file(
    pico: Replica, client: aiohttp.ClientSession
) -> None:
    pico.misbehave(NAME, Misbehaviour.ETAG_CHANGES, 2)
    async with pico.running() as url:
        first, whole = await fetch(client, url + FILE)
        headers = {"Range": "bytes=100-", "If-Range": first.headers["ETag"]}
        second, rest = await fetch(client, url + FILE, headers)

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
        answer, _ = await fetch(client, url + FILE)

    assert (answer.status, answer.headers["Location"]) == (302, location)


async def test_a_redirect_can_lead_anywhere(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Redirecting("/elsewhere", 307))
    async with pico.running() as url:
        answer, _ = await fetch(client, url + FILE)

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
        answer, _ = await fetch(client, url + FILE)

    assert (answer.status, answer.headers.get("Retry-After")) == (status, retry_after)


async def test_a_refusal_can_name_a_date(pico: Replica, client: aiohttp.ClientSession) -> None:
    pico.misbehave(NAME, Refusing(503, dt.timedelta(hours=1)))
    async with pico.running() as url:
        answer, _ = await fetch(client, url + FILE)
    when = email.utils.parsedate_to_datetime(answer.headers["Retry-After"])

    assert dt.timedelta(minutes=59) < when - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=1)
