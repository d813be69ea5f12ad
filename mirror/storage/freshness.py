"""The page of freshness with its signatures, in one small file that may be lost.

``freshness.json``, and ``freshness-<channel>.json`` of another channel, are written loosely: after
a power cut there may be none until the next complete crawl.  Page and signatures are one file, so
that nobody reads one of each.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes
from mirror.storage.publications import CHANNEL_NAME, CURRENT

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

FRESHNESS_FILE: Final = "freshness.json"
_FILE_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class SignedPage:
    """The bytes of a page, which are text, and its ``.minisig`` files by key id."""

    page: str
    signatures: dict[str, str] = field(default_factory=dict)


_PAGES = Shape(SignedPage)


def find_freshness(folder: Path, channel: str = CURRENT) -> SignedPage | None:
    """Read what the data folder *folder* has of *channel*; None when nothing; this blocks."""
    path = _path(folder, channel)
    text = find_bytes(path, _FILE_BYTES)
    if text is None:
        return None
    try:
        return _PAGES.validate_json(text)
    except ValidationError:
        return None


def write_freshness(folder: Path, page: SignedPage, files: Files, channel: str = CURRENT) -> None:
    """Keep *page* of *channel* in *folder*, if that is news; this blocks."""
    if find_freshness(folder, channel) != page:
        files.write_loosely(_path(folder, channel), _PAGES.dump_json(page) + b"\n")


def _path(folder: Path, channel: str) -> Path:
    if channel == CURRENT:
        return folder / FRESHNESS_FILE
    if CHANNEL_NAME.fullmatch(channel) is None:
        raise MalformedValueError(f"not the name of a channel: {channel[:80]!r}")
    return folder / f"freshness-{channel}.json"
