"""What is hidden is never the latest: the one place that leaves it out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.documents import BoardDocument, ReleaseEntry


def without_hidden(board: BoardDocument) -> BoardDocument:
    """Return *board* without its hidden files, and without releases that have no other."""
    releases = (*board.releases, *board.local)
    if not any(file.hidden for release in releases for file in release.files):
        return board
    return replace(board, releases=_shown(board.releases), local=_shown(board.local))


def _shown(releases: Iterable[ReleaseEntry]) -> tuple[ReleaseEntry, ...]:
    shown = (
        replace(release, files=tuple(file for file in release.files if not file.hidden))
        for release in releases
    )
    return tuple(release for release in shown if release.files)
