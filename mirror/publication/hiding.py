"""What is hidden is never the latest: the one place that leaves it out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument


def without_hidden(board: BoardDocument) -> BoardDocument:
    """Return *board* without its hidden files, and without releases that have no other."""
    if not any(file.hidden for release in board.releases for file in release.files):
        return board
    shown = (
        replace(release, files=tuple(file for file in release.files if not file.hidden))
        for release in board.releases
    )
    return replace(board, releases=tuple(release for release in shown if release.files))
