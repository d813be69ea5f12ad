"""Bring what waits to one receiver: in order, one at a time, and again until it was taken.

A receiver that fails is left alone for a while, which grows from seconds to an hour, or as long
as it asks for; chance spreads it.  Then the event goes first that was tried least lately: one that
its receiver does not like holds up no other.  An event is given up when it is older than
``give_up_after`` and was tried often, when its receiver wants it never again (410), or when too
many wait.  Giving up is logged, and remembered until the receiver takes something again.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

import structlog

from mirror.errors import HookError, MirrorError, StorageError
from mirror.hooks.queue import MOST_WAITING, HookQueue, Record, Waiting
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = structlog.get_logger(__name__)

Send: TypeAlias = Callable[[Waiting], Awaitable[None]]
"""Gives an event to the receiver; raises `HookError` unless it took it."""

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 3600.0
_GROWTH: Final = 4.0
_LONGEST_ASKED: Final = 86_400.0
# After a restart nobody waits for long: what was wrong may have been mended.
_LONGEST_AT_START: Final = 60.0
# A clock that jumps gives nothing up: only what was tried so often is old.
LEAST_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and chance: *now* in UTC, seconds that only rise, and a number from 0 to 1."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = lambda: asyncio.get_running_loop().time()
    chance: Callable[[], float] = random.random

    def pause(self, failures: int) -> float:
        """Return how many seconds to wait after so many *failures* in a row."""
        bound = min(_FIRST_PAUSE * math.pow(_GROWTH, min(failures, 20) - 1), _LONGEST_PAUSE)
        return bound * (0.5 + self.chance() / 2)


@dataclass(slots=True)
class Counts:
    """What was sent since the daemon began."""

    taken: int = 0
    failed: int = 0
    given_up: int = 0


@dataclass(slots=True)
class _Due:
    one: Waiting
    at: float
    answered: bool = False


@dataclass(slots=True)
class Courier:
    """Brings the events of *queue* with *send* to the receiver called *name*; *most* wait."""

    name: str
    queue: HookQueue
    send: Send
    give_up_after: timedelta
    timing: Timing = field(default_factory=Timing)
    counts: Counts = field(default_factory=Counts)
    record: Record = field(default_factory=Record)
    most: int = MOST_WAITING
    #: Why the receiver did not take the last event; nothing when it did.
    said: str = ""
    _due: dict[str, _Due] = field(default_factory=dict)
    _failures: int = 0
    _rest_until: float = 0.0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Take up what waits since the last time.  Raises `StorageError`."""
        await to_end(self.queue.prepare)
        self.record = await to_end(self.queue.record)
        begun = self.timing.monotonic()
        for one in await to_end(self.queue.load):
            pause = self.timing.pause(one.attempts) if one.attempts else 0.0
            self._due[one.id] = _Due(one, begun + min(pause, _LONGEST_AT_START))

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What waits, in the order in which it happened."""
        return tuple(due.one for due in self._due.values())

    async def keep(self, entries: Sequence[Waiting]) -> None:
        """Hold *entries* durably; nothing is sent of them before `admit`."""
        await to_end(self.queue.put, [one for one in entries if one.id not in self._due])

    async def admit(self, entries: Sequence[Waiting]) -> None:
        """Send *entries*, which are kept; what is too much then is given up, the oldest first."""
        moment = self.timing.monotonic()
        for one in entries:
            self._due.setdefault(one.id, _Due(one, moment))
        too_many = list(self._due.values())[: max(0, len(self._due) - self.most)]
        if too_many:
            await self._give_up([due.one for due in too_many], "too many wait")
        self._news.set()

    async def run(self) -> NoReturn:
        """Send what is due until cancelled; a disk that refuses is told, and tried again."""
        while True:
            pause = await self.step()
            if pause is None or pause > 0:
                await self._wait(pause)

    async def step(self) -> float | None:
        """Send one event if one is due; return the seconds until the next, None without one."""
        self._news.clear()
        if not self._due:
            return None
        due = min(self._due.values(), key=lambda due: due.at)
        pause = max(due.at, self._rest_until) - self.timing.monotonic()
        if pause > 0:
            return pause
        try:
            await self._try(due)
        except StorageError as error:
            _log.warning("a hook can not write down what it sent", hook=self.name, error=str(error))
            return _FIRST_PAUSE
        return 0.0

    async def _wait(self, pause: float | None) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._news.wait()
        except TimeoutError:
            return

    async def _try(self, due: _Due) -> None:
        try:
            await self.send(due.one)
        except MirrorError as error:
            await self._failed(due, error)
        except Exception as error:  # noqa: BLE001 - what nobody foresaw of one event stops no other
            _log.exception("a hook met an error that nobody foresaw", hook=self.name)
            await self._failed(due, HookError(f"unforeseen: {type(error).__name__}"))
        else:
            await self._taken(due)

    async def _taken(self, due: _Due) -> None:
        # The receiver has it, whatever the disk says now: it is sent no more by this process.
        self._due.pop(due.one.id, None)
        self.counts.taken += 1
        self._failures, self._rest_until, self.said = 0, 0.0, ""
        moment = self.timing.monotonic()
        for other in self._due.values():
            # What found nobody there is tried at once; what was answered keeps its pause.
            other.at = other.at if other.answered else min(other.at, moment)
        if self.record.given_up:
            _log.info("a hook is taken again", hook=self.name, given_up=self.record.given_up)
        self.record = Record(taken=self.timing.now())
        await to_end(self.queue.remove, [due.one])
        await to_end(self.queue.write_record, self.record)
        _log.debug("a hook was told", hook=self.name, kind=due.one.kind.value, id=due.one.id)

    async def _failed(self, due: _Due, error: MirrorError) -> None:
        said = str(error)
        status = error.status if isinstance(error, HookError) else None
        due.answered = status is not None
        due.one = replace(due.one, attempts=due.one.attempts + 1, said=said)
        self.counts.failed += 1
        self._failures += 1
        self.said = said
        moment = self.timing.monotonic()
        due.at = moment + self.timing.pause(due.one.attempts)
        self._rest_until = moment + max(self.timing.pause(self._failures), _asked(error))
        _log.warning(
            "a hook failed",
            hook=self.name,
            kind=due.one.kind.value,
            id=due.one.id,
            attempts=due.one.attempts,
            error=said,
        )
        if status == HTTPStatus.GONE or self._is_hopeless(due.one):
            await self._give_up([due.one], said)
        else:
            await to_end(self.queue.put, [due.one])

    def _is_hopeless(self, one: Waiting) -> bool:
        tried = max(one.attempts, self._failures) >= LEAST_TRIES
        return tried and self.timing.now() - one.time >= self.give_up_after

    async def _give_up(self, entries: list[Waiting], why: str) -> None:
        for one in entries:
            self._due.pop(one.id, None)
            _log.error("a hook gave up", hook=self.name, kind=one.kind.value, id=one.id, error=why)
        self.counts.given_up += len(entries)
        record = self.record
        since = record.since or self.timing.now()
        self.record = replace(
            record, given_up=record.given_up + len(entries), since=since, said=why
        )
        await to_end(self.queue.remove, entries)
        await to_end(self.queue.write_record, self.record)


def _asked(error: MirrorError) -> float:
    wait = error.rest if isinstance(error, HookError) else None
    return 0.0 if wait is None else min(wait.total_seconds(), _LONGEST_ASKED)
