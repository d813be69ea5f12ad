"""A picture that a mirror drew is known as one; whatever has more in it is refused by name."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mirror.errors import PictureRefusedError
from mirror.sandbox import Sandbox
from mirror.sandbox.drawn import Measured
from mirror.sandbox.pictures import measure, redraw
from mirror.sandbox.plain_pictures import kind_of_plain
from mirror.sandbox.programs import PICTURES

URL = "/resources/a.png"


def drawn_by(mode: str, kind: str, **said: object) -> bytes:
    """Return a picture with all its colours."""
    stream = io.BytesIO()
    picture = Image.effect_noise((90, 60), 80).convert(mode)
    picture.save(stream, kind, **said)
    return stream.getvalue()


def mirrors_own() -> list[bytes]:
    """Return pictures as a mirror draws them."""
    sources = [drawn_by(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")]
    sources += [drawn_by(mode, "JPEG") for mode in ("L", "RGB", "CMYK")]
    drawn = [redraw(source, URL) for source in sources]
    return [picture.data for one in drawn for picture in (one.whole, one.thumbnail)]


OWN = mirrors_own()


def test_what_a_mirror_draws_is_taken() -> None:
    """Of every mode, whole and small."""
    for data in OWN:
        assert (measure(data, URL).width, measure(data, URL).height) == (90, 60)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xd9",
        drawn_by("RGB", "PNG", dpi=(72, 72)),
        drawn_by("RGB", "PNG", icc_profile=b"profile"),
        drawn_by("P", "PNG"),
        drawn_by("RGB", "JPEG", comment=b"words"),
        drawn_by("RGB", "JPEG", exif=b"Exif\0\0words"),
        drawn_by("RGB", "JPEG", progressive=True),
        drawn_by("CMYK", "JPEG"),
        drawn_by("RGB", "GIF"),
        drawn_by("RGB", "JPEG") * 2,
        drawn_by("RGB", "PNG") * 2,
        drawn_by("RGB", "PNG") + b"\0",
        drawn_by("RGB", "JPEG") + b"\0",
        drawn_by("RGB", "JPEG")[:-2],
        drawn_by("RGB", "PNG")[:-12],
    ],
)
def test_whatever_has_more_or_less_in_it_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefusedError):
        measure(data, URL)


@given(st.sampled_from(OWN), st.data())
def test_one_other_byte_makes_no_other_failure(data: bytes, draws: st.DataObject) -> None:
    """Nor do more bytes anywhere: it is taken or refused by name."""
    place = draws.draw(st.integers(0, len(data) - 1))
    changed = data[:place] + draws.draw(st.binary(max_size=9)) + data[place + 1 :]
    try:
        measure(changed, URL)
    except PictureRefusedError:
        return


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"]))
def test_any_bytes_are_a_picture_or_refused(data: bytes, start: bytes) -> None:
    try:
        kind_of_plain(start + data, URL)
    except PictureRefusedError:
        return


@pytest.mark.programs
async def test_the_limited_child_measures() -> None:
    """The one that reads pictures."""
    async with Sandbox(processes=1, program=PICTURES) as sandbox:
        seen = await sandbox.measure_picture(OWN[0], URL)
        with pytest.raises(PictureRefusedError, match="does not end"):
            await sandbox.measure_picture(OWN[0] + b"<script>", URL)

    assert seen == Measured("image/png", 90, 60)
