"""Photographs that a person can tell apart: a drawn board, other for each name."""

from __future__ import annotations

import hashlib
import io
from typing import Final

from PIL import Image, ImageDraw

_SIZE: Final = (800, 600)
_GROUNDS: Final = ((12, 92, 70), (24, 52, 110), (120, 24, 40), (36, 36, 44), (88, 40, 110))
_CHIP: Final = (24, 24, 28)
_METAL: Final = (200, 204, 208)
_GOLD: Final = (222, 184, 82)


def drawn_photograph(name: str) -> bytes:
    """Return the picture *name*, ``BOARD/FILE``: a PNG or a JPEG, by its ending."""
    chance = hashlib.sha256(name.partition("/")[0].encode()).digest()
    image = Image.new("RGB", _SIZE, "white")
    _draw(ImageDraw.Draw(image), chance)
    out = io.BytesIO()
    image.save(out, "PNG" if name.endswith(".png") else "JPEG", quality=70)
    return out.getvalue()


def _draw(pen: ImageDraw.ImageDraw, chance: bytes) -> None:
    wide, high = 380 + chance[0], 190 + chance[1] // 2
    left, top = (_SIZE[0] - wide) // 2, (_SIZE[1] - high) // 2
    ground = _GROUNDS[chance[2] % len(_GROUNDS)]
    pen.rounded_rectangle((left, top, left + wide, top + high), 18, fill=ground)
    for at in range(left + 24, left + wide - 16, 30):
        for row in (top + 14, top + high - 14):
            pen.ellipse((at - 8, row - 8, at + 8, row + 8), fill=_GOLD)
            pen.ellipse((at - 4, row - 4, at + 4, row + 4), fill="white")
    middle = top + high // 2
    pen.rectangle((left - 14, middle - 34, left + 52, middle + 34), fill=_METAL)
    chip = 46 + chance[3] // 8
    at = left + wide // 2
    pen.rectangle((at - chip, middle - chip, at + chip, middle + chip), fill=_CHIP)
    pen.ellipse((at - chip + 8, middle - chip + 8, at - chip + 20, middle - chip + 20), fill="gray")
    shield = left + wide - 40 - chance[4] // 4
    pen.rectangle((shield - 50, middle - 40, shield + 30, middle + 40), fill=_METAL)
