"""A picture that was drawn anew, as the child says it and the parent reads it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config

from mirror.frozen import dataclass
from mirror.shapes import Shape

_Pixels = Annotated[int, Field(ge=1, le=100_000)]
_STARTS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
# Bytes in JSON are base64.
_BASE64 = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@with_config(_BASE64)
@dataclass(frozen=True, slots=True)
class Painted:
    """The bytes of a picture, and its size in pixels."""

    data: bytes
    width: _Pixels
    height: _Pixels


@with_config(_BASE64)
@dataclass(frozen=True, slots=True)
class Drawn:
    """A photograph and its thumbnail, both of *media_type*."""

    media_type: Literal["image/png", "image/jpeg"]
    whole: Painted
    thumbnail: Painted

    @property
    def sound(self) -> bool:
        """Whether both begin as pictures of their type do."""
        start = _STARTS.get(self.media_type)
        pictures = (self.whole.data, self.thumbnail.data)
        return start is not None and all(data.startswith(start) for data in pictures)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a picture that was drawn by a mirror is: its type, and its size in pixels."""

    media_type: Literal["image/png", "image/jpeg"]
    width: _Pixels
    height: _Pixels


DRAWN = Shape(Drawn)
MEASURED = Shape(Measured)
