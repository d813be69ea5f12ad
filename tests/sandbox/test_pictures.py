"""Photographs are drawn anew in a child of their own, and hostile ones are refused by name."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from mirror.errors import ChildRefusedError, PictureRefusedError
from mirror.sandbox import Sandbox
from mirror.sandbox.pictures import redraw
from mirror.sandbox.programs import PICTURES
from tests.replica.photographs import photograph

URL = "http://site/a.png"


def drawn_by(mode: str, size: tuple[int, int], kind: str, **said: object) -> bytes:
    """Return a picture of one colour."""
    stream = io.BytesIO()
    Image.new(mode, size, 7).save(stream, kind, **said)
    return stream.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_photograph_of_the_replica_is_drawn_anew(name: str) -> None:
    data = photograph(name)
    drawn = redraw(data, URL)

    assert drawn.sound
    assert drawn.whole.data != data
    assert (drawn.whole.width, drawn.thumbnail.width) in {(1, 1), (8, 8)}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_drawn(mode: str) -> None:
    drawn = redraw(drawn_by(mode, (640, 480), "PNG"), URL)
    with Image.open(io.BytesIO(drawn.thumbnail.data)) as thumbnail:
        size = thumbnail.size

    assert drawn.media_type == "image/png"
    assert size == (drawn.thumbnail.width, drawn.thumbnail.height) == (300, 225)


def test_nothing_but_the_picture_is_left() -> None:
    """No metadata, no profile, no comment, and nothing behind the end."""
    told = drawn_by("RGB", (9, 9), "JPEG", comment=b"SECRET", exif=b"Exif\0\0SECRET")
    drawn = redraw(told + b"SECRET<script>", URL)
    profiled = redraw(drawn_by("RGB", (9, 9), "PNG", icc_profile=b"SECRET" * 9) + b"SECRET", URL)

    assert b"SECRET" in told
    for picture in (drawn.whole, drawn.thumbnail, profiled.whole, profiled.thumbnail):
        assert b"SECRET" not in picture.data
        assert b"iCCP" not in picture.data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(64),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        bytes(4096),
        photograph("a.png")[:40],
        drawn_by("RGB", (64, 64), "JPEG")[:300],
        drawn_by("RGB", (8, 8), "GIF"),
        drawn_by("RGB", (8, 8), "TIFF"),
        bomb(60_000, 60_000),
        bomb(5_000, 5_000),
        bomb(100_000, 1),
        bomb(0, 1),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_sound_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefusedError):
        redraw(data, URL)


@pytest.mark.programs
async def test_the_child_draws_refuses_and_goes_on() -> None:
    """One child, its own program: a bomb, a picture, and afterwards it is the same process."""
    async with Sandbox(processes=1, program=PICTURES) as readers:
        first = await readers.redraw_photograph(photograph("a.png"), URL)
        [pid] = readers.pids
        with pytest.raises(PictureRefusedError):
            await readers.redraw_photograph(bomb(60_000, 60_000), URL)
        large = await readers.redraw_photograph(drawn_by("RGB", (4_000, 3_900), "JPEG"), URL)

        assert first.sound
        assert (large.thumbnail.width, large.thumbnail.height) == (300, 293)
        assert [pid] == list(readers.pids)


@pytest.mark.programs
async def test_the_usual_child_reads_no_pictures() -> None:
    """It has not loaded their decoders, and can not open them any more."""
    async with Sandbox(processes=1) as readers:
        with pytest.raises(ChildRefusedError):
            await readers.redraw_photograph(photograph("a.png"), URL)
