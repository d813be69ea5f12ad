"""Which superseded publications are in grace, counted in time of service only (P6).

A publication is in grace from the first look that found it superseded.  What is remembered
grows with the publications of one time of grace and no further.  Losing it begins every
grace anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered from one look to the next.

    ``seconds`` is the time of service so far, ``superseded`` are the sequences in grace and
    the time of service at which each was found superseded, in order; up to ``settled`` all
    graces are over.
    """

    seconds: float = 0.0
    settled: int = 0
    superseded: tuple[tuple[int, float], ...] = ()

    @property
    def in_grace(self) -> frozenset[int]:
        """The sequences in grace."""
        return frozenset(sequence for sequence, _ in self.superseded)

    def looked(self, sequences: Sequence[int], seconds: float, grace: timedelta) -> Memory:
        """Return what to remember after a look at *sequences*, of which the last is current.

        *seconds* is the time of service now; it never goes back.
        """
        now = max(seconds, self.seconds)
        known = self.in_grace
        found = [
            (sequence, now)
            for sequence in sequences[:-1]
            if sequence > self.settled and sequence not in known
        ]
        waiting = sorted([*self.superseded, *found])
        over = [one for one, since in waiting if now - since >= grace.total_seconds()]
        return replace(
            self,
            seconds=now,
            settled=max([self.settled, *over]),
            superseded=tuple(one for one in waiting if one[0] not in set(over)),
        )
