"""Mirrors that lie, lines that break, commands that are killed: never wrong bytes under a name."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from mirror.catalog.values import Digest
from mirror.publication.documents import decode_publication
from tests.client.room import ESP, PICO, PICO_OLD, ROOT, name_of
from tests.replica.images import make_image
from tests.web.building import USUAL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Typist
    from tests.client.room import MirrorRoom, Reply

IMAGE = make_image(PICO)
BLOB = f"/v1/blobs/{Digest.of(IMAGE)}"
LARGE = replace(PICO, size=1_500_000)
#: Bytes: less than are written at once.
PART = 900_000


def parts_in(folder: Path) -> list[str]:
    """Return what is in a folder, with what is on its way."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (IMAGE[:-1] + b"x", "sent bytes of sha256:"),
        (IMAGE[:-512], "sent bytes of sha256:"),
        (IMAGE + b"more", "more came than its"),
        (b"", "sent bytes of sha256:"),
    ],
    ids=["other", "short", "long", "empty"],
)
async def test_other_bytes_than_the_published_ones_are_not_kept(
    typist: Typist, body: bytes, text: str
) -> None:
    typist.room.forged[BLOB] = body

    said = await typist.gets("RPI_PICO_W")

    assert said.status == 4
    assert text in said.err
    assert parts_in(typist.folder) == []


async def test_a_document_of_another_digest_is_refused(typist: Typist) -> None:
    """Whoever sends another board document than the content names is no way to the board."""
    content = await _content_path(typist.room)
    typist.room.forged[content] = b"{}"

    said = await typist.gets("RPI_PICO_W")

    assert said.status == 4
    assert f"{content}: sent bytes of sha256:" in said.err


async def test_a_redirect_to_elsewhere_is_not_followed(typist: Typist) -> None:
    """Neither for documents nor for files."""

    async def away(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/x"})

    typist.room.forged[BLOB] = away

    said = await typist.gets("RPI_PICO_W")

    assert said.status == 4
    assert "redirected" in said.err
    assert parts_in(typist.folder) == []


async def test_an_image_that_the_mirror_calls_sound_is_judged_here_too(typist: Typist) -> None:
    """The mirror's verdict is its own."""
    await typist.room.builder.publish(USUAL)
    await typist.room.refresh()

    said = await typist.gets("RPI_PICO_W")

    assert said.status == 4
    assert f"{name_of(PICO)}: refused: " in said.err
    assert parts_in(typist.folder) == []


async def test_a_publication_that_changes_meanwhile_changes_nothing(typist: Typist) -> None:
    """What was begun on one publication is finished on it."""
    room = typist.room
    before = await room.root()

    async def changing(_request: web.Request) -> web.Response:
        del room.forged[ROOT]
        await room.publish(PICO_OLD, ESP)
        return web.Response(body=before)

    room.forged[ROOT] = changing

    said = await typist.gets("RPI_PICO_W")

    assert said.status == 0, said.err
    assert (typist.folder / name_of(PICO)).read_bytes() == IMAGE


async def test_a_mirror_never_goes_back(typist: Typist) -> None:
    """Neither to an older publication nor to another one of the same number."""
    room = typist.room
    older = await room.root()
    await room.publish(PICO)
    newer = await typist.gets("RPI_PICO_W")

    room.forged[ROOT] = older
    back = await typist.gets("ESP32_GENERIC")
    room.forged[ROOT] = await room.root(published="2026-01-01T00:00:00Z")
    two = await typist.gets("RPI_PICO_W")

    assert [one.status for one in (newer, back, two)] == [0, 4, 4]
    assert "publication 1 of current, after 2 of the same lineage" in back.err
    assert "one publication can not be two" in two.err
    assert parts_in(typist.folder) == [name_of(PICO)]


async def test_another_lineage_at_the_same_address_is_believed_only_when_that_is_said(
    typist: Typist,
) -> None:
    """Then it is remembered, and the old one comes back only when that is said too."""
    await typist.gets("RPI_PICO_W")
    typist.room.forged[ROOT] = await typist.room.root(lineage="e" * 32)

    refused = await typist.gets("ESP32_GENERIC")
    meant = await typist.gets("ESP32_GENERIC", "--new-lineage")
    again = await typist.gets("ESP32_GENERIC")

    assert [one.status for one in (refused, meant, again)] == [4, 0, 0]
    assert "say --new-lineage once" in refused.err


async def test_a_memory_that_can_not_be_read_is_not_taken_for_none(
    typist: Typist, tmp_path: Path
) -> None:
    """Else a damaged file would be a way back."""
    await typist.gets("RPI_PICO_W")
    (tmp_path / "state" / "mpmirror" / "mirrors.json").write_text('{"lineages": 7}')

    said = await typist.gets("RPI_PICO_W")

    assert said.status == 5
    assert "mirrors.json can not be read" in said.err


async def test_a_body_that_is_cut_is_continued_where_it_stopped(typist: Typist) -> None:
    """By range and strong ETag, in the same command."""
    await typist.room.publish(LARGE)
    blob = f"/v1/blobs/{Digest.of(make_image(LARGE))}"
    typist.room.forged[blob] = _cut(typist.room, blob, 2_000_000)

    said = await typist.gets("RPI_PICO_W")

    assert said.status == 0, said.err
    assert (typist.folder / name_of(LARGE)).read_bytes() == make_image(LARGE)
    assert [span for path, span in typist.room.asked if path == blob] == [None, "bytes=2000000-"]


@pytest.mark.programs
async def test_a_command_that_was_killed_is_continued_by_the_next(typist: Typist) -> None:
    """What had come is on the disk, and nothing has the file's name meanwhile."""
    await typist.room.publish(LARGE)
    blob = f"/v1/blobs/{Digest.of(make_image(LARGE))}"
    stalled = asyncio.Event()
    typist.room.forged[blob] = _stall(make_image(LARGE)[:2_500_000], stalled)
    words = ["get", "--from", typist.room.url, "-o", str(typist.folder), "RPI_PICO_W"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mirror", *words, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        await stalled.wait()
        part = typist.folder / ".mpmirror" / f"{name_of(LARGE)}.part"
        while not part.exists() or part.stat().st_size < 2 << 20:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    left = parts_in(typist.folder)

    del typist.room.forged[blob]
    typist.room.asked.clear()
    said = await typist.gets("RPI_PICO_W")

    assert name_of(LARGE) not in left
    assert said.status == 0, said.err
    assert said.document[0]["resumed_from"] >= 1 << 20
    assert (typist.folder / name_of(LARGE)).read_bytes() == make_image(LARGE)
    assert parts_in(typist.folder) == [name_of(LARGE)]
    assert [span for path, span in typist.room.asked if path == blob] != [None]


async def _content_path(room: MirrorRoom) -> str:
    return f"/v1/blobs/{decode_publication(await room.root()).content}"


def _cut(room: MirrorRoom, path: str, count: int) -> Reply:
    async def cut(request: web.Request) -> web.StreamResponse:
        del room.forged[path]
        await _some(request, make_image(LARGE), count)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return cut


def _stall(data: bytes, stalled: asyncio.Event) -> Reply:
    async def stall(request: web.Request) -> web.StreamResponse:
        response = await _some(request, make_image(LARGE), PART)
        # What came within one second may be lost.
        await asyncio.sleep(1.1)
        await response.write(data[PART:])
        stalled.set()
        await asyncio.sleep(60)
        return web.Response()

    return stall


async def _some(request: web.Request, data: bytes, count: int) -> web.StreamResponse:
    etag = f'"{Digest.of(data).hex}"'
    response = web.StreamResponse(headers={"ETag": etag, "Content-Length": str(len(data))})
    await response.prepare(request)
    await response.write(data[:count])
    return response
