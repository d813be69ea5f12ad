"""What the ledger knows of some bytes: when and where they were seen, and what became of them.

The whole chain is read for it, from the first line to the last, so that what is said also
says that no line before it, and none behind it, was changed.  Nothing is written.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.storage.entries import (
    START,
    Change,
    Decision,
    Look,
    Position,
    Recorded,
    Refusal,
    Removal,
    Return,
    Sighting,
    Withdrawal,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.storage.ledger_reader import LedgerReader

MOST_RECORDS: Final = 1000
"""So many lines about one digest are kept, the first ones and the last."""


class Standing(StrEnum):
    """What the mirror holds of these bytes, by what was written down last."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    CHANGED = "changed"
    RECALLED = "recalled"
    AWAITING = "awaiting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """Everything about *digest* in a ledger that ends with the line ``head``, oldest first.

    ``known`` counts the lines about it; ``records`` leaves out those in the middle of a
    thousand.
    """

    digest: Digest
    records: tuple[Recorded, ...]
    known: int
    head: Position

    @property
    def standing(self) -> Standing:
        """Whether the mirror accepts these bytes.

        *Changed*: they came later than others under the same name, and the first ones stay.
        """
        standing = Standing.UNKNOWN
        for recorded in self.records:
            standing = _after(standing, recorded, self.digest)
        return standing

    @property
    def first_sight(self) -> Recorded | None:
        """The line in which they were received first; None when they were only refused."""
        return next((one for one in self.records if isinstance(one.entry, Sighting)), None)


async def look_up(ledger: LedgerReader, digests: Sequence[Digest]) -> list[Known]:
    """Return what *ledger* says of each of *digests*, in their order.

    Raises `DamagedError` where a line of the ledger is not as it was written.
    """
    gathering = [_Gathering(digest) for digest in digests]
    head = START
    async for recorded in ledger.entries():
        head = recorded.position
        for one in gathering:
            one.hear(recorded)
    return [one.known(head) for one in gathering]


class _Gathering:
    """Gathers the lines about one digest."""

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._names: set[str] = set()
        self._records: list[Recorded] = []
        self._known = 0

    def hear(self, recorded: Recorded) -> None:
        if not self._concerns(recorded):
            return
        self._known += 1
        if len(self._records) == MOST_RECORDS:
            del self._records[MOST_RECORDS // 2]
        self._records.append(recorded)

    def known(self, head: Position) -> Known:
        return Known(self._digest, tuple(self._records), self._known, head)

    def _concerns(self, recorded: Recorded) -> bool:
        match recorded.entry:
            case Sighting() as sighting if sighting.digest == self._digest:
                self._names.add(sighting.name)
                return True
            case (Look() | Refusal() | Removal()) as seen:
                return seen.digest == self._digest
            case Change() as change:
                return self._digest in (change.first, change.later)
            case Decision() as decision:
                known = {str(self._digest), self._digest.hex, *self._names}
                return decision.subject in known
            case (Withdrawal() | Return()) as listing:
                return listing.name in self._names
        return False


def _after(standing: Standing, recorded: Recorded, digest: Digest) -> Standing:
    match recorded.entry:
        case Decision(what="recall", subject=subject) if subject in (str(digest), digest.hex):
            return Standing.RECALLED
        case Decision(what="recall-undo", subject=subject) if subject in (str(digest), digest.hex):
            return Standing.ACCEPTED
        case (Sighting() | Look()) as seen if standing not in _FOR_GOOD:
            return Standing.AWAITING if seen.awaits else Standing.ACCEPTED
        case Refusal() if standing not in _FOR_GOOD:
            return Standing.REFUSED
        case Change() as change if standing not in _FOR_GOOD:
            return _changed(standing, change, digest)
    return standing


# Once accepted, only a recall takes that away.
_FOR_GOOD: Final = frozenset({Standing.ACCEPTED, Standing.RECALLED})


def _changed(standing: Standing, change: Change, digest: Digest) -> Standing:
    """Return how bytes stand after an alarm: of two looks that differ neither is accepted."""
    waited = standing is Standing.AWAITING and change.first == digest
    return Standing.CHANGED if waited or change.later == digest else standing
