"""When the next sync run begins: at the set interval with jitter, missed ones counted once.

After a run that could not reach upstream the next try comes sooner, and then later and
later up to the interval.  None begins while there is a rest.  The only user of APScheduler.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from mirror.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirror.daemon.resting import Rest

_FIRST_RETRY: Final = timedelta(minutes=5)


def _never(_moment: datetime) -> Rest | None:
    """Have no rest at any time."""
    return None


class Schedule:
    """Calls *run* on time, never twice at once; *run* returns the exit status of the run.

    *rest* says what keeps a run from beginning at a time, and until when.
    """

    def __init__(
        self,
        run: Callable[[], Awaitable[int]],
        *,
        every: timedelta,
        jitter: timedelta,
        clock: Callable[[], datetime],
        rest: Callable[[datetime], Rest | None] = _never,
    ) -> None:
        self._run = run
        self._rest = rest
        self._every = every
        self._clock = clock
        self._retry = _FIRST_RETRY
        self._runs = False
        self._put_off: Rest | None = None
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
        rest = self.next_rest
        return rest.until if rest else self._planned()

    @property
    def next_rest(self) -> Rest | None:
        """What puts the next run off; None when it begins as planned."""
        planned = self._planned()
        if planned is None:
            return None
        put_off = self._put_off
        was_put_off = put_off is not None and put_off.until == planned
        return self._rest(planned) or (put_off if was_put_off else None)

    def stop(self) -> None:
        """Begin nothing any more."""
        if self._runs:
            self._runs = False
            self._scheduler.shutdown(wait=False)

    def heed(self, exit_status: int) -> None:
        """Take into account how a run ended, whoever had asked for it."""
        if exit_status != UpstreamError.exit_status:
            self._retry = _FIRST_RETRY
            return
        self._continue_at(self._clock() + min(self._retry, self._every))
        self._retry = min(self._retry * 2, self._every)

    def continue_after_rest(self) -> None:
        """Begin the next run when the rest is over that there is now, at once without any."""
        now = self._clock()
        rest = self._rest(now)
        self._put_off = rest
        self._continue_at(rest.until if rest else now)

    async def _on_time(self) -> None:
        rest = self._rest(self._clock())
        if rest is None:
            await self._run_unless_stopped()
        elif self._runs:
            structlog.get_logger().info(
                "the sync run waits", until=rest.until.isoformat(), because_of=rest.why
            )
            self._put_off = rest
            self._scheduler.modify_job("sync", next_run_time=rest.until)

    async def _run_unless_stopped(self) -> None:
        try:
            await self._run()
        except asyncio.CancelledError:
            # The scheduler would tell an operator, with a traceback, that a daemon was stopped.
            if self._runs:
                raise

    def _continue_at(self, sooner: datetime) -> None:
        planned = self._planned()
        if planned is not None and sooner < planned:
            self._scheduler.modify_job("sync", next_run_time=sooner)

    def _planned(self) -> datetime | None:
        job = self._scheduler.get_job("sync") if self._runs else None
        return job.next_run_time if job else None
