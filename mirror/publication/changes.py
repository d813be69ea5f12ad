"""What is different between two publications, board by board, out of their documents alone."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.documents import (
    PublicationRoot,
    Recall,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.documents import (
        BoardDocument,
        ContentRoot,
        FileEntry,
        ReleaseEntry,
    )


#: What upstream says of a board, as far as a person notices that it says otherwise.
FACTS: Final = (
    *("product", "vendor", "port", "mcu", "features", "website", "flash_offset"),
    *("variants", "instructions", "description", "renamed_to"),
)


class What(StrEnum):
    """What happened to a file."""

    NEW = "new"
    GONE = "gone"
    OTHER_BYTES = "other bytes"
    JUDGED = "judged anew"
    WITHDRAWN = "withdrawn"
    LISTED = "listed again"
    HIDDEN = "hidden"
    SHOWN = "shown again"


@dataclass(frozen=True, slots=True)
class FileChange:
    """What happened to one file: *version* is its release, *path* where it is, if it is held."""

    what: What
    name: str
    version: str
    path: str | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class BoardChange:
    """What happened to one board; *arrived* and *left* are about the board itself.

    *facts* are the names of what upstream says otherwise now.
    """

    board: str
    product: str
    files: tuple[FileChange, ...] = ()
    facts: tuple[str, ...] = ()
    arrived: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """All that is different from *before* to *after*; *allowed* are digests recalled no more."""

    before: PublicationRoot
    after: PublicationRoot
    boards: tuple[BoardChange, ...] = ()
    recalled: tuple[Recall, ...] = ()
    allowed: tuple[Digest, ...] = ()
    packages: bool = False
    photographs: bool = False

    @property
    def nothing(self) -> bool:
        """Whether all is the same."""
        return not (self.boards or self.recalled or self.allowed or self.beside)

    @property
    def beside(self) -> bool:
        """Whether something is different that is no firmware."""
        return self.packages or self.photographs


def changed_boards(before: ContentRoot, after: ContentRoot) -> list[str]:
    """Return the ids of boards whose documents are not the same bytes."""
    ids = sorted(before.boards.keys() | after.boards.keys())
    return [board for board in ids if before.boards.get(board) != after.boards.get(board)]


def compare_board(before: BoardDocument | None, after: BoardDocument | None) -> BoardChange | None:
    """Return what is different of one board; None when a person would see nothing of it."""
    known = after or before
    if known is None:
        return None
    change = BoardChange(
        known.board,
        known.product,
        tuple(_files(before, after)),
        tuple(_facts(before, after)),
        arrived=before is None,
        left=after is None,
    )
    return change if change.files or change.facts or change.arrived or change.left else None


def compare_recalls(
    before: ContentRoot, after: ContentRoot
) -> tuple[tuple[Recall, ...], tuple[Digest, ...]]:
    """Return what was recalled from *before* to *after*, and what is allowed again."""
    earlier, later = set(before.recalled), set(after.recalled)
    new = tuple(recall for recall in after.recalls if recall.digest not in earlier)
    return new, tuple(sorted(earlier - later, key=str))


def _files(before: BoardDocument | None, after: BoardDocument | None) -> Iterator[FileChange]:
    old, new = _named(before), _named(after)
    for name, (release, entry) in new.items():
        if name not in old:
            yield FileChange(What.NEW, name, release.version, entry.path)
            continue
        for what, words in _differences(old[name][1], entry):
            yield FileChange(what, name, release.version, entry.path, words)
    for name, (release, _) in old.items():
        if name not in new:
            yield FileChange(What.GONE, name, release.version)


def _named(board: BoardDocument | None) -> dict[str, tuple[ReleaseEntry, FileEntry]]:
    if board is None:
        return {}
    return {
        entry.name: (release, entry)
        for release in (*board.releases, *board.local)
        for entry in release.files
    }


def _differences(old: FileEntry, new: FileEntry) -> Iterator[tuple[What, str]]:
    if old.hashes.sha256 != new.hashes.sha256:
        yield What.OTHER_BYTES, f"{old.hashes.sha256} → {new.hashes.sha256}"
    if old.verdict.conclusion is not new.verdict.conclusion:
        yield What.JUDGED, new.verdict.words
    if bool(old.withdrawn) is not bool(new.withdrawn):
        yield (What.WITHDRAWN if new.withdrawn else What.LISTED), new.withdrawn or ""
    if old.hidden is not new.hidden:
        yield (What.HIDDEN if new.hidden else What.SHOWN), ""


def _facts(before: BoardDocument | None, after: BoardDocument | None) -> Iterator[str]:
    if before is None or after is None:
        return
    for name in FACTS:
        if getattr(before, name) != getattr(after, name):
            yield name
