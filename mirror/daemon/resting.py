"""When the schedule rests: in quiet hours, and while the budget of the hour is spent.

Runs of the schedule keep to both.  Whoever asks by hand, for a sync or for a file on demand,
gets it in quiet hours too; the budget counts for everybody, and is held by the fetchers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mirror.errors import QuietHoursError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.errors import UpstreamRestingError
    from mirror.upstream.budget import Budget
    from mirror.upstream.quiet import QuietHours


@dataclass(frozen=True, slots=True)
class Rest:
    """No run of the schedule begins before ``until`` (UTC), and why."""

    until: datetime
    why: str


class Resting:
    """The rests of one node: its *quiet* hours, if it has any, and its *budget*."""

    def __init__(
        self, quiet: QuietHours | None, budget: Budget, *, clock: Callable[[], datetime]
    ) -> None:
        self._quiet = quiet
        self._budget = budget
        self._clock = clock

    def at(self, moment: datetime) -> Rest | None:
        """Return what keeps a run from beginning at *moment*, and until when."""
        rest = None
        spent_until = self._budget.spent_until
        if spent_until is not None and spent_until > moment:
            rest = Rest(spent_until, "upstream.bytes_per_hour is spent")
            moment = spent_until
        until = self.quiet_until(moment)
        return rest if until is None else Rest(until, f"upstream.quiet_hours = {self._quiet}")

    def quiet_until(self, moment: datetime) -> datetime | None:
        """Return when the quiet hours end in which *moment* is, in UTC; None outside of any."""
        until = self._quiet.until(moment.astimezone()) if self._quiet else None
        return until.astimezone(UTC) if until else None

    def objection(self) -> UpstreamRestingError | None:
        """Return what a run under way has to stop for now."""
        now = self._clock()
        until = self.quiet_until(now)
        if until is None:
            return None
        return QuietHoursError(
            f"quiet hours ({self._quiet}) have begun; it goes on at {until:%H:%M} UTC",
            retry_after=until - now,
        )
