"""Pages come whole, decoded and bounded, and conditionally where upstream allows it."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from mirror.catalog.values import Digest
from mirror.errors import (
    MirrorError,
    RefusedError,
    SelfUpstreamError,
    TooLargeError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamMissingError,
    UpstreamUnavailableError,
)
from mirror.upstream.fetch import NODE_HEADER, Fetcher, Politeness, Validators
from tests.upstream.conftest import NODE, making
from tests.upstream.doubles import Clock
from tests.upstream.scripted import Reply, Scripted, Then, bare, chunked, reply

BODY = b"<html>" + bytes(range(32, 127)) * 20 + b"</html>"


async def test_a_page_comes_with_its_digest(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/download/", reply(200, BODY))

    page = await fetcher.page(f"{base}/download/")

    assert (page.body, page.digest, page.final_url) == (BODY, Digest.of(BODY), f"{base}/download/")


async def test_a_page_in_chunks_is_the_same_page(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", chunked(200, BODY[:7], BODY[7:]))

    page = await fetcher.page(f"{base}/")

    assert page.body == BODY


async def test_a_page_in_gzip_is_the_same_page(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(200, gzip.compress(BODY), "Content-Encoding: gzip"))

    page = await fetcher.page(f"{base}/")

    assert (page.body, page.digest) == (BODY, Digest.of(BODY))


async def test_a_request_says_who_asks_and_where_to_complain(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(200))

    await fetcher.page(f"{base}/")

    assert upstream.requests[0].method == "GET"
    assert upstream.requests[0].headers == {
        "host": f"127.0.0.1:{upstream.listen}",
        "user-agent": "mpmirror/0 (+mirror@example.org)",
        "accept": "*/*",
        "accept-encoding": "gzip",
    }


async def test_no_cookie_goes_back(upstream: Scripted, clock: Clock) -> None:
    upstream.answer("/", reply(200, b"", "Set-Cookie: a=b; Path=/"))
    base = f"http://localhost:{upstream.listen}"
    async with making(base, clock) as fetcher:
        await fetcher.page(f"{base}/")
        await fetcher.page(f"{base}/")

    assert "cookie" not in upstream.requests[1].headers


async def test_what_upstream_gave_to_ask_with_is_kept(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    when = "Tue, 03 Dec 2013 00:16:26 GMT"
    upstream.answer("/", reply(200, BODY, 'ETag: W/"1"', f"Last-Modified: {when}"))

    page = await fetcher.page(f"{base}/")

    assert page.validators == Validators('W/"1"', when)


async def test_an_unchanged_page_does_not_come_again(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", bare(304, b"", 'ETag: "1"', then=Then.KEEP))

    answer = await fetcher.changed_page(f"{base}/", Validators('"1"', "yesterday"))

    assert answer is None
    assert upstream.requests[0].headers["if-none-match"] == '"1"'
    assert upstream.requests[0].headers["if-modified-since"] == "yesterday"


async def test_304_to_a_request_without_conditions_is_no_page(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", bare(304, then=Then.KEEP))

    with pytest.raises(UpstreamError, match="304 to a request without conditions"):
        await fetcher.page(f"{base}/")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_not_there_is_asked_for_once(
    upstream: Scripted, base: str, fetcher: Fetcher, status: int
) -> None:
    upstream.answer("/gone", reply(status, b"nothing here"))

    with pytest.raises(UpstreamMissingError, match=f"/gone: answered {status}"):
        await fetcher.page(f"{base}/gone")

    assert upstream.targets() == ["/gone"]


@pytest.mark.parametrize("status", [201, 204, 206, 400, 401, 403, 416])
async def test_any_other_status_is_no_page(
    upstream: Scripted, base: str, fetcher: Fetcher, status: int
) -> None:
    upstream.answer("/", bare(status, b"", "Content-Range: bytes 0-1/9", then=Then.CLOSE))

    with pytest.raises(UpstreamError, match=f"answered {status}"):
        await fetcher.page(f"{base}/")

    assert upstream.targets() == ["/"]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
async def test_a_failure_of_the_server_is_tried_again_and_then_named(
    upstream: Scripted, base: str, fetcher: Fetcher, clock: Clock, status: int
) -> None:
    upstream.answer("/", reply(status))

    with pytest.raises(UpstreamUnavailableError, match=f"{base}/: answered {status}"):
        await fetcher.page(f"{base}/")

    assert len(upstream.requests) == 4
    assert clock.slept == [0.5, 1.0, 2.0]


async def test_a_failure_that_passes_is_not_seen(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(500), reply(200, BODY))

    page = await fetcher.page(f"{base}/")

    assert page.body == BODY


async def test_a_page_that_is_announced_too_large_is_not_read(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(200, b"x", length=100_001, then=Then.HANG))

    with pytest.raises(TooLargeError, match="more than 100000 bytes"):
        await fetcher.page(f"{base}/")


async def test_a_page_that_turns_out_too_large_is_dropped(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", chunked(200, *[bytes(1000)] * 200, end=False))

    with pytest.raises(TooLargeError, match="more than 100000 bytes"):
        await fetcher.page(f"{base}/")


async def test_a_gzip_bomb_is_not_unpacked(upstream: Scripted, base: str, fetcher: Fetcher) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    upstream.answer("/", reply(200, bomb, "Content-Encoding: gzip"))

    with pytest.raises(TooLargeError, match="unpacked it is more than 100000 bytes"):
        await fetcher.page(f"{base}/")


async def test_a_coding_that_nobody_asked_for_is_refused(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(200, b"?", "Content-Encoding: br"))

    with pytest.raises(RefusedError, match="'br', which was not asked for"):
        await fetcher.page(f"{base}/")


async def test_an_upstream_that_is_ourselves_is_named(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(503, b"", f"{NODE_HEADER}: {NODE}", "Retry-After: 3"))

    with pytest.raises(SelfUpstreamError, match="upstream is this mirror; check DNS"):
        await fetcher.page(f"{base}/")

    assert upstream.targets() == ["/"]


async def test_another_mirror_is_a_good_upstream(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(200, BODY, f"{NODE_HEADER}: another"))

    page = await fetcher.page(f"{base}/")

    assert page.body == BODY


async def test_retry_after_in_seconds_is_obeyed(
    upstream: Scripted, base: str, fetcher: Fetcher, clock: Clock
) -> None:
    upstream.answer("/", reply(429, b"", "Retry-After: 120"), reply(200, BODY))

    await fetcher.page(f"{base}/")

    assert clock.seconds == 120


async def test_retry_after_as_a_date_is_obeyed(
    upstream: Scripted, base: str, fetcher: Fetcher, clock: Clock
) -> None:
    date = "Mon, 24 Aug 2026 12:10:00 GMT"
    upstream.answer("/", reply(503, b"", f"Retry-After: {date}"), reply(200, BODY))

    await fetcher.page(f"{base}/")

    assert clock.seconds == 600


async def test_429_without_a_time_waits_half_a_minute(
    upstream: Scripted, base: str, fetcher: Fetcher, clock: Clock
) -> None:
    upstream.answer("/", reply(429, b"", "Retry-After: soon"), reply(200, BODY))

    await fetcher.page(f"{base}/")

    assert clock.seconds == 30


async def test_retry_after_that_does_not_end_is_named_in_the_end(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(429, b"", "Retry-After: 60"))

    with pytest.raises(UpstreamBusyError, match="answered 429 and asks to wait 60 s") as caught:
        await fetcher.page(f"{base}/")

    assert caught.value.retry_after.total_seconds() == 60
    assert len(upstream.requests) == 4


async def test_retry_after_beyond_the_cap_ends_it_and_holds_for_everybody(
    upstream: Scripted, base: str, fetcher: Fetcher, clock: Clock
) -> None:
    upstream.answer("/", reply(503, b"", "Retry-After: 7200"))
    with pytest.raises(UpstreamBusyError, match="asks to wait 7200 s"):
        await fetcher.page(f"{base}/")

    with pytest.raises(UpstreamBusyError, match="quiet for another 7200 s"):
        await fetcher.page(f"{base}/other")

    assert upstream.targets() == ["/"]
    assert clock.slept == []


async def test_as_many_requests_are_open_as_set_and_no_more(base: str, upstream: Scripted) -> None:
    for number in range(9):
        upstream.answer(f"/{number}", Reply(reply(200, b"slow").data, trickle=0.001))
    politeness = Politeness(connections=3, requests_per_second=0)
    async with making(base, Clock(), politeness=politeness) as fetcher:
        await asyncio.gather(*(fetcher.page(f"{base}/{number}") for number in range(9)))

    assert upstream.open_most == 3


async def test_who_waits_for_the_others_does_not_run_out_of_time(
    base: str, upstream: Scripted, clock: Clock
) -> None:
    upstream.answer("/", Reply(reply(200, b"slow").data, trickle=0.005))
    politeness = Politeness(
        connections=1, requests_per_second=0, connect_seconds=0.1, read_seconds=5, attempts=1
    )
    async with making(base, clock, politeness=politeness) as fetcher:
        pages = await asyncio.gather(*(fetcher.page(f"{base}/") for _ in range(3)))

    assert [page.body for page in pages] == [b"slow"] * 3


async def test_requests_keep_the_rate(base: str, upstream: Scripted, clock: Clock) -> None:
    upstream.answer("/", reply(200))
    async with making(base, clock, politeness=Politeness(requests_per_second=4)) as fetcher:
        await asyncio.gather(*(fetcher.page(f"{base}/") for _ in range(9)))

    assert clock.seconds == pytest.approx(2.0)


async def test_connections_are_used_again(base: str, fetcher: Fetcher, upstream: Scripted) -> None:
    for target in ("/a", "/b"):
        upstream.answer(target, reply(200, BODY))
    first = await fetcher.page(f"{base}/a")
    second = await fetcher.page(f"{base}/b")

    assert [first.body, second.body] == [BODY, BODY]
    assert upstream.connections == 1


async def test_an_answer_cut_at_any_byte_is_never_a_page(base: str, upstream: Scripted) -> None:
    whole = reply(200, b"0123456789", 'ETag: "1"').data
    upstream.answer("/", *(Reply(whole[:size], Then.CLOSE) for size in range(len(whole))))
    once = Politeness(requests_per_second=0, attempts=1)
    outcomes = [await _outcome(base, once) for _ in whole]

    assert set(outcomes) == {"UpstreamUnavailableError"}


async def _outcome(base: str, politeness: Politeness) -> str:
    """Ask with a fetcher that has met no failure before."""
    try:
        async with making(base, Clock(), politeness=politeness) as fetcher:
            return (await fetcher.page(f"{base}/")).body.decode()
    except MirrorError as error:
        return type(error).__name__
