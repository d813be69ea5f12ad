"""Decode a photograph and draw it anew: only for the limited child that reads pictures.

What comes out shows the same and is no longer upstream's bytes: a PNG or a JPEG without
metadata, comments, profiles, further frames or anything behind its end.  A picture of too many
pixels is refused before it is unpacked.
"""

from __future__ import annotations

import io
import warnings
from typing import Final, Literal

from PIL import Image, JpegImagePlugin, PngImagePlugin

from mirror.errors import PictureRefusedError
from mirror.sandbox.drawn import Drawn, Measured, Painted
from mirror.sandbox.plain_pictures import kind_of_plain

MOST_PIXELS: Final = 16_000_000
LONGEST_SIDE: Final = 8_000
THUMBNAIL: Final = 300
MOST_BYTES: Final = 5 * 1024 * 1024
"""Of what is drawn, whole: two of them in text are less than an answer may have."""

_QUALITY: Final = 88
_MEDIA_TYPES: Final[dict[str, Literal["image/png", "image/jpeg"]]] = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
}
_TRANSPARENT: Final = {"LA", "PA", "RGBA", "La", "RGBa"}


def redraw(data: bytes, url: str) -> Drawn:
    """Return the picture *data*, found at *url*, drawn anew; raise `PictureRefusedError`."""
    kind, whole = _opened(data, url)
    small = whole.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    painted, thumbnail = _painted(whole, kind), _painted(small, kind)
    if len(painted.data) > MOST_BYTES:
        raise PictureRefusedError(f"{url}: {len(painted.data)} bytes when drawn anew")
    return Drawn(_MEDIA_TYPES[kind], painted, thumbnail)


def measure(data: bytes, url: str) -> Measured:
    """Return what the picture *data*, which another mirror drew, is.

    Raises `PictureRefusedError` for one that can not be decoded, or that says more than it shows.
    """
    kind = kind_of_plain(data, url)
    _, image = _opened(data, url)
    return Measured(_MEDIA_TYPES[kind], image.width, image.height)


def warm_up() -> None:
    """Load what reading a picture loads late."""
    for kind in _MEDIA_TYPES:
        for mode in ("RGB", "L", "RGBA"):
            if (kind, mode) == ("JPEG", "RGBA"):
                continue
            stream = io.BytesIO()
            Image.new(mode, (2, 2)).save(stream, kind)
            redraw(stream.getvalue(), "warm-up")


def _opened(data: bytes, url: str) -> tuple[str, Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _decoded(data, url)
    except PictureRefusedError:
        raise
    except (
        OSError,
        SyntaxError,
        ValueError,
        Warning,
        EOFError,
        Image.DecompressionBombError,
    ) as error:
        raise PictureRefusedError(f"{url}: no picture: {str(error)[:200]}") from error


def _decoded(data: bytes, url: str) -> tuple[str, Image.Image]:
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    readers = {"PNG": PngImagePlugin.PngImageFile, "JPEG": JpegImagePlugin.JpegImageFile}
    kind = "PNG" if data.startswith(b"\x89PNG") else "JPEG"
    with readers[kind](io.BytesIO(data)) as image:
        width, height = image.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise PictureRefusedError(f"{url}: {width} by {height} pixels")
        image.load()
        clean = image.convert(_mode(image, kind))
    clean.info = {}
    return kind, clean


def _mode(image: Image.Image, kind: str) -> str:
    if kind == "PNG" and (image.mode in _TRANSPARENT or "transparency" in image.info):
        return "RGBA"
    return "L" if image.mode in {"1", "L"} else "RGB"


def _painted(image: Image.Image, kind: str) -> Painted:
    stream = io.BytesIO()
    if kind == "PNG":
        image.save(stream, "PNG", optimize=True)
    else:
        image.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return Painted(stream.getvalue(), image.width, image.height)
