"""The one way to upstream that everything in a process shares: rate, silence, turns, parser.

It is opened when somebody first needs it and closed at the end, so that ``Retry-After`` and
the set rate hold for a sync run and for files on demand together, and from one run to the
next (P5).
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mirror.daemon.parts import is_offline, now, refuse_when_offline
from mirror.daemon.version import VERSION
from mirror.sandbox import Sandbox
from mirror.sync.intake import Intake
from mirror.sync.run import Means
from mirror.sync.second_look import SecondLooks
from mirror.sync.turns import Turns
from mirror.upstream.fetch import Fetcher
from mirror.upstream.politeness import Politeness, user_agent
from mirror.upstream.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.config import Settings
    from mirror.storage.store import Store
    from mirror.sync.outcome import Progress


@dataclass(frozen=True, slots=True)
class _Open:
    fetcher: Fetcher
    sandbox: Sandbox


class Reach:
    """The way to the upstream of *settings*, for *store*; an async context manager.

    *readers* is a sandbox that somebody else opened and will close; None makes its own.
    """

    def __init__(self, settings: Settings, store: Store, readers: Sandbox | None = None) -> None:
        self._settings = settings
        self._store = store
        self._readers = readers
        self._turns = Turns()
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._open: _Open | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; whoever used it has ended."""
        await self._stack.__aexit__(kind, error, trace)

    async def means(self, report: Callable[[Progress], None]) -> Means:
        """Return what a sync run works with; raise `ConfigurationError` when it can have none."""
        way = await self._opened()
        return Means(
            fetcher=way.fetcher,
            sandbox=way.sandbox,
            store=self._store,
            clock=now,
            report=report,
            version=VERSION,
            turns=self._turns,
        )

    async def take(
        self, listing: Listing, facts: BoardFacts, expecting: Callable[[int], None]
    ) -> int:
        """Hold one file, as `Intake.take` does; `ConfigurationError` when there is no way."""
        way = await self._opened()
        rule = self._settings.policy.second_look
        looks = SecondLooks(self._store, way.fetcher, self._turns, now, rule)
        intake = Intake(way.fetcher, way.sandbox, self._store, now, turns=self._turns, looks=looks)
        return await intake.take(listing, facts, expecting)

    def seconds_for(self, size: int) -> float | None:
        """Return how long *size* bytes take from upstream, as far as that was measured."""
        return self._open.fetcher.speed.seconds_for(size) if self._open else None

    @property
    def sealed(self) -> bool:
        """Whether upstream must not be asked at all."""
        return is_offline(self._settings)

    async def _opened(self) -> _Open:
        refuse_when_offline(self._settings)
        async with self._opening:
            if self._open is None:
                fetcher = await self._stack.enter_async_context(self._fetcher())
                self._open = _Open(fetcher, self._readers or await self._own_readers())
        return self._open

    async def _own_readers(self) -> Sandbox:
        sandbox = await self._stack.enter_async_context(Sandbox())
        if await self._store.publications.current() is None:
            # A first run: all pages are new to it, and all files.
            sandbox.warm()
        return sandbox

    def _fetcher(self) -> Fetcher:
        upstream = self._settings.upstream
        return Fetcher(
            upstream.url,
            user_agent=user_agent(VERSION, self._settings.contact or ""),
            node_id=self._store.node.node_id,
            politeness=Politeness(
                connections=upstream.connections,
                requests_per_second=upstream.requests_per_second,
                attempts=upstream.attempts,
            ),
            surroundings=Surroundings.read(os.environ, private=upstream.allow_private),
        )
