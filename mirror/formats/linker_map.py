"""The linker's map: text that names sections, and says nothing of version or board."""

from __future__ import annotations

import codecs

from mirror.errors import MalformedImageError
from mirror.formats.image import Image
from mirror.formats.verdict import ImageFacts

_SECTION = b".text"
_CHUNK = 1 << 20
_LIMITS = (
    "a map carries no checksum: damage and truncation may go unnoticed",
    "a map names neither version nor board",
)


def is_text(data: bytes) -> bool:
    """Whether *data* is UTF-8 without NUL."""
    if b"\0" in data:
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def names_sections(data: bytes) -> bool:
    """Whether *data* names what every linker's map does."""
    return _SECTION in data


def read_map(data: bytes) -> Image:
    """Read text that names the sections of a program."""
    if not is_text(data):
        raise MalformedImageError("not text")
    if not names_sections(data):
        raise MalformedImageError("text that names no section of a program", rule="text")
    return Image(facts=ImageFacts("map"), kinds=frozenset({"map"}), speaks=False, limits=_LIMITS)
