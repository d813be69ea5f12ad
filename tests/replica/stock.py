"""What upstream has: boards, their builds and their files, for tests to edit.

After each edit, lists and files agree as they do upstream: a listed name is served, a
withdrawn one is served and not listed, a removed one is neither.  Nothing here draws a page
or holds an image: a file is a recipe for one, or a path.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind
from tests.replica import history
from tests.replica.builds import (
    Build,
    ListedBuild,
    ListedSection,
    in_page_order,
    listed_kinds,
    new_build,
    rotated,
)
from tests.replica.folder import FolderFile, files_of
from tests.replica.images import Recipe
from tests.replica.shapes import Shape, legacy_build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.replica.facts import BoardFact
    from tests.replica.history import Depth


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that the site has: made from a recipe, or real and in a folder.

    ``modified`` is its modification time in seconds since 1970; upstream's ETag is made of
    it and of the size.
    """

    name: str
    modified: int
    source: Recipe | Path


@dataclass(frozen=True, slots=True)
class _Upload:
    """How often a file got other bytes, and how often it was uploaded again."""

    revision: int = 0
    uploads: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    build: Build
    kind: Kind


class Stock:
    """The boards, builds and files of upstream.

    *seed* tells the bytes of one stock from those of another; *size* is the least number of
    bytes of each program, 0 as small as the formats allow.
    """

    def __init__(self, facts: Sequence[BoardFact] = (), *, seed: int = 0, size: int = 0) -> None:
        self._shape = Shape.AUGUST_2026
        self._seed = seed
        self._size = size
        self._facts = {fact.board: fact for fact in facts}
        self._builds: dict[str, list[Build]] = {fact.board: [] for fact in facts}
        self._real: dict[str, Path] = {}
        self._uploads: dict[str, _Upload] = {}
        self._withdrawn: dict[str, _Entry] = {}
        self._removed: set[str] = set()
        self._index: dict[str, _Entry] | None = None
        self._sections: dict[str, tuple[ListedSection, ...]] = {}

    # --- what is there -------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        """How pages look, and in the oldest shapes what files are called."""
        return self._shape

    @shape.setter
    def shape(self, shape: Shape) -> None:
        self._shape = shape
        self._edited()

    @property
    def boards(self) -> tuple[str, ...]:
        """The ids of all boards, as they are now."""
        return tuple(self._facts)

    def fact(self, board: str) -> BoardFact:
        """Return what is known of *board*; raise `KeyError` when it is not there."""
        return self._facts[board]

    def names(self, board: str | None = None) -> tuple[str, ...]:
        """Return the names that the pages list, of one *board* or of all, in page order."""
        boards = self.boards if board is None else (board,)
        return tuple(name for listed in boards for name, _ in self._listed(listed))

    def find_file(self, name: str) -> StoredFile | None:
        """Return the file of that *name*, or None when the site answers 404."""
        entry = self._entry(name)
        return None if entry is None or name in self._removed else self._stored(name, entry)

    def find_latest(self, stem: str, kind: str) -> StoredFile | None:
        """Return the newest release of ``BOARD[-VARIANT]`` *stem* of *kind*, or None."""
        board, _, variant = stem.partition("-")
        if board not in self._facts:
            return None
        wanted = [
            part for part in self.sections(board) if part.section.variant == (variant or None)
        ]
        lines = [line for part in wanted for line in part.releases[:1]]
        names = [line.build.name(found) for line in lines for found in line.kinds if found == kind]
        return self.find_file(names[0]) if names else None

    def sections(self, board: str) -> tuple[ListedSection, ...]:
        """Return what *board*'s page lists, in page order; the default build's section always."""
        known = self._sections.get(board)
        if known is None:
            known = self._sections[board] = tuple(self._listed_sections(board))
        return known

    def _listed_sections(self, board: str) -> Iterator[ListedSection]:
        fact = self._facts[board]
        found: dict[str | None, list[Build]] = {part.variant: [] for part in fact.sections}
        for build in in_page_order(self._builds[board]):
            found.setdefault(build.variant, []).append(build)
        for variant, builds in found.items():
            if builds or variant is None:
                yield self._section(fact, variant, builds)

    # --- edits ---------------------------------------------------------------------------

    def fill(self, depth: Depth) -> None:
        """Publish *depth* of the past of every board."""
        for fact in self._facts.values():
            self._builds[fact.board] += history.past_of(fact, depth)
        self._edited()

    def release(
        self,
        board: str,
        version: str,
        *,
        date: str | None = None,
        variant: str | None = None,
        kinds: tuple[Kind, ...] | None = None,
    ) -> tuple[str, ...]:
        """Publish *version* of *board*, a release or a preview; return the names of its files.

        *date* is ``YYYY-MM-DD``, by default the real one of that version (`KeyError` for a
        version that never was).  A second build of a version that is there stands below the
        first, as on 2025-12-14.
        """
        fact = self._facts[board]
        day = date or history.date_of(version, fact.port)
        build = new_build(fact, variant, version, day, kinds)
        if build not in self._builds[board]:
            self._builds[board].append(build)
        self._edited()
        return tuple(build.name(kind) for kind in build.kinds)

    preview = release

    def release_everywhere(self, version: str, *, date: str | None = None) -> None:
        """Publish *version* for every board and every variant that is still built."""
        for fact in self._facts.values():
            for section in fact.sections:
                if section.until is None and section.since != "never":
                    self.release(fact.board, version, date=date, variant=section.variant)

    def rotate(self) -> None:
        """Do what upstream does after every build: keep four previews of each section."""
        for board, builds in self._builds.items():
            sections = defaultdict(list)
            for build in builds:
                sections[build.variant].append(build)
            self._builds[board] = [build for part in sections.values() for build in rotated(part)]
        self._edited()

    def withdraw(self, name: str) -> None:
        """Take the file off its page; it stays on the server.  `KeyError` when it is not there."""
        entry = self._entry(name)
        if entry is None:
            raise KeyError(name)
        self._withdrawn[name] = entry
        # The index stays: who takes back thousands shall not have it made anew for each.
        self._shown_otherwise()

    def remove(self, name: str) -> None:
        """Take the file off its page and off the server: it answers 404."""
        self.withdraw(name)
        self._removed.add(name)

    def list_again(self, name: str) -> None:
        """Undo `withdraw` or `remove`."""
        self._withdrawn.pop(name, None)
        self._removed.discard(name)
        self._edited()

    def rename_board(self, old: str, new: str) -> None:
        """Give *old* the id *new*: its files are renamed too, and keep their bytes.

        The old file names answer 404.
        """
        moved = {old: replace(self._facts[old], board=new)}
        facts = [moved.get(board, fact) for board, fact in self._facts.items()]
        self._facts = {fact.board: fact for fact in facts}
        self._builds[new] = [build.moved_to(new) for build in self._builds.pop(old)]
        self._edited()

    def change_bytes(self, name: str) -> None:
        """Put other bytes, sound ones, under *name*; its ETag changes too."""
        self.change_bytes_quietly(name)
        self.upload_again(name)

    def change_bytes_quietly(self, name: str) -> None:
        """Put other bytes of the same size under *name*, and leave its ETag as it was."""
        before = self._uploads.get(name, _Upload())
        self._uploads[name] = replace(before, revision=before.revision + 1)

    def upload_again(self, name: str) -> None:
        """Upload the same bytes once more: the ETag changes, and nothing else."""
        before = self._uploads.get(name, _Upload())
        self._uploads[name] = replace(before, uploads=before.uploads + 1)

    def serve_folder(self, folder: Path) -> tuple[str, ...]:
        """List and serve the real images of *folder* whose names parse; return those names.

        Each stands on the page of the board it is for, under the name that it has; a board
        that is not there yet is added.
        """
        found = files_of(folder)
        for file in found:
            self._add_real(file)
        return tuple(file.path.name for file in found)

    # --- how -----------------------------------------------------------------------------

    def _edited(self) -> None:
        """Forget what was made of the stock as it was."""
        self._index = None
        self._shown_otherwise()

    def _shown_otherwise(self) -> None:
        """Forget what pages show."""
        self._sections.clear()

    def _add_real(self, file: FolderFile) -> None:
        self._facts.setdefault(file.fact.board, file.fact)
        builds = self._builds.setdefault(file.fact.board, [])
        same = next((build for build in builds if build.root == file.build.root), None)
        if same is None:
            builds.append(file.build)
        else:
            kinds = dict.fromkeys((*same.kinds, *file.build.kinds))
            builds[builds.index(same)] = replace(same, kinds=tuple(kinds))
        self._real[file.path.name] = file.path
        self._edited()

    def _section(self, fact: BoardFact, variant: str | None, builds: list[Build]) -> ListedSection:
        if self._shape.has_legacy_ids:
            builds = [legacy_build(build) for build in builds]
        releases = [build for build in builds if build.finished]
        previews = [build for build in builds if not build.finished]
        lists = (tuple(self._lines(part)) for part in (releases, previews))
        return ListedSection(fact.section(variant), *lists)

    def _lines(self, builds: Sequence[Build]) -> Iterator[ListedBuild]:
        for place, build in enumerate(builds):
            kinds = listed_kinds(build, newest=place == 0 or not self._shape.has_meta_zip)
            shown = [kind for kind in kinds if build.name(kind) not in self._withdrawn]
            if shown:
                yield ListedBuild(build, (shown[0], *sorted(shown[1:])))

    def _listed(self, board: str) -> Iterator[tuple[str, _Entry]]:
        for section in self.sections(board):
            for line in (*section.releases, *section.previews):
                for kind in line.kinds:
                    yield line.build.name(kind), _Entry(line.build, kind)

    def _entry(self, name: str) -> _Entry | None:
        if self._index is None:
            self._index = dict(entry for board in self._facts for entry in self._listed(board))
        return self._withdrawn.get(name) or self._index.get(name)

    def _stored(self, name: str, entry: _Entry) -> StoredFile:
        upload = self._uploads.get(name, _Upload())
        build = entry.build
        modified = _night_after(build.date) + 3600 * upload.uploads
        if name in self._real:
            return StoredFile(name, modified, self._real[name])
        fact = self._facts[build.board]
        recipe = Recipe(
            port=fact.port,
            mcu=fact.mcu,
            board=build.made_for,
            variant=build.variant,
            version=build.version,
            date=build.date,
            kind=entry.kind,
            size=self._size,
            seed=self._seed,
            revision=upload.revision,
        )
        return StoredFile(name, modified, recipe)


def _night_after(date: str) -> int:
    """Return when files of *date* appear on the site, in seconds: in the night to the next day."""
    day = dt.datetime.fromisoformat(f"{date}T03:00:00+00:00") + dt.timedelta(days=1)
    return int(day.timestamp())
