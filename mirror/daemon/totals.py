"""What counts up since the daemon began; none of it outlives the daemon."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mirror.web.traffic import Tally

if TYPE_CHECKING:
    from mirror.sync.outcome import Outcome


@dataclass(slots=True)
class Totals:
    """What counts up since the daemon began: sync runs, and what was answered."""

    answers: Tally = field(default_factory=Tally)
    runs: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    received_bytes: int = 0
    fetched: int = 0

    def note_run(self, outcome: Outcome, seconds: float) -> None:
        """Count a run that ended with *outcome* after so many *seconds*."""
        self.runs[str(outcome.exit_status)] += 1
        self.seconds += seconds
        self.received_bytes += outcome.received_bytes
        self.fetched += outcome.fetched
