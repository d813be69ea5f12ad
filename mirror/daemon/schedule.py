"""When the next sync run begins: at the set interval with jitter, missed ones counted once.

After a run that could not reach upstream the next try comes sooner, and then later and
later up to the interval.  The only user of APScheduler.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_UNREACHABLE: Final = 3
_FIRST_RETRY: Final = timedelta(minutes=5)


class Schedule:
    """Calls *run* on time, never twice at once; *run* returns the exit status of the run."""

    def __init__(
        self,
        run: Callable[[], Awaitable[int]],
        *,
        every: timedelta,
        jitter: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._run = run
        self._every = every
        self._clock = clock
        self._retry = _FIRST_RETRY
        self._runs = False
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._trigger = IntervalTrigger(
            seconds=int(every.total_seconds()),
            jitter=int(jitter.total_seconds()) or None,
            timezone="UTC",
        )

    def start(self, last_complete: datetime | None) -> None:
        """Begin; the first run is now, or when the interval since *last_complete* is over."""
        now = self._clock()
        due = last_complete + self._every if last_complete else now
        # A clock that was put back must not silence the mirror for longer than the interval.
        first = min(max(due, now), now + self._every)
        self._scheduler.add_job(
            self._on_time,
            self._trigger,
            id="sync",
            next_run_time=first,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()
        self._runs = True

    @property
    def next_run(self) -> datetime | None:
        """When the next run begins; None while the schedule does not run."""
        job = self._scheduler.get_job("sync") if self._runs else None
        return job.next_run_time if job else None

    def stop(self) -> None:
        """Begin nothing any more."""
        if self._runs:
            self._runs = False
            self._scheduler.shutdown(wait=False)

    def heed(self, exit_status: int) -> None:
        """Take into account how a run ended, whoever had asked for it."""
        if exit_status != _UNREACHABLE:
            self._retry = _FIRST_RETRY
            return
        sooner = self._clock() + min(self._retry, self._every)
        self._retry = min(self._retry * 2, self._every)
        planned = self.next_run
        if planned is not None and sooner < planned:
            self._scheduler.modify_job("sync", next_run_time=sooner)

    async def _on_time(self) -> None:
        await self._run()
