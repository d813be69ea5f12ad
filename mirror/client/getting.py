"""From what somebody means to a file that is here: chosen or locked, brought, and its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.local_names import LocalName, parse_held
from mirror.catalog.model import BoardFacts, PassageKind
from mirror.claims import claim_of_listing, claim_of_name
from mirror.client.choosing import Wish, choose
from mirror.client.downloads import Brought, Downloads, Wanted, refuse_recalled
from mirror.client.lockfile import LockedFile, locked_file
from mirror.errors import IncompleteError, UnflashableError, UpstreamMissingError
from mirror.formats.verdict import Claim
from mirror.frozen import dataclass
from mirror.publication.flashing import Flashable, Way, way_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirror.client.session import Session
    from mirror.publication.offered import OfferedBoard, OfferedFile

    Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Got:
    """A *file* that is here as *brought* says; *facts* are upstream's of its board, if known."""

    file: LockedFile
    brought: Brought
    facts: BoardFacts | None

    def way(self) -> Way:
        """Return how it is flashed, by what was verified here; raise `UnflashableError`."""
        facts = self.brought.verdict.facts
        if facts is None:
            raise UnflashableError(f"{self.file.name}: nothing was found in the image")
        return way_of(
            Flashable(
                board=self.file.board,
                kind=self.file.kind,
                structure=facts.structure,
                chip=facts.chip,
                offset=facts.offset,
            )
        )

    def instructions(self) -> tuple[str, ...]:
        """Return what upstream says of flashing this board, to be quoted: never its commands."""
        passages = self.facts.instructions if self.facts else ()
        return tuple(one.text for one in passages if one.kind is not PassageKind.CODE)


def parse_build(text: str) -> tuple[str, str | None]:
    """Return board and variant of a build as people type it: ``BOARD`` or ``BOARD-VARIANT``."""
    board, dash, variant = text.partition("-")
    return board, variant if dash else None


async def get_chosen(
    session: Session, board_id: str, wish: Wish, folder: Path, report: Report
) -> Got:
    """Bring the file of a board that *wish* means into *folder*."""
    board, file = await chosen(session, board_id, wish)
    exact = locked_file(board_id, file)
    wanted = Wanted(file.name, file.digest, file.size, _claim(exact, board.facts))
    brought = await Downloads(session.fetcher, session.sandbox, folder).bring(wanted, report)
    return Got(exact, brought, board.facts)


async def chosen(session: Session, board_id: str, wish: Wish) -> tuple[OfferedBoard, OfferedFile]:
    """Return a board and the file of it that *wish* means; raise `RecalledError` too."""
    board = await session.board(board_id)
    file = choose(board, wish)
    refuse_recalled(file.name, file.digest, frozenset(session.publication.content.recalled))
    return board, file


async def get_locked(session: Session, locked: LockedFile, folder: Path, report: Report) -> Got:
    """Bring exactly *locked* into *folder*, or raise why it is not to be had.

    The bytes need not be in the present publication: that the mirror holds them is enough.
    """
    recalled = frozenset(session.publication.content.recalled)
    refuse_recalled(locked.name, locked.digest, recalled)
    known = locked.board in session.publication.content.boards
    facts = (await session.board(locked.board)).facts if known else None
    claim = _claim(locked, facts)
    wanted = Wanted(locked.name, locked.digest, locked.size, claim, locked)
    try:
        brought = await Downloads(session.fetcher, session.sandbox, folder).bring(wanted, report)
    except UpstreamMissingError as error:
        raise IncompleteError(
            f"{locked.name}: the mirror does not hold the bytes of the lock, {locked.digest}"
        ) from error
    return Got(locked, brought, facts)


def _claim(file: LockedFile, facts: BoardFacts | None) -> Claim:
    """Return what *file* claims to be, with what is known of its board."""
    name = parse_held(file.name)
    port, mcu = (facts.port, facts.mcu) if facts else (None, None)
    if isinstance(name, LocalName):
        return Claim(
            kind=file.kind.value,
            port=port,
            mcu=mcu,
            board=file.board,
            variant=file.variant,
            own=True,
        )
    return claim_of_listing(name, facts) if facts else claim_of_name(name)
