"""The shapes that upstream's pages had (``upstream.md`` section 4), and the ids of that time.

The present shape is drawn by `tests.replica.pages`, the oldest by `tests.replica.old_pages`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirror.catalog.legacy import PRESENT_OF_STEM

if TYPE_CHECKING:
    from tests.replica.builds import Build

# The first of several stems: the ids of October 2021 come first.
_STEM_OF_PRESENT: Final = {present: stem for stem, present in reversed(PRESENT_OF_STEM.items())}


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
    return _STEM_OF_PRESENT.get((board, variant))
