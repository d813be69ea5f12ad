"""Heal what was found damaged, one blob at a time, each tried again later and later.

Only so many wait at once; what finds no place is found again, by the next client, the next
check, or the next sync run, which fetches it too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from mirror.catalog.values import Digest
from mirror.errors import DigestMismatchError, MirrorError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_MOST: Final = 1000
_DOUBLINGS: Final = 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long after a failure the same blob is tried again: ``first``, then twice that.

    It doubles up to ``most``.
    """

    first: timedelta = timedelta(minutes=5)
    most: timedelta = timedelta(days=1)

    def after(self, attempts: int, error: MirrorError) -> timedelta:
        """Return the pause after so many failures, of which *error* was the last."""
        if isinstance(error, DigestMismatchError):
            return self.most  # upstream has other bytes now: asking again soon is rude
        doublings = min(attempts - 1, _DOUBLINGS)
        return min(self.first * (1 << doublings), self.most)


@dataclass(frozen=True, slots=True)
class Case:
    """A blob that is to be healed: what is wrong with it, since when, and when it is tried.

    ``due`` is a time of the event loop; ``failure`` says why it is not healed yet.
    """

    digest: Digest
    wrong: str
    since: datetime
    due: float
    attempts: int = 0
    failure: str | None = None


class Healing:
    """The blobs that wait to be healed by *heal*; `run` heals them."""

    def __init__(
        self,
        heal: Callable[[Digest], Awaitable[None]],
        *,
        clock: Callable[[], datetime],
        backoff: Backoff | None = None,
    ) -> None:
        self._heal = heal
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._cases: dict[Digest, Case] = {}
        self._news = asyncio.Event()
        self.healed = 0

    @property
    def cases(self) -> tuple[Case, ...]:
        """What waits, the longest known first."""
        return tuple(self._cases.values())

    def note(self, digest: Digest, wrong: str) -> bool:
        """Have *digest* healed; False when too many wait already.

        One that waits keeps its time: it is not tried sooner because it is found again.
        """
        if digest in self._cases:
            return True
        if len(self._cases) >= _MOST:
            return False
        now = asyncio.get_running_loop().time()
        self._cases[digest] = Case(digest, wrong, self._clock(), now)
        self._news.set()
        return True

    async def run(self) -> NoReturn:
        """Heal what is due, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            case = min(self._cases.values(), key=lambda case: case.due, default=None)
            if case is not None and case.due <= loop.time():
                await self._attempt(case)
                continue
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(case.due if case else None):
                    await self._news.wait()

    async def look_again(self, examine: Callable[[Digest], Awaitable[str | None]]) -> None:
        """Drop what *examine* finds nothing wrong with: somebody else has healed it."""
        for digest in list(self._cases):
            if await examine(digest) is None:
                self._cases.pop(digest, None)

    async def _attempt(self, case: Case) -> None:
        try:
            await self._heal(case.digest)
        except MirrorError as error:
            self._put_off(case, error)
        except Exception as error:  # noqa: BLE001 - the others are healed all the same
            _log.exception("healing %s met an error that nobody foresaw", case.digest)
            self._put_off(case, MirrorError(f"unforeseen: {type(error).__name__}"))
        else:
            self._cases.pop(case.digest, None)
            self.healed += 1
            _log.info("%s was %s and is healed", case.digest, case.wrong)

    def _put_off(self, case: Case, error: MirrorError) -> None:
        attempts = case.attempts + 1
        pause = self._backoff.after(attempts, error)
        due = asyncio.get_running_loop().time() + pause.total_seconds()
        self._cases[case.digest] = replace(case, due=due, attempts=attempts, failure=str(error))
        _log.warning("%s is %s, tried again in %s: %s", case.digest, case.wrong, pause, error)
