"""What the daemon does when operators ask: one sync run at a time, and looks at what is.

Also where a run of the schedule begins: every run of a daemon goes through here, so that
all of them are logged, remembered, and heeded by the schedule.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from mirror.daemon.artifacts import artifact_of
from mirror.daemon.bringing import ADDED, ADOPTED, hands_of, named_path, read_wish
from mirror.daemon.carrying import CARRIED, REFUSAL, all_receipts, carry_in
from mirror.daemon.channels import ChannelDesk
from mirror.daemon.disk_levels import levels_of
from mirror.daemon.health import health_of, old_data
from mirror.daemon.hooks import Hooks
from mirror.daemon.judging import ask_to_judge, judge_of
from mirror.daemon.once import sync_once
from mirror.daemon.parts import now
from mirror.daemon.pinning import order_lines, pinner_of
from mirror.daemon.pruning import Pruning, Rules
from mirror.daemon.resting import Resting
from mirror.daemon.runs import Runs
from mirror.daemon.schedule import Schedule
from mirror.daemon.since import since, spell
from mirror.daemon.status import status_of
from mirror.daemon.status_document import Moment, Status, encode_status
from mirror.daemon.telling import tell_outcome
from mirror.daemon.totals import Totals
from mirror.daemon.upkeep import Upkeep
from mirror.errors import MirrorError, RefusedError
from mirror.judgement.requests import decode_request, encode_ruling
from mirror.shapes import Shape
from mirror.storage.runs import Run
from mirror.storage.threads import to_end
from mirror.sync.adopting import adopt
from mirror.sync.causes import cause_of
from mirror.sync.known_board import known_board
from mirror.sync.outcome import Ending, Outcome, Progress
from mirror.sync.own_builds import add
from mirror.sync.rendering_anew import render_anew
from mirror.upstream.restraint import Restraint
from mirror.web.traffic import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from mirror.cache.on_demand import OnDemand
    from mirror.catalog.values import Digest
    from mirror.config import Settings
    from mirror.daemon.carrying import Carried
    from mirror.daemon.log import Logger
    from mirror.daemon.reach import Reach
    from mirror.errors import UpstreamRestingError
    from mirror.storage.store import Store
    from mirror.web.artifacts import Artifact

_RUNS_SHOWN: Final = 100
_MOST_TOLD: Final = 100
_RUNS = Shape(list[Run])
_NEWS: Shape[Progress | Outcome] = Shape(Progress | Outcome)


class Operations:
    """The operations of one daemon over its store."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reach: Reach,
        on_demand: OnDemand,
        log: Logger,
        pruning: Pruning | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._reach = reach
        self._on_demand = on_demand
        self._log = log
        self._pruning = pruning or Pruning(settings, store, log)
        self._judge = judge_of(settings, store)
        self.hooks = Hooks(settings, store, log, self._status)
        self.channels = ChannelDesk(settings, store, log, self.hooks.stir)
        # Sync runs and healing take turns: no file is fetched twice at once, and the set rate
        # is that of one of them.
        self._turn = asyncio.Lock()
        self.syncs = Runs(self._sync)
        self._pinner = pinner_of(settings, store, reach, self._turn, lambda: self.syncs.running)
        self.upkeep = Upkeep(settings, store, reach, log, self._turn, self._sync_now)
        self.resting = Resting(settings.upstream.quiet_hours, reach.budget, clock=now)
        self.schedule = Schedule(
            self._ask_for_sync,
            every=settings.schedule.every,
            jitter=settings.schedule.jitter,
            clock=now,
            rest=self.resting.at,
        )
        self.totals = Totals()
        # Whether somebody waits for the run that is under way: it rests for nobody.
        self._by_hand = False

    async def status(self) -> bytes:
        """Return what ``/v1/status.json`` says."""
        return encode_status(await self._status())

    async def counted(self, tally: bytes) -> None:
        """Add what a serving process has answered."""
        self.totals.answers.add(Tally.decode(tally))

    async def metrics(self) -> bytes:
        """Return how the node is, in the text format of Prometheus."""
        # Here, because only who is asked for metrics needs it.
        from mirror.daemon.metrics import render_metrics  # noqa: PLC0415 - see above

        return await to_end(render_metrics, await self._status(), self.totals)

    async def judge(self, request: bytes, operator: str | None) -> bytes:
        """Do what somebody decided; return what came of it, which is in force then."""
        asked = decode_request(request)
        status = await self._status()
        ruling = await ask_to_judge(self._settings, self._judge, asked, status, operator)
        self._log.info("judged", what=asked.what.value, text=ruling.text, by=asked.by)
        self.hooks.stir()
        return encode_ruling(ruling)

    async def settle(self) -> None:
        """Have in force what was recalled and what was set before this daemon began."""
        try:
            await self._judge.settle()
        except MirrorError as error:
            self._log.warning("what is recalled could not be looked at", error=str(error))
        try:
            sequence = await render_anew(self._store, self._settings.upstream.url, now())
        except MirrorError as error:
            self._log.warning("pages and lists could not be rendered anew", error=str(error))
        else:
            if sequence is not None:
                self._log.info("rendered pages and lists anew", publication=sequence)
        await self.channels.settle()

    async def _status(self) -> Status:
        rest = self.schedule.next_rest
        moment = Moment(
            now=now(),
            running=self.syncs.status(),
            doubt=self._pruning.doubt(),
            levels=levels_of(self._settings),
            next_run=self.schedule.next_run,
            next_run_why=rest.why if rest else None,
            upstream_health=await health_of(self._settings, self._store, self._reach, self.resting),
            upkeep=self.upkeep.status(),
            alarms=(
                *self.upkeep.alarms(),
                *self.hooks.alarms(),
                *await to_end(old_data, self._settings, now()),
            ),
            hooks=self.hooks.status(),
        )
        settings = self._settings
        return await status_of(
            self._store,
            settings.data_dir,
            settings.upstream.url,
            moment,
            offline=settings.offline,
        )

    async def fetch(self, name: str) -> Artifact:
        """Return the artifact *name*, fetched on demand if it is not held; raise why not."""
        return artifact_of(await self._on_demand.fetch(name))

    async def damaged(self, digest: Digest) -> None:
        """Look at a blob that somebody found damaged or missing, and heal it if it is."""
        await self.upkeep.damaged(digest)

    async def accessed(self, digests: Collection[Digest]) -> None:
        """Take note that files on demand were asked for."""
        self._pruning.accessed(digests)

    async def prune(self) -> bytes:
        """Let go of what nobody needs; return the report."""
        return (await self._pruning.prune()).to_json()

    async def preview_prune(self, rules: bytes) -> bytes:
        """Say what would go by *rules* (JSON; those in force, if empty); return the report."""
        asked = Rules.from_json(rules) if rules else None
        return (await self._pruning.preview(asked)).to_json()

    async def sync(self) -> AsyncGenerator[bytes, None]:
        """Begin a sync run, or join the one under way; yield its progress, then its outcome."""
        self._by_hand = True
        async with aclosing(self.syncs.watch()) as news:
            async for step in news:
                # A line has its limit: a run that got nothing names a hundred, and counts the rest.
                told = step.shortened(_MOST_TOLD) if isinstance(step, Outcome) else step
                yield _NEWS.dump_json(told) + b"\n"

    def pin(self, order: bytes) -> AsyncGenerator[bytes, None]:
        """Pin or unpin as *order* says; yield the progress, then what came of it."""
        return order_lines(self._pinner, order)

    async def adopt(self, folder: str) -> AsyncGenerator[bytes, None]:
        """Adopt what lies in *folder*, as this process sees it; yield each file, then the sum."""
        async with (
            self._turn,
            hands_of(self._settings, self._store, self._reach.turns) as hands,
            aclosing(adopt(hands, named_path(folder))) as files,
        ):
            async for one in files:
                yield ADOPTED.dump_json(one) + b"\n"

    async def add(self, request: Mapping[str, str]) -> bytes:
        """Add the own build that *request* describes; return what became of it."""
        path, wish = read_wish(request)
        async with self._turn, hands_of(self._settings, self._store, self._reach.turns) as hands:
            return ADDED.dump_json(await add(hands, path, wish)) + b"\n"

    async def carry_in(
        self, files: Sequence[str], *, dry_run: bool, channel: str
    ) -> AsyncGenerator[bytes, None]:
        """Import the bundle of *files*; yield what came of it, or the sentence that refuses it."""
        try:
            done = await self.take_in(list(map(named_path, files)), channel, dry_run=dry_run)
        except RefusedError as error:
            self._log.warning("a bundle is refused", why=str(error))
            yield REFUSAL.dump_json({"refused": str(error)}) + b"\n"
            return
        yield CARRIED.dump_json(done) + b"\n"

    async def take_in(
        self, paths: Sequence[Path], channel: str, *, dry_run: bool = False
    ) -> Carried:
        """Import the bundle of *paths* to *channel*; raises what `carry_in` of the daemon does."""
        async with self._turn:
            done = await carry_in(
                self._settings,
                self._store,
                paths,
                lambda _done, _total: None,
                dry_run=dry_run,
                channel=channel,
            )
        self._log.info("a bundle came in", publication=done.publication, new=done.new)
        self.hooks.stir()
        return done

    async def receipts(self) -> bytes:
        """Return the receipts of all imports, newest first."""
        return await all_receipts(self._settings)

    async def runs(self) -> bytes:
        """Return the newest runs, newest first."""
        return _RUNS.dump_json(await self._store.index.last_runs(_RUNS_SHOWN)) + b"\n"

    async def remembered(self, board: str) -> bytes:
        """Return what is remembered of upstream's pages, and held, of the board with this id."""
        upstream = self._settings.upstream.url
        return (await known_board(self._store, upstream, board)).to_json()

    async def ledger(self, first: str | None) -> AsyncGenerator[bytes, None]:
        """Yield the lines of the ledger from *first* on: a date, a time, or a line's number."""
        wanted = since(first)
        async for recorded in self._store.ledger.entries():
            if wanted(recorded):
                yield spell(recorded)

    async def _sync_now(self) -> Outcome:
        """Run for somebody who waits for it."""
        self._by_hand = True
        return await self.syncs.ask()

    async def _ask_for_sync(self) -> int:
        if not self.syncs.running:
            self._by_hand = False
        return (await self.syncs.ask()).exit_status

    async def _sync(self, report: Callable[[Progress], None]) -> Outcome:
        self._log.info("sync begins", upstream=self._settings.upstream.url)
        restraint = Restraint(self._objection)
        begun = time.monotonic()
        outcome = await self._outcome(report, restraint)
        self.totals.note_run(outcome, time.monotonic() - begun)
        self._by_hand = False
        self.schedule.heed(outcome.exit_status)
        if restraint.met is not None:
            self.schedule.continue_after_rest()
        await self.settle()
        await self.upkeep.look_again()
        await self._pruning.after_run()
        tell_outcome(self._log, outcome, self.schedule)
        self.hooks.stir()
        return outcome

    def _objection(self) -> UpstreamRestingError | None:
        return None if self._by_hand else self.resting.objection()

    async def _outcome(self, report: Callable[[Progress], None], restraint: Restraint) -> Outcome:
        try:
            async with self._turn:
                return await sync_once(
                    self._settings, self._store, report, reach=self._reach, restraint=restraint
                )
        except MirrorError as error:
            return Outcome(Ending.FAILED, str(error), error.exit_status, cause=cause_of(error))
        except Exception as error:  # noqa: BLE001 - the last resort of a daemon that must stay up
            # The daemon serves on whatever a run meets; the log has where it was.
            self._log.exception("a sync run met an error that nobody foresaw")
            return Outcome(Ending.FAILED, f"unforeseen: {type(error).__name__}: {error}", 1)
