"""The commands that bring one file onto its board, to be read and copied.

They come from the closed table of `mirror.publication.flashing`, with this file's name and
this mirror's address filled in.  Where the table has none, the sentence says why.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mirror.errors import UnflashableError
from mirror.publication.flashing import Flashable, Tool, way_of
from mirror.publication.pages import texts
from mirror.publication.pages.flash import can_be_flashed_here
from mirror.publication.pages.flasher import flash_path
from mirror.publication.pages.layout import copy_button
from mirror.publication.pages.uf2 import uf2_steps
from mirror.publication.site.html import Markup, joined, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.documents import FileEntry
    from mirror.publication.flashing import Way


def commands(board: str, file: FileEntry, public_url: str | None) -> Markup:
    """Return how *file* gets onto *board*: fetch, check, flash."""
    flash = file.flash
    known = Flashable(board, file.kind, file.verdict.structure, flash.chip, flash.offset)
    try:
        way = way_of(known)
    except UnflashableError as error:
        return tag("p", texts.UNFLASHABLE.format(why=error), class_="dim")
    steps = (_step(does, line) for does, line in _lines(file, way, public_url))
    missing = [] if public_url else [tag("p", texts.NO_ADDRESS, class_="dim")]
    typed = joined(*missing, tag("ol", *steps, class_="steps"))
    return joined(tag("h4", texts.FLASH), *_without_typing(board, file, way, typed))


def _without_typing(board: str, file: FileEntry, way: Way, typed: Markup) -> Iterator[Markup]:
    """Yield the way that needs no terminal first, then what can be *typed*."""
    if way.volume is not None:
        yield uf2_steps(file, way.volume)
        yield tag("details", tag("summary", texts.IN_A_TERMINAL), typed)
        return
    if can_be_flashed_here(board, file):
        link = tag("a", texts.FLASH_HERE, class_="button quiet", href=flash_path(file.name))
        yield tag("p", link, " ", tag("span", texts.FLASH_HERE_WHY, class_="dim"))
    yield typed


def _lines(file: FileEntry, way: Way, public_url: str | None) -> Iterator[tuple[str, str]]:
    if public_url:
        fetch = ("curl", "--fail", "--remote-name", f"{public_url}{file.path}")
        yield texts.FLASH_FETCH, shlex.join(fetch)
    sums = shlex.quote(f"{file.hashes.sha256}  {file.name}")
    yield texts.FLASH_CHECK, f"echo {sums} | sha256sum --check"
    for step in way.steps(file.name, erase=way.erases):
        yield _said(step.does, step.words, way), step.quoted()


def _said(does: str, words: tuple[str, ...], way: Way) -> str:
    if "erase_flash" in words:
        return texts.FLASH_ERASE
    if way.tool is not Tool.COPY:
        return does
    label = way.volume.label if way.volume else None
    usual = texts.FLASH_LABEL.format(label=label) if label else ""
    return f"{does}; {texts.FLASH_VOLUME}{usual}"


def _step(does: str, line: str) -> Markup:
    shown = tag("div", tag("pre", tag("code", line)), copy_button(line, does), class_="line")
    return tag("li", does, shown)
