"""A board document without the files that nobody may have: for what was rendered before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mirror.catalog.values import Digest
    from mirror.publication.documents import BoardDocument, ReleaseEntry


def without_recalled(board: BoardDocument, recalled: Collection[Digest]) -> BoardDocument:
    """Return *board* without the files of *recalled* bytes; releases without a file go too."""
    return replace(
        board,
        releases=_allowed(board.releases, recalled),
        local=_allowed(board.local, recalled),
    )


def _allowed(
    releases: Iterable[ReleaseEntry], recalled: Collection[Digest]
) -> tuple[ReleaseEntry, ...]:
    allowed = (
        replace(release, files=tuple(file for file in release.files if file.digest not in recalled))
        for release in releases
    )
    return tuple(release for release in allowed if release.files)
