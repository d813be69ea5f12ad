"""Redirects are followed within upstream and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.errors import RedirectRefusedError, RefusedError, UpstreamError
from tests.upstream.scripted import Scripted, Then, bare, reply

if TYPE_CHECKING:
    from mirror.upstream.fetch import Fetcher
    from tests.upstream.doubles import FilePartial


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_within_upstream_is_followed(
    upstream: Scripted, base: str, fetcher: Fetcher, status: int
) -> None:
    upstream.answer("/download", reply(status, b"see there", "Location: /download/"))
    upstream.answer("/download/", reply(200, b"index"))

    page = await fetcher.page(f"{base}/download")

    assert (page.body, page.url, page.final_url) == (
        b"index",
        f"{base}/download",
        f"{base}/download/",
    )


async def test_a_redirect_of_a_file_is_followed(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/latest.uf2", reply(302, b"", f"Location: {base}/a%20b/%2F.uf2?x=1#part"))
    upstream.answer("/a%20b/%2F.uf2?x=1", reply(200, b"UF2"))

    download = await fetcher.download(f"{base}/latest.uf2", partial)

    assert (partial.data, download.final_url) == (b"UF2", f"{base}/a%20b/%2F.uf2?x=1")


async def test_each_hop_takes_its_turn(upstream: Scripted, base: str, fetcher: Fetcher) -> None:
    for number in range(5):
        upstream.answer(f"/{number}", reply(302, b"", f"Location: {number + 1}"))
    upstream.answer("/5", reply(200, b"here"))

    page = await fetcher.page(f"{base}/0")

    assert page.body == b"here"


async def test_more_hops_than_five_are_too_many(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    for number in range(9):
        upstream.answer(f"/{number}", reply(302, b"", f"Location: {number + 1}"))

    with pytest.raises(RedirectRefusedError, match="/0: redirected more than 5 times"):
        await fetcher.page(f"{base}/0")

    assert len(upstream.requests) == 6


async def test_a_circle_is_noticed_when_it_closes(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/a", reply(302, b"", "Location: /b"))
    upstream.answer("/b", reply(302, b"", "Location: /a"))

    with pytest.raises(RedirectRefusedError, match="/a: redirected in a circle"):
        await fetcher.page(f"{base}/a")

    assert upstream.targets() == ["/a", "/b"]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://elsewhere.example.org/x", "is not on upstream's host 127.0.0.1"),
        ("//elsewhere.example.org/x", "is not on upstream's host 127.0.0.1"),
        ("http://127.0.0.1:1/x", "is on TCP port 1, while upstream is set to"),
        ("http://127.0.0.1/x", "is on TCP port 80, while upstream is set to"),
        ("http://127.0.0.2/x", "is not on upstream's host"),
        ("http://127.1/x", "is not on upstream's host"),
        ("http://169.254.169.254/latest", "is not on upstream's host"),
        ("file:///etc/passwd", "not an http"),
        ("javascript:alert(1)", "not an http"),
        ("http://user@127.0.0.1/x", "a URL with a user"),
        ("http://[::1", "not a URL"),
        ("/" + "x" * 5000, "a URL of 50"),
    ],
)
async def test_a_redirect_away_is_refused_and_not_followed(
    upstream: Scripted, base: str, fetcher: Fetcher, location: str, reason: str
) -> None:
    upstream.answer("/", reply(302, b"", f"Location: {location}"))

    with pytest.raises(RedirectRefusedError) as caught:
        await fetcher.page(f"{base}/")

    assert str(caught.value).startswith(f"{base}/: redirected, but ")
    assert reason in str(caught.value)
    assert upstream.targets() == ["/"]


@pytest.mark.parametrize("headers", [(), ("Location: /a", "Location: /b")])
async def test_a_redirect_without_one_place_leads_nowhere(
    upstream: Scripted, base: str, fetcher: Fetcher, headers: tuple[str, ...]
) -> None:
    upstream.answer("/", bare(302, b"", *headers, "Content-Length: 0", then=Then.KEEP))

    with pytest.raises(UpstreamError, match="answered 302 without one Location"):
        await fetcher.page(f"{base}/")


@pytest.mark.parametrize(
    "url",
    ["http://elsewhere.example.org/x", "https://127.0.0.1/", "ftp://127.0.0.1/", "nothing", ""],
)
async def test_a_url_that_is_not_upstreams_is_not_asked_for(
    upstream: Scripted, fetcher: Fetcher, url: str
) -> None:
    with pytest.raises(RefusedError):
        await fetcher.page(url)

    assert upstream.requests == []


async def test_a_cyrillic_redirect_goes_out_as_its_bytes(
    upstream: Scripted, base: str, fetcher: Fetcher
) -> None:
    upstream.answer("/", reply(302, b"", "Location: /плата"))
    upstream.answer("/%D0%BF%D0%BB%D0%B0%D1%82%D0%B0", reply(200, b"board"))

    page = await fetcher.page(f"{base}/")

    assert page.body == b"board"
