"""Count what is answered, by route and status, and how soon an answer begins.

Each serving process counts by itself and tells the daemon every few seconds what is new; what
can not be told now is told later.  Routes are those of the router, so that nobody can make up
new ones by asking; what no route fits is counted as ``none``.  Connections that are refused
before they ask for anything are not counted.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from aiohttp import web

from mirror.errors import MalformedValueError, MirrorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.typedefs import Handler, Middleware

#: Tells the daemon what `Tally.encode` returned.
TrafficSink: TypeAlias = Callable[[bytes], Awaitable[None]]

#: Upper ends of the classes of seconds; one more class is for what takes longer.
SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 4.0, 20.0)

_CLASSES: Final = len(SECONDS) + 1
_NO_ROUTE: Final = "none"
_PATTERN = re.compile(r"\{([a-z]+):[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")

_log = logging.getLogger(__name__)


class Series:
    """How many answers began within each class of time, and their seconds together."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * _CLASSES
        self.seconds = 0.0


class Tally:
    """The answers so far, by route and status."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, int], Series] = {}

    def note(self, route: str, status: int, seconds: float) -> None:
        """Count one answer with *status*, which began after so many *seconds*."""
        series = self._at(route, status)
        series.counts[bisect_left(SECONDS, seconds)] += 1
        series.seconds += seconds

    def add(self, other: Tally) -> None:
        """Count everything that *other* has counted."""
        for route, status, more in other:
            series = self._at(route, status)
            series.counts = [one + two for one, two in zip(series.counts, more.counts, strict=True)]
            series.seconds += more.seconds

    def __iter__(self) -> Iterator[tuple[str, int, Series]]:
        """Yield route, status and what was counted of them."""
        for (route, status), series in sorted(self._series.items()):
            yield route, status, series

    def encode(self) -> bytes:
        """Return all of it as JSON."""
        return json.dumps([[*key, one.counts, one.seconds] for *key, one in self]).encode()

    @classmethod
    def decode(cls, data: bytes) -> Tally:
        """Read what `encode` wrote; raise `MalformedValueError` for anything else."""
        tally = cls()
        try:
            for route, status, counts, seconds in json.loads(data):
                series = tally._at(str(route), int(status))
                series.counts = _read_counts(counts)
                series.seconds = float(seconds)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise MalformedValueError(f"not a count of answers: {data[:80]!r}") from error
        return tally

    def _at(self, route: str, status: int) -> Series:
        series = self._series.get((route, status))
        if series is None:
            series = self._series[route, status] = Series()
        return series


def _read_counts(counts: list[int]) -> list[int]:
    read = [int(count) for count in counts]
    if len(read) != _CLASSES or min(read) < 0:
        raise MalformedValueError(f"expected {_CLASSES} counts, not {str(counts)[:80]}")
    return read


async def count_for_nobody(_tally: bytes) -> None:
    """Be told what was counted, and do nothing."""


class Traffic:
    """What this process has answered since it last told the daemon."""

    def __init__(self, tell: TrafficSink, *, every: float = 5.0) -> None:
        self._tell = tell
        self._every = every
        self._tally = Tally()

    def note(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._tally.note(route, status, seconds)

    def counting(self) -> Middleware:
        """Return the outermost middleware, which counts every answer."""

        @web.middleware
        async def counting(request: web.Request, handler: Handler) -> web.StreamResponse:
            begun = time.perf_counter()
            response = await handler(request)
            self.note(route_of(request), response.status, time.perf_counter() - begun)
            return response

        return counting

    async def report(self) -> NoReturn:
        """Tell what was counted every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            told, self._tally = self._tally, Tally()
            if not any(told):
                continue
            try:
                await self._tell(told.encode())
            except MirrorError as error:
                self._tally.add(told)
                _log.debug("the daemon could not be told what was answered: %s", error)


def route_of(request: web.Request) -> str:
    """Return the route that answers *request*, without patterns; ``none`` for no route."""
    resource = request.match_info.route.resource
    return _NO_ROUTE if resource is None else _spelled(resource.canonical)


@lru_cache(maxsize=512)
def _spelled(canonical: str) -> str:
    """Return a path of the router without the patterns in it."""
    return _PATTERN.sub(r"{\1}", canonical)
