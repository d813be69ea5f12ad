"""The page that flashes one file onto an ESP board, from the browser.

The script of the page compares the SHA-256 of what it fetched before anything is written.  The
chip and the place in flash are those of the verified image, by `mirror.publication.flashing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import NotFoundError, UnflashableError
from mirror.frozen import dataclass
from mirror.publication.dialects.offers import ESP_CHIPS
from mirror.publication.flashing import Flashable, Tool, way_of
from mirror.publication.pages import more_texts, texts
from mirror.publication.pages.assets import FLASH_SCRIPT
from mirror.publication.pages.flasher import Flasher
from mirror.publication.pages.layout import Section, layout, size_words, terms
from mirror.publication.site.html import Markup, coded, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.documents import BoardDocument, FileEntry


@dataclass(frozen=True, slots=True)
class Here:
    """Where the page is: of which *upstream*, and what it is flashed with, if that is built in.

    *secure* is the address of this page over TLS, None where there is none that is known.
    """

    upstream: str
    flasher: Flasher | None = None
    secure: str | None = None


def can_be_flashed_here(board: str, file: FileEntry) -> bool:
    """Whether a browser can flash *file* onto *board*."""
    flash = file.flash
    found = Flashable(board, file.kind, file.verdict.structure, flash.chip, flash.offset)
    try:
        way = way_of(found)
    except UnflashableError:
        return False
    return way.tool is Tool.ESPTOOL and flash.chip in ESP_CHIPS and flash.offset is not None


def render_flash(board: BoardDocument, name: str, here: Here) -> bytes:
    """Return the page for the file *name* of *board*; raise `NotFoundError` for any other file."""
    found = (
        (release.version, file)
        for release in (*board.releases, *board.local)
        for file in release.files
        if file.name == name and can_be_flashed_here(board.board, file)
    )
    version, file = next(found, (None, None))
    if version is None or file is None:
        raise NotFoundError(f"no browser can flash {name[:200]!r}: see the page of its board")
    product = board.product or board.board
    title = more_texts.FLASH_TITLE.format(product=product)
    return layout(
        Section.BOARDS,
        title,
        tag("h1", title),
        tag("p", tag("a", more_texts.FLASH_BACK, href=f"/boards/{board.board}"), class_="lead"),
        _facts(version, file),
        *_tool(board, version, file, here),
        upstream=here.upstream,
    )


def _facts(version: str, file: FileEntry) -> Markup:
    return terms(
        (texts.VERSION, tag("a", version, href=f"/releases/{version}")),
        (more_texts.FLASH_FILE, tag("code", file.name)),
        (texts.SIZE, size_words(file.size)),
        (texts.SHA256, tag("code", file.hashes.sha256)),
        (more_texts.FLASH_CHIP, file.flash.chip or ""),
        (more_texts.FLASH_PLACE, f"{file.flash.offset or 0:#x}"),
    )


def _tool(board: BoardDocument, version: str, file: FileEntry, here: Here) -> Iterator[Markup]:
    if here.flasher is None:
        yield tag("p", coded(more_texts.FLASH_NOT_BUILT_IN), class_="note")
        return
    yield tag("noscript", tag("p", more_texts.FLASH_NO_SCRIPT, class_="note"))
    yield tag("div", *_insecure(here), id="insecure", class_="note", hidden="")
    yield tag("p", more_texts.FLASH_NO_SERIAL, id="no-serial", class_="note", hidden="")
    yield _steps(board, version, file, here.flasher)
    by = more_texts.FLASH_BY.format(version=here.flasher.version)
    yield tag("p", by, " ", tag("a", texts.LICENSES, href=Section.LICENSES), class_="dim")
    yield tag("script", src=FLASH_SCRIPT.path, defer="")


def _insecure(here: Here) -> Iterator[Markup]:
    yield tag("p", more_texts.FLASH_INSECURE)
    if here.secure:
        yield tag("p", more_texts.FLASH_SECURE, " ", tag("code", here.secure))
    yield tag("p", tag("a", more_texts.FLASH_SET_UP, href=f"{Section.SET_UP}/esp-web-tools"))


def _steps(board: BoardDocument, version: str, file: FileEntry, flasher: Flasher) -> Markup:
    fetch = tag("button", more_texts.FLASH_START, type="button", id="fetch", class_="button")
    told = tag(
        "p",
        id="told",
        role="status",
        data_fetching=more_texts.FLASH_FETCHING,
        data_checked=more_texts.FLASH_CHECKED,
        data_differs=more_texts.FLASH_DIFFERS,
        data_failed=more_texts.FLASH_FAILED,
        data_connect=more_texts.FLASH_CONNECT,
    )
    return tag(
        "ol",
        tag("li", more_texts.FLASH_PLUG),
        tag("li", more_texts.FLASH_FETCH_CHECK, tag("p", fetch), told),
        tag("li", more_texts.FLASH_INSTALL, tag("p", id="install")),
        id="flash",
        class_="panel steps",
        hidden="",
        data_file=file.path,
        data_name=f"MicroPython {board.product or board.board}",
        data_version=version,
        data_sha256=file.hashes.sha256,
        data_chip=file.flash.chip or "",
        data_offset=str(file.flash.offset or 0),
        data_entry=flasher.entry,
        by="\n",
    )
