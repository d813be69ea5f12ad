"""A circuit breaker for one host: who failed too often in a row is left alone for a while.

What counts is the host's own fault: no connection, a time-out, a broken body, a 5xx.  A 404,
or bytes that are refused, are answers.  While the breaker is open no request goes out; then
one at a time is tried, and its end decides.  Each time that fails, it stays open twice as
long, up to a cap.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from mirror.errors import (
    AddressRefusedError,
    BreakerOpenError,
    RefusedError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamUnavailableError,
)
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.upstream.pacing import Timing


class BreakerState(StrEnum):
    """Closed: requests go out; open: none does; half-open: one at a time, on trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerTerms:
    """After ``failures`` in a row it is open for ``first``, then twice that, up to ``most``.

    Whoever comes while a trial is under way is told to come again after ``trial``.
    """

    failures: int = 20
    first: timedelta = timedelta(seconds=30)
    most: timedelta = timedelta(minutes=15)
    trial: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with the host last, and when."""

    time: datetime
    reason: str


class Try:
    """One try of one request, redirects and body included; see `Breaker.trying`."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self.asked = False

    def refuse_while_open(self) -> None:
        """Raise `BreakerOpenError` while no request may go out."""
        if not self.asked and self._breaker.state is BreakerState.OPEN:
            self._breaker.demand(self)

    def demand(self) -> None:
        """Raise `BreakerOpenError` unless a request may go out now; call it just before."""
        if not self.asked:
            self._breaker.demand(self)
            self.asked = True


class Breaker:
    """The breaker of *host*, a base URL.

    ``failures`` counts those in a row, ``failed`` all of this process; ``since`` is when it came
    to its state, None for the beginning; ``last_success`` and ``last_failure`` are of this process.
    """

    def __init__(self, host: str, terms: BreakerTerms, timing: Timing) -> None:
        self.host = host
        self.failures = 0
        self.failed = 0
        self.since: datetime | None = None
        self.last_success: datetime | None = None
        self.last_failure: Failure | None = None
        self._terms = terms
        self._timing = timing
        self._pause = terms.first
        # While this is a time, the host is not trusted.
        self._open_until: float | None = None
        self._trial: Try | None = None

    @property
    def state(self) -> BreakerState:
        """What it is now."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._seconds_left() > 0 else BreakerState.HALF_OPEN

    @property
    def next_trial(self) -> datetime | None:
        """When a request may go out again; None when it may now."""
        left = self._seconds_left()
        return self._timing.now() + timedelta(seconds=left) if left > 0 else None

    @contextmanager
    def trying(self) -> Iterator[Try]:
        """Watch one try: how the block ends says how the host is."""
        one = Try(self)
        try:
            yield one
        except (UpstreamBusyError, AddressRefusedError):
            raise  # It says nothing of the host's health, or nobody was asked.
        except UpstreamUnavailableError as error:
            if one.asked:
                self._failed(one, error)
            raise
        except (UpstreamError, RefusedError):
            self._answered(one)
            raise
        else:
            self._answered(one)
        finally:
            if self._trial is one:
                self._trial = None

    def demand(self, one: Try) -> None:
        """Let *one* send its request, or raise `BreakerOpenError`."""
        if self._open_until is None:
            return
        left = self._seconds_left()
        if left <= 0 and self._trial is None:
            self._trial = one
            return
        wait = timedelta(seconds=left) if left > 0 else self._terms.trial
        reason = self.last_failure.reason if self.last_failure else "no reason is known"
        raise BreakerOpenError(
            f"{self.host} failed {self.failures} times in a row and is not asked for another "
            f"{wait.total_seconds():.0f} s; last: {reason}",
            retry_after=wait,
        )

    def _seconds_left(self) -> float:
        if self._open_until is None:
            return 0.0
        return self._open_until - self._timing.monotonic()

    def _answered(self, one: Try) -> None:
        if not one.asked:
            return
        self.last_success = self._timing.now()
        # One that set out before the host failed says nothing of how it is now.
        if self._open_until is not None and self._trial is not one:
            return
        if self._open_until is not None:
            self.since = self.last_success
            structlog.get_logger().info("upstream answers again", host=self.host)
        self.failures, self._open_until, self._pause = 0, None, self._terms.first

    def _failed(self, one: Try, error: UpstreamUnavailableError) -> None:
        self.failures += 1
        self.failed += 1
        self.last_failure = Failure(self._timing.now(), str(error))
        if self._trial is one:
            self._pause = min(self._pause * 2, self._terms.most)
        elif self._open_until is not None or self.failures < self._terms.failures:
            return
        self._open_until = self._timing.monotonic() + self._pause.total_seconds()
        self.since = self.last_failure.time
        structlog.get_logger().warning(
            "upstream is not asked for a while",
            host=self.host,
            seconds=self._pause.total_seconds(),
            failures=self.failures,
            reason=str(error),
        )
