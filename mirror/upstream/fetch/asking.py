"""From a URL to the answer at its end: turns, redirects, and what a status means.

Redirects are followed by hand, each hop with its own turn and its own checks, and only
within upstream.  An answer that comes out of here is 2xx, 304 or 416; everything else
has become an error.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from mirror.errors import (
    RedirectRefusedError,
    SelfUpstreamError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamMissingError,
    UpstreamUnavailableError,
)
from mirror.upstream.retry import parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirror.upstream.breaker import Try
    from mirror.upstream.budget import Budget
    from mirror.upstream.fetch.wire import Answer, Wire
    from mirror.upstream.origin import Origin
    from mirror.upstream.pacing import Pace, Timing

NODE_HEADER = "X-Mpmirror-Node"
"""The header in which a mirror gives its node id."""

MOST_HOPS = 5
UNTOLD_WAIT = timedelta(seconds=30)
"""How long a 429 keeps us quiet that does not say how long."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONCLUSIVE = frozenset({304, 416})
_MISSING = frozenset({404, 410})
_BUSY = frozenset({429, 503})
_SUCCESS = range(200, 300)
_BROKEN = range(500, 600)
_TIMED_OUT = frozenset({408, 425})


class Asking:
    """Sends the requests of one upstream; *node_id* is our own, *budget* that of all.

    ``is_mirror`` tells whether the last answer said that it comes from an mpmirror.
    """

    def __init__(
        self, origin: Origin, wire: Wire, pace: Pace, timing: Timing, node_id: str, budget: Budget
    ) -> None:
        self._budget = budget
        self._origin = origin
        self._wire = wire
        self._pace = pace
        self._timing = timing
        self._node_id = node_id
        self.is_mirror = False

    async def ask(
        self, url: str, headers: Mapping[str, str], body_seconds: float, one: Try
    ) -> Answer:
        """Return the answer at the end of all redirects from *url*, to be closed.

        Raises `RefusedError` for a URL that is not upstream's, `RedirectRefusedError`,
        `SelfUpstreamError`, `UpstreamMissingError`, `UpstreamBusyError`,
        `UpstreamUnavailableError`, or `UpstreamError` for a status that says nothing; and
        `BreakerOpenError` or `BudgetSpentError` before a request that may not go out now.
        """
        target = self._origin.locate(url)
        seen = {target}
        while True:
            answer = await self._one(target, headers, body_seconds, one)
            if answer.status not in _REDIRECTS:
                return answer
            answer.close()
            target = self._origin.follow(target, _location(answer))
            if target in seen:
                raise RedirectRefusedError(f"{url}: redirected in a circle, to {target} again")
            if len(seen) > MOST_HOPS:
                raise RedirectRefusedError(f"{url}: redirected more than {MOST_HOPS} times")
            seen.add(target)

    async def _one(
        self, url: str, headers: Mapping[str, str], body_seconds: float, one: Try
    ) -> Answer:
        # Whoever may not ask takes no turn from others, and much may happen before one's turn.
        self._budget.demand()
        one.refuse_while_open()
        await self._pace.turn()
        self._budget.demand()
        one.demand()
        answer = await self._wire.get(url, headers, body_seconds)
        try:
            self._judge(answer)
        except BaseException:
            answer.close()
            raise
        return answer

    def _judge(self, answer: Answer) -> None:
        nodes = answer.raw_headers(NODE_HEADER)
        self.is_mirror = bool(nodes)
        if self._node_id in nodes:
            raise SelfUpstreamError(f"{answer.url}: upstream is this mirror; check DNS")
        status = answer.status
        if status in _REDIRECTS | _CONCLUSIVE or status in _SUCCESS:
            return
        if status in _MISSING:
            raise UpstreamMissingError(f"{answer.url}: answered {status}, it is not there")
        if status in _BUSY:
            self._heed(answer)
        if status in _TIMED_OUT or status in _BROKEN:
            raise UpstreamUnavailableError(f"{answer.url}: answered {status}")
        raise UpstreamError(f"{answer.url}: answered {status}")

    def _heed(self, answer: Answer) -> None:
        """Keep every request quiet for as long as *answer* asks; raise if it asks for that."""
        wait = parse_retry_after(answer.header("Retry-After") or "", self._timing.now())
        if wait is None and answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = UNTOLD_WAIT
        if wait is None:
            return
        self._pace.quiet(wait)
        raise UpstreamBusyError(
            f"{answer.url}: answered {answer.status} and asks to wait {wait.total_seconds():.0f} s",
            retry_after=wait,
        )


def _location(answer: Answer) -> str:
    locations = answer.raw_headers("Location")
    if len(locations) != 1:
        raise UpstreamError(f"{answer.url}: answered {answer.status} without one Location")
    return locations[0]
