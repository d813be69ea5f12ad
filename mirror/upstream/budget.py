"""How much may come from upstream in an hour, from all hosts together.

An hour begins with its first byte.  When its bytes are spent, no request goes out until it
is over; what is on its way then still comes, so that nothing is fetched for nothing.  What
was spent is kept as a short text, so that a restart gives no new budget.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.errors import BudgetSpentError
from mirror.frozen import dataclass
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Spending:
    """An hour that has begun ``since``, and the bytes that came in it."""

    since: datetime
    size: int


_SPENDING: Final = Shape(Spending)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Budget:
    """*most* bytes an hour, by the time of day of *clock*; None: any number."""

    def __init__(
        self, most: int | None = None, *, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self.most = most
        self._clock = clock
        self._spending: Spending | None = None

    @property
    def left(self) -> int | None:
        """How many bytes are left in this hour; None: any number."""
        if self.most is None:
            return None
        spending = self._current()
        return max(0, self.most - spending.size) if spending else self.most

    @property
    def spent_until(self) -> datetime | None:
        """When there is a new budget; None while there is something left."""
        spending = self._current()
        if self.most is None or spending is None or spending.size < self.most:
            return None
        return spending.since + HOUR

    def spend(self, size: int) -> None:
        """Take into account that *size* bytes came."""
        if self.most is None:
            return
        spending = self._current() or Spending(self._clock(), 0)
        self._spending = Spending(spending.since, spending.size + size)

    def demand(self) -> None:
        """Raise `BudgetSpentError` unless something is left."""
        until = self.spent_until
        if until is None:
            return
        raise BudgetSpentError(
            f"the {self.most} bytes of this hour have come (upstream.bytes_per_hour); more from "
            f"{until:%H:%M:%S} UTC on",
            retry_after=until - self._clock(),
        )

    def to_text(self) -> str:
        """Return what was spent, for `restore`."""
        spending = self._current()
        return _SPENDING.dump_json(spending).decode() if spending else ""

    def restore(self, text: str) -> None:
        """Go on where `to_text` was; what can not be read is nothing spent."""
        try:
            self._spending = _SPENDING.validate_json(text)
        except ValidationError:
            self._spending = None

    def _current(self) -> Spending | None:
        """Return the hour under way; one that begins far in the future is of a wrong clock."""
        spending = self._spending
        # A clock that was put back a little gives no new budget.
        if spending is None or abs(self._clock() - spending.since) >= HOUR:
            return None
        return spending
