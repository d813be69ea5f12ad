"""What the daemon does when operators ask: one sync run at a time, and looks at what is.

Also where a run of the schedule begins: every run of a daemon goes through here, so that
all of them are logged, remembered, and heeded by the schedule.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import date
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from mirror.catalog.names import ArtifactName
from mirror.daemon.once import sync_once
from mirror.daemon.parts import now
from mirror.daemon.runs import Runs
from mirror.daemon.schedule import Schedule
from mirror.daemon.status import Moment, encode_status, status_of
from mirror.daemon.upkeep import Upkeep
from mirror.errors import BadQueryError, MirrorError
from mirror.storage.entries import Recorded
from mirror.storage.runs import Run
from mirror.sync.outcome import Ending, Outcome, Progress
from mirror.sync.publish import stamp
from mirror.sync.remembered_board import remembered_board
from mirror.web.artifacts import Artifact

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from mirror.cache.on_demand import OnDemand
    from mirror.catalog.values import Digest
    from mirror.config import Settings
    from mirror.daemon.log import Logger
    from mirror.daemon.reach import Reach
    from mirror.storage.entries import Sighting
    from mirror.storage.store import Store

_UNREACHABLE: Final = 3
_RUNS_SHOWN: Final = 100
_MOST_TOLD: Final = 100
_TROUBLES_LOGGED: Final = 50
_RUNS = TypeAdapter(list[Run])
_RECORDED = TypeAdapter(Recorded)
_NEWS: TypeAdapter[Progress | Outcome] = TypeAdapter(Progress | Outcome)


class Operations:
    """The operations of one daemon over its store."""

    def __init__(
        self, settings: Settings, store: Store, reach: Reach, on_demand: OnDemand, log: Logger
    ) -> None:
        self._settings = settings
        self._store = store
        self._reach = reach
        self._on_demand = on_demand
        self._log = log
        # Sync runs and healing take turns: no file is fetched twice at once, and the set rate
        # is that of one of them.
        self._turn = asyncio.Lock()
        self.syncs = Runs(self._sync)
        self.upkeep = Upkeep(settings, store, reach, log, self._turn, self.syncs.ask)
        self.schedule = Schedule(
            self._ask_for_sync,
            every=settings.schedule.every,
            jitter=settings.schedule.jitter,
            clock=now,
        )

    async def status(self) -> bytes:
        """Return what ``/v1/status.json`` says."""
        moment = Moment(
            now=now(),
            running=self.syncs.progress,
            next_run=self.schedule.next_run,
            upkeep=self.upkeep.status(),
            alarms=self.upkeep.alarms(),
        )
        settings = self._settings
        status = await status_of(
            self._store,
            settings.data_dir,
            settings.upstream.url,
            moment,
            offline=settings.offline,
        )
        return encode_status(status)

    async def fetch(self, name: str) -> Artifact:
        """Return the artifact *name*, fetched on demand if it is not held; raise why not."""
        return artifact_of(await self._on_demand.fetch(name))

    async def damaged(self, digest: Digest) -> None:
        """Look at a blob that somebody found damaged or missing, and heal it if it is."""
        await self.upkeep.damaged(digest)

    async def sync(self) -> AsyncGenerator[bytes, None]:
        """Begin a sync run, or join the one under way; yield its progress, then its outcome."""
        async with aclosing(self.syncs.watch()) as news:
            async for step in news:
                # A line has its limit: a run that got nothing names a hundred, and counts the rest.
                told = step.shortened(_MOST_TOLD) if isinstance(step, Outcome) else step
                yield _NEWS.dump_json(told) + b"\n"

    async def runs(self) -> bytes:
        """Return the newest runs, newest first."""
        return _RUNS.dump_json(await self._store.index.last_runs(_RUNS_SHOWN)) + b"\n"

    async def remembered(self, board: str) -> bytes:
        """Return what is remembered of upstream's pages, and held, of the board with this id."""
        upstream = self._settings.upstream.url
        return (await remembered_board(self._store.index, upstream, board)).to_json()

    async def ledger(self, since: str | None) -> AsyncGenerator[bytes, None]:
        """Yield the lines of the ledger from *since* (a date) on."""
        first = _date(since)
        async for recorded in self._store.ledger.entries():
            if first is None or recorded.entry.time.date() >= first:
                yield _RECORDED.dump_json(recorded) + b"\n"

    async def _ask_for_sync(self) -> int:
        return (await self.syncs.ask()).exit_status

    async def _sync(self, report: Callable[[Progress], None]) -> Outcome:
        self._log.info("sync begins", upstream=self._settings.upstream.url)
        outcome = await self._outcome(report)
        self.schedule.heed(outcome.exit_status)
        await self.upkeep.look_again()
        self._tell(outcome)
        return outcome

    async def _outcome(self, report: Callable[[Progress], None]) -> Outcome:
        try:
            async with self._turn:
                return await sync_once(self._settings, self._store, report, reach=self._reach)
        except MirrorError as error:
            return Outcome(Ending.FAILED, str(error), error.exit_status)
        except Exception as error:  # noqa: BLE001 - the last resort of a daemon that must stay up
            # The daemon serves on whatever a run meets; the log has where it was.
            self._log.exception("a sync run met an error that nobody foresaw")
            return Outcome(Ending.FAILED, f"unforeseen: {type(error).__name__}: {error}", 1)

    def _tell(self, outcome: Outcome) -> None:
        for trouble in outcome.troubles[:_TROUBLES_LOGGED]:
            self._log.warning("trouble", subject=trouble.subject, text=trouble.text)
        for waiting in outcome.awaiting[:_TROUBLES_LOGGED]:
            self._log.info("awaiting a second look", subject=waiting.subject, text=waiting.text)
        for remark in outcome.remarks[:_TROUBLES_LOGGED]:
            self._log.info("left out", subject=remark.subject, text=remark.text)
        after = self.schedule.next_run
        tell = self._log.info if outcome.complete else self._log.warning
        event = "sync ends"
        if outcome.exit_status == _UNREACHABLE:
            event = "upstream can not be reached; what is held is served"
        tell(
            event,
            outcome=outcome.ending.value,
            message=outcome.message,
            publication=outcome.sequence,
            next_run=stamp(after) if after else None,
            **outcome.counts(),
        )


def artifact_of(sighting: Sighting) -> Artifact:
    """Return what serving needs to know of what was first seen as *sighting*."""
    name = ArtifactName.parse(sighting.name)
    facts = sighting.verdict.facts
    return Artifact(
        name=sighting.name,
        board=sighting.board,
        version=str(name.version),
        kind=name.kind,
        size=sighting.size,
        flash_offset=facts.offset if facts else None,
        sums=bytes.fromhex(sighting.digest.hex + (sighting.md5 or "")),
    )


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadQueryError(f"since is a date such as 2026-04-06, not {text[:40]!r}") from error
