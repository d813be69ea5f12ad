"""The page of freshness with its signatures, in one small file that may be lost.

``freshness.json`` is written loosely: after a power cut there may be none until the next
complete crawl.  Page and signatures are one file, so that nobody reads one of each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from mirror.storage.disk import reported

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


_PAGES = TypeAdapter(SignedPage)


def find_freshness(folder: Path) -> SignedPage | None:
    """Read what is in the data folder *folder*; None when nothing is; this blocks."""
    path = folder / FRESHNESS_FILE
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                text = file.read(_FILE_BYTES)
        except FileNotFoundError:
            return None
    try:
        return _PAGES.validate_json(text)
    except ValidationError:
        return None


def write_freshness(folder: Path, page: SignedPage, files: Files) -> None:
    """Keep *page* in *folder*, if that is news; this blocks."""
    if find_freshness(folder) != page:
        files.write_loosely(folder / FRESHNESS_FILE, _PAGES.dump_json(page) + b"\n")
