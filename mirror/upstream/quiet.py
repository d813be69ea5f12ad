"""Quiet hours: times of day, by this machine's clock and zone, at which nothing is fetched unasked.

Pure: a time in, a time out.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from mirror.errors import ConfigurationError
from mirror.frozen import dataclass

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``begin`` up to, not including, ``end``; past midnight if ``end`` is the earlier."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Read ``08:00-17:00``; raise `ConfigurationError` for anything else."""
        found = _HOURS.fullmatch(text)
        if found is None:
            raise ConfigurationError(
                f'expected hours such as "08:00-17:00" or "22:00-06:00", not {text[:80]!r}'
            )
        hour, minute, last_hour, last_minute = (int(number) for number in found.groups())
        begin, end = time(hour, minute), time(last_hour, last_minute)
        if begin == end:
            raise ConfigurationError(f"hours that begin and end at {begin:%H:%M}: all day, or none")
        return cls(begin, end)

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def until(self, local: datetime) -> datetime | None:
        """Return when the quiet ends that there is at *local*; None when there is none.

        *local* is aware; its time of day is the one that counts.  The end is in the same
        zone of this machine, with the offset that is in force there then.
        """
        now = local.time()
        if self.begin < self.end:
            quiet = self.begin <= now < self.end
        else:
            quiet = now >= self.begin or now < self.end
        if not quiet:
            return None
        day = local.date() if now < self.end else local.date() + timedelta(days=1)
        # Without a zone it is read as a time of this machine: the clocks may change till then.
        return datetime.combine(day, self.end).astimezone()
