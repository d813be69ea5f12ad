"""Asking again: how often, after how long, and for which failures.

Only what time can mend is tried again: `UpstreamUnavailableError`, and an
`UpstreamBusyError` that names a bearable wait.  Refusals are final.  The pauses double
and are spread by chance, so that many mirrors do not come back together.
"""

from __future__ import annotations

import email.utils
import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from mirror.errors import (
    MirrorError,
    UpstreamBusyError,
    UpstreamRestingError,
    UpstreamUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirror.upstream.pacing import Timing
    from mirror.upstream.politeness import Politeness

T = TypeVar("T")

LONGEST_WAIT = timedelta(days=3650)
_SECONDS = re.compile(r"[0-9]{1,30}")


class Retries:
    """Runs something that may fail for a while, as often as `Politeness` allows."""

    def __init__(self, politeness: Politeness, timing: Timing) -> None:
        self._politeness = politeness
        self._timing = timing

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return what *attempt* returns; after the last try raise what it raised."""
        try:
            return await attempt()
        except MirrorError as error:
            if not self._mendable(error):
                raise
            return await self._run_again(attempt, error)

    async def _run_again(self, attempt: Callable[[], Awaitable[T]], failure: MirrorError) -> T:
        """Go on after a first try that failed, which counts."""
        retrying = AsyncRetrying(
            sleep=self._timing.sleep,
            stop=stop_after_attempt(self._politeness.attempts),
            wait=self._pause,
            retry=retry_if_exception(self._mendable),
            before_sleep=_say,
            reraise=True,
        )
        first: list[MirrorError] = [failure]

        async def once() -> T:  # tenacity awaits only what is declared async
            if first:
                raise first.pop()
            return await attempt()

        return await retrying(once)

    def _mendable(self, error: BaseException) -> bool:
        if isinstance(error, UpstreamRestingError):
            return False
        if isinstance(error, UpstreamBusyError):
            return error.retry_after <= self._politeness.retry_after_cap
        return isinstance(error, UpstreamUnavailableError)

    def _pause(self, state: RetryCallState) -> float:
        # For a wait that upstream asked for, the pace already holds back every request.
        if isinstance(_error_of(state), UpstreamBusyError):
            return 0.0
        doubled = math.ldexp(self._politeness.backoff_seconds, state.attempt_number - 1)
        bound = min(doubled, self._politeness.backoff_cap_seconds)
        return bound * (0.5 + self._timing.random() / 2)


def parse_retry_after(text: str, now: datetime) -> timedelta | None:
    """Read ``Retry-After`` in either form (seconds, or an HTTP date measured from *now*).

    None for anything else.  A time gone by is zero; more than ten years are ten years.
    """
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=min(int(text), LONGEST_WAIT.total_seconds()))
    try:
        moment = email.utils.parsedate_to_datetime(text)
        # "-0000" is read as a time without a zone; HTTP knows no zone but GMT.
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _say(state: RetryCallState) -> None:
    structlog.get_logger().debug(
        "asking upstream again",
        tries=state.attempt_number,
        pause_seconds=round(state.upcoming_sleep, 1),
        reason=str(_error_of(state)),
    )
