"""Adopt a folder of upstream's files that somebody kept: each is judged as if it were fetched.

The folder is walked in order, links are not followed, and nothing in it is changed.  What is
held already is passed over, so that adopting goes on where it was broken off.  A file whose
name is none of upstream's is named and left: nothing is guessed.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.names import ArtifactName
from mirror.catalog.origins import adopted_as
from mirror.claims import claim_of_listing
from mirror.errors import (
    ConfigurationError,
    RefusedError,
    UnreadableFileError,
    UnrecognisedNameError,
)
from mirror.frozen import dataclass
from mirror.storage.threads import to_end
from mirror.sync.bringing import remember
from mirror.sync.handing_in import A_LINK, Offered, take_in

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mirror.sync.bringing import Remembered
    from mirror.sync.handing_in import Hands

MOST_FILES: Final = 1_000_000
"""More files than upstream ever had; a folder that holds more is another one than was meant."""


class Fate(StrEnum):
    """What became of one file of the folder."""

    ADOPTED = "adopted"
    HELD = "held"
    REFUSED = "refused"
    UNRECOGNISED = "unrecognised"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Adopted:
    """One file: its path below the folder, what became of it, and why."""

    file: str
    fate: Fate
    text: str = ""


@dataclass(frozen=True, slots=True)
class Adoption:
    """The end: how many files of each fate, and the newest publication if there is a new one."""

    adopted: int
    held: int
    refused: int
    unrecognised: int
    unreadable: int
    sequence: int | None

    @property
    def exit_status(self) -> int:
        """What the command ends with: 0, or 4 when something was refused or not read."""
        return RefusedError.exit_status if self.refused or self.unreadable else 0


async def adopt(hands: Hands, folder: Path) -> AsyncGenerator[Adopted | Adoption, None]:
    """Adopt everything below *folder*, yield each file and last the `Adoption`; publish it.

    One publication is made, at the end; what was taken in before an error is adopted anew
    without being copied.  Raises `ConfigurationError` for what is no folder that can be read,
    and `StorageError` when this node can keep no more.
    """
    paths, left_out = await to_end(_files_below, folder)
    known = await remember(hands)
    counts = dict.fromkeys(Fate, 0)
    boards: dict[str, str] = {}
    for one in left_out:
        counts[one.fate] += 1
        yield one
    for path in paths:
        one = await _adopt_one(hands, known, folder, path)
        counts[one.fate] += 1
        if one.fate in {Fate.ADOPTED, Fate.HELD}:
            boards[path.name] = _board_of(known, ArtifactName.parse(path.name))
        yield one
    sequence = await known.publish(set(boards.values()), boards) if boards else None
    yield Adoption(**{fate.value: counts[fate] for fate in Fate}, sequence=sequence)


async def _adopt_one(hands: Hands, known: Remembered, folder: Path, path: Path) -> Adopted:
    file = _written(path, folder)
    try:
        name = ArtifactName.parse(path.name)
    except UnrecognisedNameError as error:
        return Adopted(file, Fate.UNRECOGNISED, str(error))
    try:
        new = await take_in(hands, _offered(known, path, name))
    except UnreadableFileError as error:
        return Adopted(file, Fate.UNREADABLE, str(error))
    except RefusedError as error:
        return Adopted(file, Fate.REFUSED, str(error))
    return Adopted(file, Fate.ADOPTED if new else Fate.HELD)


def _offered(known: Remembered, path: Path, name: ArtifactName) -> Offered:
    listing = known.listing(str(name))
    board = _board_of(known, name)
    return Offered(
        path=path,
        name=str(name),
        origin=adopted_as(listing.url if listing else None),
        board=board,
        claim=claim_of_listing(name, known.facts(board)),
    )


def _board_of(known: Remembered, name: ArtifactName) -> str:
    listing = known.listing(str(name))
    return name.board if listing is None else listing.board


def _files_below(folder: Path) -> tuple[list[Path], list[Adopted]]:
    """Return all files in order, and what was not looked into."""
    left_out: list[Adopted] = []
    found: list[Path] = []

    def note(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise ConfigurationError(f"{folder} can not be read: {error.strerror}") from error
        text = error.strerror or str(error)
        left_out.append(Adopted(_written(Path(error.filename), folder), Fate.UNREADABLE, text))

    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder, or this user may not look into it")
    for place, folders, files in os.walk(folder, onerror=note):
        folders.sort()
        links = [Path(place, one) for one in folders if Path(place, one).is_symlink()]
        left_out += [Adopted(_written(one, folder), Fate.UNREADABLE, A_LINK) for one in links]
        found += [Path(place, file) for file in sorted(files)]
        if len(found) > MOST_FILES:
            raise ConfigurationError(f"{folder} has more than {MOST_FILES} files")
    return found, left_out


def _written(path: Path, folder: Path) -> str:
    """Return the path below *folder*, as text that any document can hold."""
    return os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")
