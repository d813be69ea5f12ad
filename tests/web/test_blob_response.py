"""Files over a socket: the conformance table, and what happens when something breaks."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.web.connections import Limits
from mirror.web.modified import find_modified
from tests.web.building import ESP, ESP_MAP, PICO, Builder, image, images
from tests.web.conftest import served
from tests.web.waiting import until

if TYPE_CHECKING:
    from tests.web.client import Client
    from tests.web.conftest import Site

DATA = image(PICO)
PATH = f"/resources/firmware/{PICO}"
HEX = hashlib.sha256(DATA).hexdigest()
ETAG = f'"{HEX}"'
OTHER = f'"{"0" * 64}"'
DATE = "Mon, 24 Aug 2026 12:00:00 GMT"
MODIFIED = str(find_modified(PICO, Digest(HEX)))

WHOLE = (200, None, DATA)
SAME = (304, None, b"")
OUTSIDE = (416, "bytes */100000", b"")
FAILED = (412, None, b"")
FIRST = (206, "bytes 0-9/100000", DATA[:10])
TAIL = (206, "bytes 99990-99999/100000", DATA[-10:])

TABLE = [
    ({}, WHOLE),
    ({"Range": "bytes=0-9"}, FIRST),
    ({"Range": "bytes=99990-"}, TAIL),
    ({"Range": "bytes=-10"}, TAIL),
    ({"Range": "bytes=99990-999999"}, TAIL),
    ({"Range": "bytes=100000-"}, OUTSIDE),
    ({"Range": "bytes=-0"}, OUTSIDE),
    ({"Range": "bytes=0-9,20-29"}, WHOLE),
    ({"Range": "bytes=9-0"}, WHOLE),
    ({"Range": "lines=0-9"}, WHOLE),
    ({"Range": "bytes=0-9", "If-Range": ETAG}, FIRST),
    ({"Range": "bytes=0-9", "If-Range": OTHER}, WHOLE),
    ({"Range": "bytes=0-9", "If-Range": f"W/{ETAG}"}, WHOLE),
    ({"Range": "bytes=0-9", "If-Range": DATE}, WHOLE),
    ({"Range": "bytes=100000-", "If-Range": OTHER}, WHOLE),
    ({"Range": "bytes=100000-", "If-Range": ETAG}, OUTSIDE),
    ({"If-Range": OTHER}, WHOLE),
    ({"If-None-Match": ETAG}, SAME),
    ({"If-None-Match": f"W/{ETAG}"}, SAME),
    ({"If-None-Match": f"{OTHER}, {ETAG}"}, SAME),
    ({"If-None-Match": "*"}, SAME),
    ({"If-None-Match": OTHER}, WHOLE),
    ({"If-None-Match": ETAG, "Range": "bytes=0-9"}, SAME),
    ({"If-None-Match": OTHER, "Range": "bytes=0-9"}, FIRST),
    ({"If-None-Match": OTHER, "Range": "bytes=0-9", "If-Range": ETAG}, FIRST),
    ({"If-None-Match": ETAG, "Range": "bytes=100000-"}, SAME),
    ({"If-Modified-Since": DATE}, WHOLE),
    ({"If-Modified-Since": MODIFIED}, SAME),
    ({"If-Modified-Since": MODIFIED, "If-None-Match": OTHER}, WHOLE),
    ({"Range": "bytes=0-9", "If-Range": MODIFIED}, WHOLE),
    ({"If-Match": ETAG}, WHOLE),
    ({"If-Match": OTHER}, FAILED),
    ({"If-Match": ETAG, "If-None-Match": ETAG}, SAME),
    ({"Accept-Encoding": "gzip, br"}, WHOLE),
]
# Range is not looked at, and no bytes come: otherwise HEAD answers as GET does.
OF_HEAD = [
    ({}, 200, "100000"),
    ({"Range": "bytes=0-9"}, 200, "100000"),
    ({"Range": "bytes=100000-"}, 200, "100000"),
    ({"If-None-Match": ETAG}, 304, None),
    ({"If-None-Match": OTHER}, 200, "100000"),
    ({"If-Match": OTHER}, 412, "0"),
]


def blob(data: Path, content: bytes) -> Path:
    """Return the file of a blob."""
    name = hashlib.sha256(content).hexdigest()
    return data / "blobs" / "sha256" / name[:2] / name


def open_blobs(data: Path) -> int:
    """Return how many blobs this process has open."""
    names = Path("/proc/self/fd").iterdir()
    return sum(str(data / "blobs") in str(name.readlink()) for name in names if name.is_symlink())


async def none_open(data: Path) -> bool:
    """Whether this process has no blob open."""
    return open_blobs(data) == 0


@pytest.mark.parametrize(("fields", "expected"), TABLE, ids=[str(fields) for fields, _ in TABLE])
async def test_get_answers_as_the_standard_says(
    client: Client, fields: dict[str, str], expected: tuple[int, str | None, bytes]
) -> None:
    got = await client.get(PATH, **fields)

    assert expected == (got.status, got.fields.get("content-range"), got.body)
    assert (got.fields["etag"], got.fields["last-modified"]) == (ETAG, MODIFIED)


@pytest.mark.parametrize(("fields", "status", "length"), OF_HEAD)
async def test_head_answers_as_the_standard_says(
    client: Client, fields: dict[str, str], status: int, length: str | None
) -> None:
    got = await client.get(PATH, "HEAD", **fields)

    assert (status, length) == (got.status, got.fields.get("content-length"))


@pytest.mark.parametrize("fields", [fields for fields, _ in TABLE])
async def test_the_connection_goes_on_after_each_of_them(
    client: Client, fields: dict[str, str]
) -> None:
    """A body that is longer or shorter than promised would be read as the next answer."""
    async with client.connected() as line:
        for method in ("GET", "HEAD", "GET"):
            await line.ask(PATH, method, **fields)
            await line.answer(method)
        await line.ask(PATH, Range="bytes=0-9")
        got = await line.answer()

    assert DATA[:10] == got.body


async def test_a_file_says_what_clients_look_for(client: Client) -> None:
    fields = (await client.get(PATH)).fields

    assert {
        "content-type": "application/octet-stream",
        "content-length": "100000",
        "content-disposition": f'attachment; filename="{PICO}"',
        "content-security-policy": "sandbox",
        "x-content-type-options": "nosniff",
        "access-control-allow-origin": "*",
        "accept-ranges": "bytes",
        "cache-control": "public, no-cache, no-transform",
        "x-sha256": HEX,
        "x-md5": hashlib.md5(DATA, usedforsecurity=False).hexdigest(),
        "x-firmware-version": "v1.28.0",
        "x-flash-offset": "0x1000",
    }.items() <= fields.items()


async def test_a_map_is_text(client: Client) -> None:
    got = await client.get(f"/v1/files/{ESP_MAP}")

    assert got.fields["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ["transfer-encoding", "content-encoding"])
async def test_a_file_is_never_chunked_or_coded(client: Client, name: str) -> None:
    got = await client.get(PATH, Accept_Encoding="gzip, br, zstd")

    assert name not in got.fields


async def test_a_digest_is_immutable(client: Client) -> None:
    got = await client.get(f"/v1/blobs/sha256:{HEX}")

    assert (
        got.status,
        got.body,
        got.fields["cache-control"],
    ) == (200, DATA, "public, max-age=31536000, immutable, no-transform")


async def test_two_hundred_clients_at_once_all_get_everything(client: Client) -> None:
    answers = await asyncio.gather(*(client.get(PATH) for _ in range(200)))

    assert {(200, DATA)} == {(got.status, got.body) for got in answers}


async def test_many_pieces_of_a_large_file_are_in_order(builder: Builder) -> None:
    """2.5 MB go in ten pieces, and a range may begin and end inside of any."""
    large = image(ESP, 2_500_001)
    await builder.publish({ESP: large})
    async with served(builder.store) as site:
        whole = await site.client.get(f"/v1/files/{ESP}")
        part = await site.client.get(f"/v1/files/{ESP}", Range="bytes=262143-2000000")

    assert (large, large[262143:2000001]) == (whole.body, part.body)


async def test_requests_that_come_together_are_answered_in_order(client: Client) -> None:
    wanted = [f"/v1/files/{name}" for name in (PICO, ESP, PICO, ESP_MAP)]
    async with client.connected() as line:
        requests = [f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in wanted]
        await line.send("".join(requests).encode())
        bodies = [(await line.answer()).body for _ in wanted]

    assert [image(PICO), image(ESP), image(PICO), image(ESP_MAP)] == bodies


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_damage_between_two_requests_is_answered_with_503_and_nothing(
    site: Site, data: Path, method: str
) -> None:
    """One bit is flipped and the time of change put back: P4 looks at more than that."""
    before = await site.client.get(PATH)
    path = blob(data, DATA)
    times = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(50_000)
        file.write(bytes([DATA[50_000] ^ 1]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    got = await site.client.get(PATH, method)

    assert (before.status, got.status, got.body) == (200, 503, b"")


async def test_damage_is_noticed_whatever_is_asked_of_the_file(site: Site, data: Path) -> None:
    path = blob(data, DATA)
    path.chmod(0o644)
    path.write_bytes(DATA[:-1] + b"?")
    statuses = [(await site.client.get(PATH, **fields)).status for fields, _ in TABLE]

    assert {503} == set(statuses)


async def test_a_file_that_is_listed_and_gone_is_damage(site: Site, data: Path) -> None:
    blob(data, DATA).unlink()
    got = await site.client.get(PATH)

    assert (got.status, got.body) == (503, b"")


async def test_a_file_cut_short_is_damage(site: Site, data: Path) -> None:
    path = blob(data, DATA)
    path.chmod(0o644)
    path.write_bytes(DATA[:1000])
    got = await site.client.get(PATH)

    assert (got.status, got.body) == (503, b"")


async def test_a_download_goes_on_while_publications_change(builder: Builder, data: Path) -> None:
    """The file is superseded and even removed under way; its client gets all of it."""
    large = image(ESP, 30_000_000)
    await builder.publish({ESP: large})
    async with served(builder.store) as site, site.client.connected() as line:
        await line.ask(f"/v1/files/{ESP}")
        await line.reader.readuntil(b"\r\n\r\n")
        beginning = await line.reader.readexactly(1000)
        await builder.publish(images(PICO))
        await site.shelf.refresh()
        blob(data, large).unlink()
        rest = await line.reader.readexactly(len(large) - 1000)

    assert large == beginning + rest


async def test_a_file_that_is_written_to_under_way_is_never_complete(
    builder: Builder, data: Path
) -> None:
    large = image(ESP, 30_000_000)
    await builder.publish({ESP: large})
    path = blob(data, large)
    path.chmod(0o644)
    async with served(builder.store) as site, site.client.connected() as line:
        await line.ask(f"/v1/files/{ESP}")
        await line.reader.readuntil(b"\r\n\r\n")
        with path.open("r+b") as file:
            file.seek(29_999_999)
            file.write(b"?")
        received = await line.rest()

    assert len(received) < len(large)


async def test_a_client_that_takes_nothing_is_cut_off(builder: Builder) -> None:
    """Afterwards its connection is free for somebody else."""
    await builder.publish({ESP: image(ESP, 30_000_000)})
    async with (
        served(builder.store, Limits(connections=1, stall=0.2)) as site,
        site.client.connected() as line,
    ):
        await line.ask(f"/v1/files/{ESP}")
        refused = await site.client.say(b"")
        await until(site.client.is_answered)

    assert refused.startswith(b"HTTP/1.1 503 ")


async def test_a_client_that_goes_away_leaves_no_file_open(builder: Builder, data: Path) -> None:
    await builder.publish({ESP: image(ESP, 30_000_000)})
    async with served(builder.store) as site:
        for _ in range(5):
            async with site.client.connected() as line:
                await line.ask(f"/v1/files/{ESP}")
                await line.reader.readexactly(1000)
        opened = open_blobs(data)
        await until(lambda: none_open(data))

    assert opened > 0
