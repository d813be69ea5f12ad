"""What a feed reader is told: one entry for each version of a board, newest first.

Everything in an entry is data of the board document, never the clock.  An entry keeps its id
while files are added to it, and it is the same on every mirror.  Texts are one line each and
hold nothing that a reader would obey; where they name a page outside this mirror they say so.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from mirror.catalog.origins import LOCAL
from mirror.catalog.texts import one_line
from mirror.frozen import dataclass
from mirror.publication.dialects.offers import words
from mirror.publication.hiding import without_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.catalog.kinds import Maturity
    from mirror.publication.documents import BoardDocument, FileEntry, ReleaseEntry

#: Entries that the feed of one board has, and that a feed of all boards has, at most.
MOST_OF_BOARD: Final = 100
MOST: Final = 300
#: Of each board in a feed of all.
MOST_OF_EACH: Final = 5
#: When nothing was published yet: a feed must say when it was changed.
NEVER: Final = "1970-01-01T00:00:00Z"

_OURS: Final = uuid.UUID("1b7c2f0e-9a56-4c1e-8a3d-6f0d2f4e5a91")
_MOST_LINE: Final = 600


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of an entry."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one board; ``text`` is plain and has a line for each file."""

    id: str
    board: str
    version: str
    maturity: str
    title: str
    text: str
    published: str
    updated: str
    files: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class FeedOf:
    """A feed: its id, what it is about, where it is (paths), and its entries."""

    known_as: str
    title: str
    about: str
    page: str
    path: str
    entries: tuple[Entry, ...]

    @property
    def updated(self) -> str:
        """When the last of its entries changed."""
        return max((entry.updated for entry in self.entries), default=NEVER)


def entries_of(
    board: BoardDocument, most: int, maturity: Maturity | None = None
) -> tuple[Entry, ...]:
    """Return the newest *most* entries of *board*, of one maturity or both.

    Own builds are among them.
    """
    shown = without_hidden(board)
    releases = [
        release
        for release in (*shown.releases, *shown.local)
        if maturity is None or release.maturity is maturity
    ]
    newest = sorted(releases, key=lambda release: release.date, reverse=True)[:most]
    return tuple(_entry(board, release) for release in newest)


def feed_id(board: str) -> str:
    """Return the id of the feed of *board*, or of the one that no board can be called."""
    return uuid.uuid5(_OURS, f"feed {board}").urn


def newest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return *entries* by the day of their version, the order of those of one day kept."""
    return tuple(sorted(entries, key=lambda entry: entry.published, reverse=True))


def _entry(board: BoardDocument, release: ReleaseEntry) -> Entry:
    own = all(file.source == LOCAL for file in release.files)
    known_as = f"{board.board} {release.version} {release.maturity}{' local' if own else ''}"
    title = f"{board.board} {release.version}{' (own build)' if own else ''}"
    return Entry(
        id=uuid.uuid5(_OURS, known_as).urn,
        board=board.board,
        version=release.version,
        maturity=release.maturity.value,
        title=words(title),
        text="\n".join([_heading(board, release), *map(_line, release.files), *_notes(release)]),
        published=_time(release.date),
        updated=_time(max(file.date for file in release.files)),
        files=tuple(Attachment(one.name, one.size, one.hashes.sha256) for one in release.files),
    )


def _heading(board: BoardDocument, release: ReleaseEntry) -> str:
    about = f"{release.version} ({release.maturity}) of {release.date}"
    maker = f" by {board.vendor}" if board.vendor else ""
    return _line_of(f"{board.product}{maker}: {about}")


def _line(file: FileEntry) -> str:
    said = f"{file.name}: {file.size} bytes, sha256 {file.hashes.sha256}; {file.verdict.words}"
    return _line_of(said)


def _notes(release: ReleaseEntry) -> list[str]:
    if release.notes is None:
        return []
    return [_line_of(f"Release notes, outside this mirror: {release.notes}")]


def _line_of(text: str) -> str:
    return one_line(text, _MOST_LINE)


def _time(day: str) -> str:
    return f"{day}T00:00:00Z"
