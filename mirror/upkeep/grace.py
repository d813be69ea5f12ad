"""Which superseded publications are in grace, counted in time of service only (P6).

A publication is in grace from the first look that found it superseded.  What is remembered
grows with the publications of one time of grace and no further.  Losing it begins every
grace anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered from one look to the next.

    ``seconds`` is the time of service so far, ``superseded`` are the sequences in grace and
    the time of service at which each was found superseded, in order; up to ``settled`` all
    graces are over.  ``heads`` are where the other channels pointed, and ``left`` are roots that
    they pointed to before and that are in grace.
    """

    seconds: float = 0.0
    settled: int = 0
    superseded: tuple[tuple[int, float], ...] = ()
    heads: tuple[tuple[str, Digest], ...] = ()
    left: tuple[tuple[Digest, float], ...] = ()

    @property
    def in_grace(self) -> frozenset[int]:
        """The sequences in grace."""
        return frozenset(sequence for sequence, _ in self.superseded)

    @property
    def left_in_grace(self) -> tuple[Digest, ...]:
        """The roots in grace that a channel has left."""
        return tuple(root for root, _ in self.left)

    def head_of(self, channel: str) -> Digest | None:
        """Return where *channel* pointed at the last look."""
        return dict(self.heads).get(channel)

    def followed(self, lines: Mapping[str, Sequence[Digest]], grace: timedelta) -> Memory:
        """Return what to remember after a look at the channels; `looked` comes first.

        *lines* has for each channel the root that it points to, and behind it those before, the
        newest first, as far as they are not from before the last look.
        """
        known = set(self.left_in_grace)
        found = [
            (root, self.seconds)
            for line in lines.values()
            for root in line[1:]
            if root not in known
        ]
        return replace(
            self,
            heads=tuple((channel, line[0]) for channel, line in sorted(lines.items())),
            left=tuple(
                (root, since)
                for root, since in (*self.left, *found)
                if self.seconds - since < grace.total_seconds()
            ),
        )

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
