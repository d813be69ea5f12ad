"""When the next request may leave: one schedule that all requests of the mirror share.

Two requests never begin closer together than the set rate allows, however many tasks
ask, and none begins while upstream has asked for quiet.  There are no bursts: time that
nobody used is not saved up.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from mirror.errors import UpstreamBusyError
from mirror.frozen import dataclass

LONGEST_QUIET = timedelta(days=1)
"""What is obeyed at most: a mistaken ``Retry-After`` of years must not silence a mirror."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Where time and chance come from.

    ``now`` is the time of day with its zone; ``monotonic`` is in seconds and never goes
    back; ``sleep`` waits at least that many seconds of it; ``random`` is in [0, 1).
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]

    @classmethod
    def real(cls) -> Timing:
        """Return the clocks of this machine."""
        return cls(
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            sleep=asyncio.sleep,
            random=random.SystemRandom().random,
        )


class Pace:
    """The schedule: `turn` returns when a request may begin, `quiet` puts all of them off."""

    def __init__(self, requests_per_second: float, patience: timedelta, timing: Timing) -> None:
        """Allow that many requests a second (0: any number), and wait at most *patience*."""
        self._interval = 1 / requests_per_second if requests_per_second else 0.0
        self._patience = patience.total_seconds()
        self._timing = timing
        self._next = -math.inf
        self._quiet_until = -math.inf

    def quiet(self, wait: timedelta) -> None:
        """Let nothing begin for *wait* (a day at most), whoever has a turn already."""
        seconds = min(wait, LONGEST_QUIET).total_seconds()
        self._quiet_until = max(self._quiet_until, self._timing.monotonic() + seconds)

    async def turn(self) -> None:
        """Wait for a turn; raise `UpstreamBusyError` if that is longer than patience allows."""
        while True:
            turn, wait = self._reserve()
            if wait > 0:
                await self._timing.sleep(wait)
            # Upstream may have asked for quiet while we slept: then the turn is void.
            if turn >= self._quiet_until:
                return

    def _reserve(self) -> tuple[float, float]:
        now = self._timing.monotonic()
        left = self._quiet_until - now
        if left > self._patience:
            raise UpstreamBusyError(
                f"upstream asked for quiet for another {left:.0f} s",
                retry_after=timedelta(seconds=left),
            )
        turn = max(now, self._next, self._quiet_until)
        self._next = turn + self._interval
        return turn, turn - now
