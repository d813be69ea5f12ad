"""One file on demand: fetched once however many wait for it, and held before anybody has it.

It is fetched, judged, kept and written down as in a sync run, and nothing is published by
that.  Whoever asks meanwhile waits for the same fetch; nobody who goes away ends it for the
others.  Nobody waits longer than their patience: what takes longer goes on, and the next
request finds it.  A failure is remembered for a while and never becomes a file.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, Self

import structlog

from mirror.cache.offers import Offers
from mirror.errors import (
    ArtifactNotFoundError,
    BusyError,
    FetchFailedError,
    FetchTimedOutError,
    GoneError,
    MirrorError,
    NotYetError,
    RecalledError,
    RefusedError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamRestingError,
)
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from types import TracebackType

    from mirror.cache.offers import Offer
    from mirror.catalog.model import BoardFacts, Listing
    from mirror.storage.entries import Sighting
    from mirror.storage.store import Store

# When nothing is known of size or speed.
_USUAL_RETRY: Final = timedelta(seconds=5)
_LONGEST_RETRY: Final = timedelta(minutes=10)


class Way(Protocol):
    """The way of a file from upstream into the store."""

    async def take(
        self, listing: Listing, facts: BoardFacts, expecting: Callable[[int], None]
    ) -> int:
        """Hold the file of *listing*; tell *expecting* how many bytes are to come."""

    def seconds_for(self, size: int) -> float | None:
        """Return how long *size* bytes take, as far as that was measured."""

    @property
    def sealed(self) -> bool:
        """Whether upstream must not be asked at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long somebody waits (in seconds), what is remembered, and how much goes on at once.

    A failure of upstream counts for ``remember_failures``; a file that came and was refused
    for ``remember_refusals``, because asking again brings the same bytes.
    """

    patience: float = 4.0
    remember_failures: timedelta = timedelta(minutes=1)
    remember_refusals: timedelta = timedelta(hours=1)
    most_under_way: int = 64
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class _Failure:
    error: MirrorError
    until: float


class _Fetch:
    """One fetch under way; ``outcome`` is what it came to."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.expected: int | None = None
        self.outcome: Sighting | MirrorError | None = None
        self._news = asyncio.Event()

    def announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def news(self) -> None:
        await self._news.wait()


class OnDemand:
    """Files on demand of *store*; an async context manager, which ends what is under way."""

    def __init__(self, store: Store, way: Way, terms: Terms | None = None) -> None:
        self._store = store
        self._way = way
        self._terms = terms or Terms()
        self._offers = Offers(store)
        self._fetches: dict[str, _Fetch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: dict[str, _Failure] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def fetch(self, name: str) -> Sighting:
        """Return what is held under *name*, after fetching it if need be.

        Raises `ArtifactNotFoundError` for a name that is not offered, `NotYetError` when it
        takes longer than a client's patience, `FetchFailedError` (also for a while after it
        failed), `UpstreamBusyError`, and what keeps this node from holding it.
        """
        held = await self._held(name)
        if held is not None:
            return held
        fetch = self._fetches.get(name) or await self._begun(name)
        await self._wait(fetch)
        if fetch.outcome is None:
            raise NotYetError(f"{name} is on its way", retry_after=self._retry_after(fetch))
        if isinstance(fetch.outcome, MirrorError):
            raise fetch.outcome
        return fetch.outcome

    async def _held(self, name: str) -> Sighting | None:
        held = await self._store.index.find_held(name)
        if held is None or await self._store.blobs.has(held.digest):
            return held
        await self._store.index.mark_missing([held.digest])
        return None

    async def _begun(self, name: str) -> _Fetch:
        offer = None if self._way.sealed else await self._offers.find(name)
        if offer is None:
            raise ArtifactNotFoundError(f"no artifact is called {name[:200]!r}")
        under_way = self._fetches.get(name)
        if under_way is not None:
            return under_way
        self._refuse(name)
        fetch = self._fetches[name] = _Fetch(self._terms.clock())
        task = asyncio.create_task(self._run(name, offer, fetch), name=f"fetch {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return fetch

    def _refuse(self, name: str) -> None:
        """Raise what the last fetch failed with, while that counts, or that there is no room."""
        now = self._terms.clock()
        self._failures = {key: one for key, one in self._failures.items() if one.until > now}
        if name in self._failures:
            raise self._failures[name].error
        if len(self._fetches) >= self._terms.most_under_way:
            raise BusyError(f"{len(self._fetches)} files are on their way already")

    async def _run(self, name: str, offer: Offer, fetch: _Fetch) -> None:
        log = structlog.get_logger()

        def expecting(size: int) -> None:
            fetch.expected, fetch.began = size, self._terms.clock()
            fetch.announce()

        try:
            await self._way.take(offer.listing(name), offer.facts, expecting)
            fetch.outcome = await self._held(name)
            log.info("fetched on demand", name=name)
        except MirrorError as error:
            fetch.outcome = self._remembered(name, error)
            # While nothing is asked of upstream that is said once, not once for each client.
            tell = log.debug if isinstance(error, UpstreamRestingError) else log.warning
            tell("not fetched on demand", name=name, text=str(error))
        except Exception as error:
            fetch.outcome = self._remembered(name, FetchFailedError(f"{name}: unforeseen: {error}"))
            log.exception("a fetch on demand met an error that nobody foresaw", name=name)
        finally:
            fetch.outcome = fetch.outcome or BusyError(f"{name} was not fetched to its end")
            del self._fetches[name]
            fetch.announce()

    def _remembered(self, name: str, error: MirrorError) -> MirrorError:
        if isinstance(error, UpstreamRestingError):
            # Nobody was asked: that costs nothing again, and then says the time that is left.
            return error
        # A recall can be lifted at any time: asking again asks upstream for nothing then.
        refused = isinstance(error, RefusedError) and not isinstance(error, RecalledError)
        terms = self._terms
        lasts = terms.remember_refusals if refused else terms.remember_failures
        failure = _failure(name, error)
        self._failures[name] = _Failure(failure, terms.clock() + lasts.total_seconds())
        return failure

    async def _wait(self, fetch: _Fetch) -> None:
        try:
            async with asyncio.timeout(self._terms.patience):
                while fetch.outcome is None and self._seconds_left(fetch) <= self._terms.patience:
                    await fetch.news()
        except TimeoutError:
            return

    def _seconds_left(self, fetch: _Fetch) -> float:
        """Return how long *fetch* still takes, 0 as long as nobody knows."""
        seconds = self._way.seconds_for(fetch.expected) if fetch.expected is not None else None
        gone = self._terms.clock() - fetch.began
        return max(0.0, seconds - gone) if seconds is not None else 0.0

    def _retry_after(self, fetch: _Fetch) -> timedelta:
        left = timedelta(seconds=self._seconds_left(fetch))
        return min(left, _LONGEST_RETRY) if left else _USUAL_RETRY


def _failure(name: str, error: MirrorError) -> MirrorError:
    """Return *error* as those who wait shall see it: what is upstream's fault says so."""
    if isinstance(error, RecalledError):
        return GoneError(str(error))
    if isinstance(error, UpstreamBusyError) or not isinstance(error, RefusedError | UpstreamError):
        return error
    kind = FetchTimedOutError if isinstance(error.__cause__, TimeoutError) else FetchFailedError
    failure = kind(f"{name} could not be fetched: {error}")
    failure.__cause__ = error
    return failure
