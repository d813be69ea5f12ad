"""The wipe guard: a catalog that lost too much at once is not believed.

Upstream's pages fail in ways that look whole (``upstream.md`` U2: 37 boards without any file
for a day).  So the losses of a new catalog against the last accepted one are counted, and one
that lost more than a set share of its boards or of its files is refused whole: nothing was
changed, the last publication goes on being served, and an operator looks.

What counts:

- A *board* is lost when it had files and has none now, or is not there.  A board whose page
  could not be read keeps what its last good page said, and so is not lost.
- *Files* are those that are flashed; ``.elf``, ``.map`` and ``.meta.zip`` come and go (U11).
  Losses are summed board by board, so that what one board gains hides nothing of another.
- Shares are of the last accepted catalog.  A loss within the floor is always let through, so
  that a catalog of three boards may lose one; losing everything never is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import CatalogShrunkError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirror.catalog.model import Catalog

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How much may be lost at once: a share (0 to 1), or the floor where that is more."""

    boards: float = 0.10
    files: float = 0.20
    boards_floor: int = 1
    files_floor: int = 8

    def allowed_boards(self, before: int) -> int:
        """Return how many of *before* boards may be lost at once."""
        return max(self.boards_floor, int(self.boards * before))

    def allowed_files(self, before: int) -> int:
        """Return how many of *before* files may be lost at once."""
        return max(self.files_floor, int(self.files * before))


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """What a catalog lost against an earlier one."""

    boards_before: int
    lost_boards: tuple[str, ...]
    files_before: int
    lost_files: int


def file_counts(catalog: Catalog) -> dict[str, int]:
    """Return how many files of the kinds that are flashed each board lists, by its id."""
    return {
        board.facts.board: sum(listing.name.kind.flashable for listing in board.listings)
        for board in catalog.boards
    }


def shrinkage(previous: Mapping[str, int], catalog: Catalog, guard: Guard) -> Shrinkage:
    """Return what *catalog* lost, or raise `CatalogShrunkError` if *guard* does not allow it.

    *previous* is `file_counts` of the last accepted catalog, of the boards that this crawl
    asked for too.  Without a previous catalog nothing can be lost.
    """
    lost = _losses(previous, catalog)
    allowed = guard.allowed_boards(lost.boards_before)
    if len(lost.lost_boards) > allowed or lost.boards_before == len(lost.lost_boards) > 0:
        raise CatalogShrunkError(
            f"the catalog lost {len(lost.lost_boards)} of {lost.boards_before} boards at once,"
            f" at most {allowed} may go ({_some(lost.lost_boards)}): nothing was changed"
        )
    allowed = guard.allowed_files(lost.files_before)
    if lost.lost_files > allowed:
        raise CatalogShrunkError(
            f"the catalog lost {lost.lost_files} of {lost.files_before} files at once,"
            f" at most {allowed} may go: nothing was changed"
        )
    return lost


def _losses(previous: Mapping[str, int], catalog: Catalog) -> Shrinkage:
    before = {board: files for board, files in previous.items() if files > 0}
    now = file_counts(catalog)
    return Shrinkage(
        boards_before=len(before),
        lost_boards=tuple(sorted(board for board in before if not now.get(board))),
        files_before=sum(before.values()),
        lost_files=sum(max(0, files - now.get(board, 0)) for board, files in before.items()),
    )


def _some(boards: tuple[str, ...]) -> str:
    named = ", ".join(boards[:_NAMED])
    return named if len(boards) <= _NAMED else f"{named}, …"
