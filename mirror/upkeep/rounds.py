"""Hash everything that is held, again and again, spread over a set time.

A round goes through the blobs by name and remembers where it is, so that a restart goes on
there; at its end it walks the publications and follows the ledger.  It reads one blob at a
time, in a thread of its own that yields processor and disk to everybody else.  Time in
which the daemon was off is caught up at no more than four times the usual pace.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from pydantic import ValidationError

from mirror.catalog.values import Digest
from mirror.errors import MirrorError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.blobs import FAN_OUT
from mirror.upkeep.check import Checking, Damage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
    from concurrent.futures import Executor

    from mirror.storage.store import Store

MARK: Final = "full-check"
_MOST_SHOWN: Final = 100
_CATCHING_UP: Final = 4
# A store that grows meanwhile is noticed within this time; so long a kill can set it back.
_LONGEST_PAUSE: Final = timedelta(hours=1)
_NICEST: Final = 19

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """How far a round is: the last blob that it looked at, how many, and what it found.

    ``findings`` are the first hundred of ``found``; ``ended`` is None while it goes on.
    """

    begun: datetime
    after: Digest | None = None
    blobs: int = 0
    found: int = 0
    findings: tuple[Damage, ...] = ()
    ended: datetime | None = None

    def with_findings(self, damages: list[Damage]) -> Round:
        """Return this round having found *damages* too."""
        findings = (*self.findings, *damages)[:_MOST_SHOWN]
        return replace(self, found=self.found + len(damages), findings=findings)


@dataclass(frozen=True, slots=True)
class Rounds:
    """The round that goes on, and the last one that ended."""

    current: Round | None = None
    last: Round | None = None


_ROUNDS = Shape(Rounds)


class FullCheck:
    """Checks *store* for ever, each round in the time *every*; *found* is told of each damage."""

    def __init__(
        self,
        store: Store,
        found: Callable[[Damage], Awaitable[None]],
        *,
        every: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._found = found
        self._every = every
        self._clock = clock
        self._saved = clock()
        self.rounds = Rounds()

    async def run(self) -> NoReturn:
        """Go on with the round that was begun, then begin the next, until cancelled."""
        self.rounds = await self._remembered()
        while True:
            last = self.rounds.last
            if self.rounds.current is None and last is not None:
                await _sleep(last.begun + self._every - self._clock(), self._every)
            try:
                await self.one()
            except MirrorError as error:
                _log.warning("the full check broke off and goes on in an hour: %s", error)
                await _sleep(_LONGEST_PAUSE, _LONGEST_PAUSE)

    async def one(self) -> Round:
        """Make one round, or go on with the one that was begun, to its end."""
        if self.rounds.current is None:
            self.rounds = replace(self.rounds, current=Round(self._clock()))
        with _quiet_thread() as executor:
            checking = Checking(self._store, executor)
            await checking.strangers()
            async with aclosing(self._blobs(checking)) as blobs:
                async for digest, left in blobs:
                    await checking.blob(digest)
                    await self._report(checking, digest)
                    await self._pause(left)
            await checking.publications()
            await checking.ledger(None)
            await self._report(checking, None)
        ended = replace(self._current, ended=self._clock())
        self.rounds = Rounds(last=ended)
        await self.save()
        return ended

    async def save(self) -> None:
        """Remember how far the round is, for the next start."""
        self._saved = self._clock()
        await self._store.index.set_mark(MARK, _ROUNDS.dump_json(self.rounds).decode())

    @property
    def _current(self) -> Round:
        assert self.rounds.current is not None  # noqa: S101 - only asked within a round
        return self.rounds.current

    async def _remembered(self) -> Rounds:
        mark = await self._store.index.find_mark(MARK)
        try:
            return _ROUNDS.validate_json(mark) if mark else Rounds()
        except ValidationError:
            # Another version wrote it; it may be lost, and a round begins anew.
            return Rounds()

    async def _blobs(self, checking: Checking) -> AsyncGenerator[tuple[Digest, int], None]:
        """Yield the blobs behind the last one, and how many are left with each."""
        after = self._current.after.hex if self._current.after else ""
        for prefix in FAN_OUT:
            if prefix < after[:2]:
                continue
            digests = [one for one in await checking.within([prefix]) if one.hex > after]
            behind = await checking.count(prefix) if digests else 0
            for place, digest in enumerate(digests):
                yield digest, behind + len(digests) - place

    async def _report(self, checking: Checking, digest: Digest | None) -> None:
        damages, checking.damages = checking.damages, []
        current = self._current.with_findings(damages)
        if digest is not None:
            current = replace(current, after=digest, blobs=current.blobs + 1)
        self.rounds = replace(self.rounds, current=current)
        for damage in damages:
            await self._found(damage)
        if damages or abs(self._clock() - self._saved) >= _LONGEST_PAUSE:
            await self.save()

    async def _pause(self, left: int) -> None:
        """Wait so long that what is *left* is done when the time of the round is over."""
        remaining = self._current.begun + self._every - self._clock()
        usual = self._every / (self._current.blobs + left)
        await _sleep(max(remaining / left, usual / _CATCHING_UP), _LONGEST_PAUSE)


async def _sleep(pause: timedelta, most: timedelta) -> None:
    await asyncio.sleep(max(min(pause, most).total_seconds(), 0))


@contextmanager
def _quiet_thread() -> Iterator[Executor]:
    executor = ThreadPoolExecutor(1, "full check", initializer=_be_nice)
    try:
        yield executor
    finally:
        executor.shutdown(wait=False)


def _be_nice() -> None:
    # sched(7), ioprio_set(2): on Linux this is of one thread, and where nobody set an I/O
    # priority the kernel takes it from this one: the lowest but idle.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICEST)
