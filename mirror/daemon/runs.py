"""One sync run at a time, however many ask; whoever asks may watch.

Asking while a run is under way watches that run.  Watchers see the newest progress, not
every step: a slow one misses steps and delays nobody.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from mirror.daemon.pace import Pace
from mirror.daemon.run_ids import RUN
from mirror.daemon.status_document import RunningStatus

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from mirror.sync.outcome import Outcome, Progress


class Runs:
    """Starts runs and lets others watch; `close` cancels the one that is under way."""

    def __init__(self, run: Callable[[Callable[[Progress], None]], Awaitable[Outcome]]) -> None:
        self._run = run
        self._task: asyncio.Task[Outcome] | None = None
        self._news = asyncio.Event()
        self.progress: Progress | None = None
        self.pace = Pace()
        self.last: Outcome | None = None

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._task is not None and not self._task.done()

    def status(self) -> RunningStatus | None:
        """Return how far the run under way is, None while none is."""
        step = self.progress
        if step is None:
            return None
        left = self.pace.seconds_left()
        return RunningStatus(step.phase, step.done, step.total, step.received_bytes, left)

    async def ask(self) -> Outcome:
        """Run, or wait for the run that is under way; return its outcome."""
        # Shielded: a client that goes away does not end the run for the others.
        return await asyncio.shield(self._begun())

    async def watch(self) -> AsyncGenerator[Progress | Outcome, None]:
        """Run, or join the run that is under way; yield its progress and last its outcome."""
        task = self._begun()
        shown: Progress | None = None
        while not task.done():
            if self.progress is not None and self.progress != shown:
                shown = self.progress
                yield shown
            waiting = asyncio.create_task(self._news.wait())
            try:
                await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            finally:  # also of who goes away meanwhile
                waiting.cancel()
        yield await task

    async def close(self) -> None:
        """Cancel the run that is under way, and wait until it has left everything in order."""
        if self._task is None or self._task.done():
            return
        self._task.cancel()
        await asyncio.wait({self._task})

    def _begun(self) -> asyncio.Task[Outcome]:
        if self._task is None or self._task.done():
            self.progress, self.pace = None, Pace()
            self._task = asyncio.create_task(self._whole(), name="sync run")
        return self._task

    async def _whole(self) -> Outcome:
        RUN.set(secrets.token_hex(6))
        try:
            self.last = await self._run(self._take_news)
            return self.last
        finally:
            self.progress = None
            self._announce()

    def _take_news(self, progress: Progress) -> None:
        self.progress = progress
        self.pace.note(progress)
        self._announce()

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
