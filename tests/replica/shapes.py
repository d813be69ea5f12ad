"""The shapes that upstream's pages had, and how each is drawn (``upstream.md`` section 4).

The present shape is drawn by `tests.replica.pages`.  Of the two oldest only fragments are
known: what they linked, and how; the rest of those pages is a guess.
"""

from __future__ import annotations

import html
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mirror.catalog.legacy import PRESENT_OF_STEM
from tests.replica.pages import FIRMWARE
from tests.replica.skeleton import whole_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.replica.builds import Build
    from tests.replica.facts import BoardFact
    from tests.replica.pages import BoardMatter, ListedBuild


class Shape(StrEnum):
    """What the site looked like, named by the first month, or the last of the two oldest.

    ``APRIL_2020``: one long page.  ``OCTOBER_2021``: pages per lower-case id with plain
    lists.  ``NOVEMBER_2021``: as today, with nightly builds.  ``DECEMBER_2025``: the note
    on previews behind the list, ``.elf`` and ``.map`` on every release.
    """

    APRIL_2020 = "2020-04"
    OCTOBER_2021 = "2021-10"
    NOVEMBER_2021 = "2021-11"
    DECEMBER_2025 = "2025-12"
    AUGUST_2026 = "2026-08"

    @property
    def has_meta_zip(self) -> bool:
        """Whether older releases have one ``.meta.zip`` for ELF and map."""
        return self is Shape.AUGUST_2026

    @property
    def has_legacy_ids(self) -> bool:
        """Whether boards and files had the ids of their time, such as ``rp2-pico``."""
        return self in {Shape.APRIL_2020, Shape.OCTOBER_2021}


def legacy_id(board: str) -> str:
    """Return the id of *board* in October 2021; most were the same."""
    return _legacy_stem(board, None) or board


def legacy_build(build: Build) -> Build:
    """Return *build* with its files named as in October 2021."""
    stem = _legacy_stem(build.board, build.variant)
    present = build.board if build.variant is None else f"{build.board}-{build.variant}"
    if stem is None or not build.root.startswith(f"{present}-20"):
        return build
    return replace(build, root=stem + build.root.removeprefix(present))


def _legacy_stem(board: str, variant: str | None) -> str | None:
    found = (stem for stem, present in PRESENT_OF_STEM.items() if present == (board, variant))
    return next(found, None)


def long_page(boards: Sequence[BoardMatter]) -> str:
    """Return the page of April 2020: every board with an anchor, absolute links, file names."""
    return whole_page("<h1> MicroPython downloads </h1>\n\n" + "".join(map(_anchored, boards)))


def list_index(boards: Sequence[BoardFact]) -> str:
    """Return the index of October 2021: links to the pages by lower-case id."""
    items = [(legacy_id(fact.board), html.escape(fact.product)) for fact in boards]
    links = "".join(f'<li><a href="/download/{old}/">{text}</a></li>\n' for old, text in items)
    return whole_page(f"<h1> MicroPython downloads </h1>\n\n<ul>\n{links}</ul>\n")


def list_page(matter: BoardMatter) -> str:
    """Return a board's page of October 2021: a list of links, each with the file's name."""
    items = "".join(f"<li>{_plain_link(FIRMWARE, name)}</li>\n" for name in _names(matter))
    return whole_page(f"<h2> {html.escape(matter.fact.product)} </h2>\n\n<ul>\n{items}</ul>\n")


def _anchored(matter: BoardMatter) -> str:
    base = f"http://micropython.org{FIRMWARE}"
    names = _names(matter)
    lines = [
        f"<li>{_plain_link(base, name)}{' (latest)' if place == 0 else ''}</li>\n"
        for place, name in enumerate(names)
    ]
    anchor = legacy_id(matter.fact.board)
    heading = f'<h3 id="{anchor}">Firmware for {html.escape(matter.fact.product)}</h3>\n'
    return f"{heading}<ul>\n{''.join(lines)}</ul>\n"


def _plain_link(base: str, name: str) -> str:
    return f'<a href="{base}/{name}">{name}</a>'


def _names(matter: BoardMatter) -> list[str]:
    listed: list[ListedBuild] = []
    for section in matter.sections:
        listed += [*section.releases, *section.previews]
    return [line.build.name(line.kinds[0]) for line in listed]
