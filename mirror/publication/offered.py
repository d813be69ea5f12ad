"""What the board document of a mirror offers to somebody who wants to flash that board.

The document is foreign input, even when it is signed: it is read within the bounds of
`mirror.publication.foreign`, and refused whole when no mirror would write it.  Own builds of
the mirror's operator are read too, for people flash them; what is on demand is told by name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.local_names import is_local, parse_held
from mirror.catalog.model import BoardFacts
from mirror.catalog.texts import one_line
from mirror.catalog.values import Digest
from mirror.errors import DocumentRefusedError, MirrorError
from mirror.frozen import dataclass
from mirror.publication.documents import decode_board
from mirror.publication.foreign import MOST_FILES, decoded, facts_of
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.documents import BoardDocument, FileEntry, ReleaseEntry

_MOST_BYTES: Final = 1 << 30
_MOST_MACHINES: Final = 8
_LONGEST_CHIP: Final = 40
_FLASH: Final = 1 << 32
_CHIP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that the mirror holds: its bytes are those of *digest* and no others.

    ``chip`` and ``offset`` (bytes) are what the mirror found in the image; ``machines`` what
    the image calls its board.  What is ``hidden`` is never the latest.  An ``own`` build is
    one of the mirror's operator.
    """

    name: str
    kind: Kind
    variant: str | None
    version: str
    maturity: Maturity
    date: str
    digest: Digest
    size: Annotated[int, Field(ge=0, lt=_MOST_BYTES)]
    chip: str | None
    offset: int | None
    machines: tuple[str, ...] = ()
    hidden: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class OfferedBoard:
    """A board of a mirror: upstream's facts, what is held in the order of the document.

    ``on_demand`` are the names of files that the mirror would fetch first.
    """

    facts: BoardFacts
    files: tuple[OfferedFile, ...]
    on_demand: tuple[str, ...] = ()


OFFERED_BOARD: Final = Shape(OfferedBoard)


def read_offered_board(data: bytes, url: str, board: str) -> OfferedBoard:
    """Read the document of *board* found at *url*; raise `DocumentRefusedError`."""
    document = decoded(decode_board, data, url)
    if document.board != board:
        raise DocumentRefusedError(f"{url}: is about {document.board[:80]!r}, not {board}")
    files = tuple(_files(document, url))
    return OfferedBoard(
        facts=facts_of(document, url),
        files=files,
        on_demand=tuple(one_line(offer.name, 200) for offer in document.on_demand[:MOST_FILES]),
    )


def _files(document: BoardDocument, url: str) -> Iterator[OfferedFile]:
    seen: set[str] = set()
    for releases, own in ((document.releases, False), (document.local, True)):
        for release in releases:
            for entry in release.files:
                if entry.name in seen or len(seen) >= MOST_FILES:
                    named = one_line(entry.name, 80)
                    raise DocumentRefusedError(f"{url}: lists {named!r} twice, or too much")
                seen.add(entry.name)
                yield _file(entry, release, url, own=own)


def _file(entry: FileEntry, release: ReleaseEntry, url: str, *, own: bool) -> OfferedFile:
    try:
        name = parse_held(entry.name)
        digest = entry.digest
    except MirrorError as error:
        raise DocumentRefusedError(f"{url}: {one_line(str(error), 200)}") from error
    odd = (
        is_local(entry.name) is not own
        or name.kind is not entry.kind
        or str(name.version) != release.version
        or not 0 <= entry.size < _MOST_BYTES
        or not 0 <= (entry.flash.offset or 0) < _FLASH
        or not _is_chip(entry.flash.chip)
    )
    if odd:
        raise DocumentRefusedError(f"{url}: {entry.name} is not what its entry says")
    return OfferedFile(
        name=entry.name,
        kind=entry.kind,
        variant=entry.variant if entry.variant is None else one_line(entry.variant, 80),
        version=release.version,
        maturity=release.maturity,
        date=one_line(entry.date, 20),
        digest=digest,
        size=entry.size,
        chip=entry.flash.chip,
        offset=entry.flash.offset,
        machines=tuple(one_line(text, 200) for text in _machines(entry)),
        hidden=entry.hidden,
        own=own,
    )


def _machines(entry: FileEntry) -> tuple[str, ...]:
    return entry.verdict.identity.machines[:_MOST_MACHINES]


def _is_chip(chip: str | None) -> bool:
    return chip is None or (len(chip) <= _LONGEST_CHIP and _CHIP.fullmatch(chip) is not None)
