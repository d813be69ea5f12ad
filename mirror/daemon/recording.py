"""Take down now and then how the node is, so that its page can show what became of it.

What counts up is counted since the last note; a daemon that begins anew goes on in the hour
that the last one had begun.  What a killed daemon had not noted is lost: a minute.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass
from mirror.publication.history import MOST_HOURS, MOST_RUNS, Hour, NodeHistory, PastRun
from mirror.storage.history import find_history, write_history
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from mirror.daemon.totals import Totals
    from mirror.storage.files import Files
    from mirror.storage.runs import Run
    from mirror.storage.store import Store

#: Seconds between two notes.
EVERY: Final = 60.0
_FAILED: Final = 500


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts up while the daemon runs."""

    requests: int = 0
    failed: int = 0
    upstream_errors: int = 0

    @classmethod
    def of(cls, totals: Totals, upstream_errors: int) -> Counted:
        """Return what *totals* have counted, and *upstream_errors*."""
        answers = [(status, sum(series.counts)) for _, status, series in totals.answers]
        return cls(
            sum(number for _, number in answers),
            sum(number for status, number in answers if status >= _FAILED),
            upstream_errors,
        )


class Recorder:
    """Notes how *store* in *folder* is; *counted* tells what counts up."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        counted: Callable[[], Counted],
        clock: Callable[[], datetime],
        files: Files,
    ) -> None:
        self._store = store
        self._folder = folder
        self._counted = counted
        self._clock = clock
        self._files = files
        self._before = Counted()
        self._history: NodeHistory | None = None

    async def note(self) -> None:
        """Note how the node is now; raises `StorageError`."""
        if self._history is None:
            self._history = await to_end(find_history, self._folder)
        held = (await self._store.index.totals()).size
        runs = await self._store.index.last_runs(MOST_RUNS)
        now, before = self._counted(), self._before
        hour = self._hour(self._history)
        hour = replace(
            hour,
            held_bytes=held,
            requests=hour.requests + now.requests - before.requests,
            failed=hour.failed + now.failed - before.failed,
            upstream_errors=hour.upstream_errors + now.upstream_errors - before.upstream_errors,
        )
        earlier = [one for one in self._history.hours if one.at < hour.at]
        history = NodeHistory((*earlier[1 - MOST_HOURS :], hour), _past(runs))
        await to_end(write_history, self._folder, history, self._files)
        self._history, self._before = history, now

    def _hour(self, history: NodeHistory) -> Hour:
        at = self._clock().replace(minute=0, second=0, microsecond=0)
        return next((one for one in history.hours if one.at == at), Hour(at))


def _past(runs: Iterable[Run]) -> tuple[PastRun, ...]:
    """Return those of *runs* that ended, the oldest first."""
    past = [
        PastRun(
            run.started,
            max(0.0, (run.ended - run.started).total_seconds()),
            run.outcome,
            run.counts.get("troubles", 0),
        )
        for run in runs
        if run.ended is not None and run.outcome is not None
    ]
    return tuple(reversed(past))
