"""A file comes whole into its partial download, or what came stays there for the next try."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirror.errors import (
    DiskFullError,
    RefusedError,
    TooLargeError,
    UpstreamError,
    UpstreamMissingError,
    UpstreamUnavailableError,
)
from mirror.upstream.fetch import Download, Fetcher, Politeness
from tests.upstream.conftest import making
from tests.upstream.doubles import Clock, FilePartial
from tests.upstream.scripted import Reply, Scripted, Then, bare, chunked, reply

if TYPE_CHECKING:
    from pathlib import Path

FILE = bytes(range(256)) * 40
LENGTH = len(FILE)
ETAG = '"529d22da-2800"'


def part(
    start: int, *, etag: str = ETAG, span: str | None = None, body: bytes | None = None
) -> Reply:
    """Return a 206 with the rest of the file from *start* on."""
    span = f"bytes {start}-{LENGTH - 1}/{LENGTH}" if span is None else span
    return reply(
        206, FILE[start:] if body is None else body, f"ETag: {etag}", f"Content-Range: {span}"
    )


def whole(*headers: str) -> Reply:
    """Return a 200 with the file."""
    return reply(200, FILE, f"ETag: {ETAG}", *headers)


def cut(size: int, *headers: str) -> Reply:
    """Return a 200 that promises the file and closes after *size* bytes."""
    return reply(200, FILE[:size], f"ETag: {ETAG}", *headers, length=LENGTH, then=Then.CLOSE)


async def test_a_file_comes_with_its_facts(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    when = "Tue, 03 Dec 2013 00:16:26 GMT"
    upstream.answer("/f.bin", whole(f"Last-Modified: {when}", "Content-Type: application/x"))

    download = await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == FILE
    assert download == Download(
        url=f"{base}/f.bin",
        final_url=f"{base}/f.bin",
        size=LENGTH,
        etag=ETAG,
        last_modified=when,
        content_type="application/x",
        peer=base.removeprefix("http://"),
    )


async def test_a_file_is_asked_for_without_compression(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", whole())

    await fetcher.download(f"{base}/f.bin", partial)

    assert upstream.requests[0].headers["accept-encoding"] == "identity"
    assert "range" not in upstream.requests[0].headers


async def test_a_file_in_chunks_is_taken(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", chunked(200, FILE[:99], FILE[99:]))

    download = await fetcher.download(f"{base}/f.bin", partial)

    assert (partial.data, download.size) == (FILE, LENGTH)


async def test_an_empty_file_is_a_whole_file(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", reply(200))

    download = await fetcher.download(f"{base}/f.bin", partial)

    assert (partial.size, download.size) == (0, 0)


async def test_a_short_body_is_continued_where_it_stopped(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", cut(5000), part(5000))

    download = await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == FILE
    assert download.resumed_from == 5000
    assert upstream.requests[1].headers["range"] == "bytes=5000-"
    assert upstream.requests[1].headers["if-range"] == ETAG


async def test_a_file_is_continued_after_a_restart(
    upstream: Scripted, base: str, tmp_path: Path, clock: Clock
) -> None:
    upstream.answer("/f.bin", cut(5000), part(5000))
    once = Politeness(attempts=1)
    async with making(base, clock, politeness=once) as fetcher:
        with pytest.raises(UpstreamUnavailableError):
            await fetcher.download(f"{base}/f.bin", FilePartial(tmp_path / "p"))
    async with making(base, clock, politeness=once) as fetcher:
        download = await fetcher.download(f"{base}/f.bin", FilePartial(tmp_path / "p"))

    assert FilePartial(tmp_path / "p").data == FILE
    assert download.resumed_from == 5000


async def test_a_body_that_stays_short_is_named_and_what_came_is_kept(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer(
        "/f.bin",
        cut(5000),
        part(5000, span="bytes 5000-5009/10240", body=FILE[5000:5010]),
        reply(500),
    )

    with pytest.raises(UpstreamUnavailableError, match=f"{base}/f.bin: answered 500"):
        await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == FILE[:5010]


async def test_a_part_that_ends_early_is_continued_again(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    early = part(5000, span="bytes 5000-5009/10240", body=FILE[5000:5010])
    upstream.answer("/f.bin", cut(5000), early, part(5010))

    await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == FILE


async def test_without_a_strong_validator_it_starts_again(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    weak = reply(200, FILE[:5000], 'ETag: W/"1"', length=LENGTH, then=Then.CLOSE)
    upstream.answer("/f.bin", weak, whole())

    await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == FILE
    assert "range" not in upstream.requests[1].headers


async def test_a_weak_validator_is_not_kept(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", reply(200, FILE, 'ETag: W/"1"'))

    await fetcher.download(f"{base}/f.bin", partial)

    assert partial.validator is None


async def test_200_to_a_range_starts_again(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", cut(5000), whole())

    download = await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == FILE
    assert download.resumed_from == 0


async def test_206_to_a_plain_request_is_not_taken(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", part(0))

    with pytest.raises(UpstreamUnavailableError, match="answered 206 to a plain request"):
        await fetcher.download(f"{base}/f.bin", partial)

    assert partial.size == 0
    assert len(upstream.requests) == 4


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (part(4999), "sends the range 'bytes 4999-10239/10240' instead of ours"),
        (part(5000, span="bytes 5000-10239/*"), "instead of ours"),
        (part(5000, span="bytes 5000-10240/10240"), "instead of ours"),
        (part(5000, span=""), "sends the range '' instead of ours"),
        (part(5000, etag='"another"'), 'does not confirm "529d22da-2800"'),
        (part(5000, body=FILE[5001:]), "sends 5239 bytes as bytes 5000-10239/10240"),
        (bare(206, FILE[5000:], then=Then.CLOSE), "sends the range None instead of ours"),
        (reply(416, b"", "Content-Range: bytes */10240"), "has nothing from byte 5000 on"),
    ],
)
async def test_a_part_that_does_not_fit_starts_again(
    upstream: Scripted, base: str, clock: Clock, partial: FilePartial, odd: Reply, reason: str
) -> None:
    upstream.answer("/f.bin", cut(5000), odd, whole())
    twice = Politeness(requests_per_second=0, attempts=2)
    async with making(base, clock, politeness=twice) as fetcher:
        with pytest.raises(UpstreamUnavailableError) as caught:
            await fetcher.download(f"{base}/f.bin", partial)
        size_then = partial.size
        await fetcher.download(f"{base}/f.bin", partial)

    assert reason in str(caught.value)
    assert size_then == 0
    assert "range" not in upstream.requests[2].headers
    assert partial.data == FILE


async def test_an_etag_that_changes_midway_gives_the_new_file_and_no_mixture(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    newer = FILE[::-1]
    upstream.answer(
        "/f.bin",
        cut(5000),
        reply(200, newer[:7000], 'ETag: "new"', length=LENGTH, then=Then.CLOSE),
        reply(206, newer[7000:], 'ETag: "new"', f"Content-Range: bytes 7000-{LENGTH - 1}/{LENGTH}"),
    )

    await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == newer
    assert upstream.requests[2].headers["if-range"] == '"new"'


async def test_a_part_that_sends_more_than_it_said_starts_again(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    span = f"Content-Range: bytes 5000-{LENGTH - 1}/{LENGTH}"
    more = chunked(206, FILE[5000:] + b"more", headers=(f"ETag: {ETAG}", span))
    upstream.answer("/f.bin", cut(5000), more, whole())

    await fetcher.download(f"{base}/f.bin", partial)

    assert partial.data == FILE


async def test_a_body_without_length_or_chunks_is_not_taken_for_whole(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", bare(200, FILE[:9000], f"ETag: {ETAG}", then=Then.CLOSE))

    with pytest.raises(UpstreamUnavailableError, match="neither length nor chunks"):
        await fetcher.download(f"{base}/f.bin", partial)

    assert partial.size == 0


async def test_chunks_without_their_end_are_a_short_body(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", chunked(200, FILE[:9000], end=False))

    with pytest.raises(UpstreamUnavailableError, match="the body was cut short"):
        await fetcher.download(f"{base}/f.bin", partial)


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml"])
async def test_a_page_where_a_file_belongs_is_refused_by_name(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial, kind: str
) -> None:
    upstream.answer("/f.bin", reply(200, b"<html>", f"Content-Type: {kind}"))

    with pytest.raises(RefusedError, match=f"{base}/f.bin: an HTML page where a file belongs"):
        await fetcher.download(f"{base}/f.bin", partial)

    assert len(upstream.requests) == 1


async def test_a_refused_answer_leaves_what_is_there(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    await partial.restart(ETAG)
    await partial.write(FILE[:5000])
    upstream.answer("/f.bin", reply(200, b"<html>", "Content-Type: text/html"))

    with pytest.raises(RefusedError):
        await fetcher.download(f"{base}/f.bin", partial)

    assert (partial.data, partial.validator) == (FILE[:5000], ETAG)


async def test_a_coded_file_is_refused(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", reply(200, FILE, "Content-Encoding: gzip"))

    with pytest.raises(RefusedError, match="a file coded 'gzip', which was not asked for"):
        await fetcher.download(f"{base}/f.bin", partial)


@pytest.mark.parametrize(
    "large",
    [
        reply(200, b"x", length=10**6 + 1, then=Then.HANG),
        chunked(200, *[bytes(50_000)] * 21, end=False),
    ],
)
async def test_a_file_over_the_limit_is_refused(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial, large: Reply
) -> None:
    upstream.answer("/f.bin", large)

    with pytest.raises(TooLargeError, match="1000000"):
        await fetcher.download(f"{base}/f.bin", partial)


async def test_a_part_of_a_file_over_the_limit_is_refused(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", cut(5000), part(5000, span="bytes 5000-10239/1000001"))

    with pytest.raises(TooLargeError, match="1000001 bytes, over 1000000"):
        await fetcher.download(f"{base}/f.bin", partial)


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_file_is_named(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial, status: int
) -> None:
    upstream.answer("/f.bin", bare(status, then=Then.KEEP))

    with pytest.raises(UpstreamError, match=f"answered {status} where a file belongs"):
        await fetcher.download(f"{base}/f.bin", partial)


async def test_a_file_that_is_not_there_is_asked_for_once(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    with pytest.raises(UpstreamMissingError, match="answered 404"):
        await fetcher.download(f"{base}/f.bin", partial)

    assert upstream.targets() == ["/f.bin"]


class FullPartial(FilePartial):
    """A partial download on a disk that is full."""

    __slots__ = ()

    async def write(self, chunk: bytes) -> None:
        """Fail."""
        raise DiskFullError(f"no space for {len(chunk)} bytes")


async def test_a_full_disk_is_not_blamed_on_upstream(
    upstream: Scripted, base: str, fetcher: Fetcher, tmp_path: Path
) -> None:
    upstream.answer("/f.bin", whole())

    with pytest.raises(DiskFullError, match="no space for"):
        await fetcher.download(f"{base}/f.bin", FullPartial(tmp_path / "p"))

    assert upstream.targets() == ["/f.bin"]


class BrokenPartial(FilePartial):
    """A partial download whose disk fails in a way nobody gave a name."""

    __slots__ = ()

    async def write(self, chunk: bytes) -> None:
        """Fail."""
        raise OSError(5, f"Input/output error at {len(chunk)}")


async def test_a_nameless_failure_of_the_disk_is_passed_on(
    upstream: Scripted, base: str, fetcher: Fetcher, tmp_path: Path
) -> None:
    upstream.answer("/f.bin", whole())

    with pytest.raises(OSError, match="Input/output error"):
        await fetcher.download(f"{base}/f.bin", BrokenPartial(tmp_path / "p"))

    assert upstream.targets() == ["/f.bin"]


async def test_a_file_cut_at_any_byte_is_continued_to_the_same_bytes(
    upstream: Scripted, base: str, tmp_path: Path, clock: Clock
) -> None:
    sizes = range(1, LENGTH, 997)
    for size in sizes:
        upstream.answer(f"/{size}", cut(size), part(size))
    async with making(base, clock) as fetcher:
        for size in sizes:
            await fetcher.download(f"{base}/{size}", FilePartial(tmp_path / str(size)))

    assert {FilePartial(tmp_path / str(size)).data for size in sizes} == {FILE}


async def test_a_cancelled_download_lets_the_next_one_through(
    upstream: Scripted, base: str, tmp_path: Path, clock: Clock
) -> None:
    upstream.answer("/hangs", reply(200, b"x", length=LENGTH, then=Then.HANG))
    upstream.answer("/f.bin", whole())
    one = Politeness(connections=1, requests_per_second=0)
    async with making(base, clock, politeness=one) as fetcher:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                fetcher.download(f"{base}/hangs", FilePartial(tmp_path / "a")), timeout=0.1
            )
        download = await fetcher.download(f"{base}/f.bin", FilePartial(tmp_path / "b"))

    assert download.size == LENGTH
