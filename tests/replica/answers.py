"""What the site answers to a path: the good answers, before anything misbehaves.

Pure: `answer_to` says *which* page, file or status; `tests.replica.sending` puts it on the
wire.  Where upstream's own behaviour is not known (`upstream.md` section 12), the way is
chosen by `Slash`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from tests.replica.site import INDEX
from tests.replica.skeleton import plain_page
from tests.replica.stock import StoredFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.replica.site import Site

_FIRMWARE: Final = "/resources/firmware/"
_MEDIA: Final = "/resources/micropython-media/boards/"
_PACKAGES: Final = "/pi/v2/"
_ARCHIVES: Final = ("/resources/source/", "/resources/micropython-master.zip", "/static/")
# When the site's own static files were put there: 2026-01-01.
_BUILT: Final = 1_767_225_600


class Slash(StrEnum):
    """What a board's page without its final slash does; clients have met both."""

    REDIRECT = "redirect"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Page:
    """HTML from the application behind nginx: no ETag, chunked, gzip where accepted."""

    html: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Document:
    """A static file of *media_type* whose bytes are at hand."""

    data: bytes
    media_type: str
    modified: int = _BUILT


@dataclass(frozen=True, slots=True)
class Firmware:
    """A file of the stock, as *media_type*."""

    file: StoredFile
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect to *location*."""

    location: str
    status: int = 302


Answer = Page | Document | Firmware | Moved


def answer_to(site: Site, path: str, query: Mapping[str, str], slash: Slash) -> Answer:
    """Return what *site* answers to GET *path*, still percent-encoded, with *query*."""
    path = unquote(path)
    if path == INDEX:
        return Page(site.index(query))
    if path == INDEX.rstrip("/"):
        return Moved(INDEX, 301)
    if path.startswith(INDEX):
        return _download(site, path.removeprefix(INDEX), slash)
    return _static(site, path) or Page(plain_page("404", "Page not found"), 404)


def _download(site: Site, rest: str, slash: Slash) -> Answer:
    board, _, name = rest.partition("/")
    moved = site.find_moved(board)
    if moved is not None:
        # Seen upstream: the old id in the file's name becomes the new one too.
        return Moved(f"{INDEX}{moved}/{name.replace(f'{board}-', f'{moved}-', 1)}")
    if name:
        return _latest(site, name) or Page(plain_page("404", "Page not found"), 404)
    html = site.find_page(board)
    if html is None:
        return Page(plain_page("404", "Page not found"), 404)
    if rest == board and slash is Slash.REDIRECT:
        return Moved(f"{INDEX}{board}/", 301)
    return Page(html)


def _latest(site: Site, name: str) -> Answer | None:
    stem, found, kind = name.partition("-latest.")
    file = site.find_latest(stem, kind) if found else None
    return None if file is None else Firmware(file, "application/force-download")


def _static(site: Site, path: str) -> Answer | None:
    if path.startswith(_FIRMWARE):
        file = site.find_file(path.removeprefix(_FIRMWARE))
        return None if file is None else Firmware(file)
    if path.startswith(_MEDIA):
        return _photograph(site, path.removeprefix(_MEDIA))
    if path.startswith(_PACKAGES):
        data = site.packages.tree.get(path.removeprefix(_PACKAGES))
        # Whoever puts other bytes there does so at another time.
        return None if data is None else Document(data, _package_type(path), _time_of(data))
    if path.startswith(_ARCHIVES):
        return Document(f"replica of {path}\n".encode(), "application/octet-stream")
    return None


def _photograph(site: Site, rest: str) -> Answer | None:
    board, _, name = rest.partition("/")
    if board not in site.boards:
        return None
    for picture in site.fact(board).photographs:
        if name in {picture.name, picture.thumbnail} and not picture.missing:
            media_type = "image/png" if name.endswith(".png") else "image/jpeg"
            return Document(site.photograph(f"{board}/{name}"), media_type)
    return None


def _time_of(data: bytes) -> int:
    return _BUILT + zlib.crc32(data) % 1_000_000


def _package_type(path: str) -> str:
    return "application/json" if path.endswith(".json") else "application/octet-stream"
