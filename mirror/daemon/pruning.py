"""The daemon lets go of what nobody needs: after each sync run, and when room is needed.

Also where the rules of pruning are put together for everybody who prunes: who keeps what is
said in `terms_of`.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from pydantic import ValidationError

from mirror.catalog.policy import Policy
from mirror.daemon.last_prune import remember_failure, remember_prune
from mirror.daemon.parts import now, policy_of
from mirror.errors import DoubtfulClockError, MalformedOrderError, MirrorError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.upkeep.accesses import Accesses
from mirror.upkeep.doubt import ClockWatch
from mirror.upkeep.keeping import foresight_of, judge_of, pins_of
from mirror.upkeep.marking import Retention
from mirror.upkeep.prune import Kept
from mirror.upkeep.pruner import Pruner, Service, Terms
from mirror.upkeep.room import RoomOnDemand, Waters
from mirror.web.endless import endless

if TYPE_CHECKING:
    from collections.abc import Collection

    from mirror.catalog.values import Digest
    from mirror.config import Settings
    from mirror.daemon.log import Logger
    from mirror.storage.store import Store
    from mirror.upkeep.pruner import Report

# What a crash takes of the time of service and of the accesses.
_EVERY: Final = 3600.0
# A clock that jumped is noticed within this time.
_LOOK: Final = 60.0
_MOST_LOGGED: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What of the settings decides what goes, so that a command can ask a daemon about others."""

    policy: Policy
    grace: timedelta
    retention: Retention

    def to_json(self) -> bytes:
        """Return all of it as JSON, which `from_json` reads back."""
        return _RULES.dump_json(self) + b"\n"

    @classmethod
    def from_json(cls, document: bytes) -> Rules:
        """Read what `to_json` wrote; raise `MalformedOrderError` for anything else."""
        try:
            return _RULES.validate_json(document)
        except (ValidationError, MirrorError) as error:
            raise MalformedOrderError(f"these are no rules of pruning: {error}") from error


_RULES = Shape(Rules)


def rules_of(settings: Settings) -> Rules:
    """Return what *settings* say of pruning."""
    retention = settings.retention
    return Rules(
        policy=policy_of(settings),
        grace=settings.policy.grace,
        retention=Retention(publications=retention.publications, age=retention.age),
    )


def terms_of(rules: Rules, store: Store, upstream: str, accesses: Accesses) -> Terms:
    """Return who keeps what of *store* by *rules*, and for how long."""
    kept = Kept(
        keepers=(pins_of(store),),
        judge=judge_of(store, rules.policy),
        asked=accesses.latest,
        foresight=foresight_of(store, upstream, rules.policy),
    )
    return Terms(grace=rules.grace, retention=rules.retention, kept=kept)


def pruner_of(settings: Settings, store: Store) -> Pruner:
    """Return what prunes *store* outside of a daemon, where no time of service passes."""
    watch = ClockWatch(now, time.monotonic)
    terms = terms_of(rules_of(settings), store, settings.upstream.url, Accesses(now))
    return Pruner(store, terms, clock=now, doubt=watch.doubt)


def room_of(settings: Settings, pruner: Pruner, accesses: Accesses | None = None) -> RoomOnDemand:
    """Return what makes room for files that come."""
    waters = Waters(high=settings.disk.high_water, low=settings.disk.low_water)
    return RoomOnDemand(pruner, waters, accesses or Accesses(now))


def doubt_now(store: Store) -> str | None:
    """Say why the clock is not believed, as far as one look can tell."""
    return ClockWatch(now, time.monotonic).doubt(store.ledger.newest)


class Pruning:
    """Prunes *store* from `start` to `close`; ``room`` is for everybody who takes files in."""

    def __init__(self, settings: Settings, store: Store, log: Logger) -> None:
        self._log = log
        self._store = store
        self._upstream = settings.upstream.url
        self._watch = ClockWatch(now, time.monotonic)
        self._service = Service(time.monotonic)
        self.accesses = Accesses(now)
        self._pruner = self._pruner_by(rules_of(settings))
        self.room = room_of(settings, self._pruner, self.accesses)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to count the time of service."""
        self._task = asyncio.create_task(
            endless(self._count, "counting the time of service"), name="time of service"
        )

    async def close(self) -> None:
        """Stop, and remember what was counted."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._remember()

    def doubt(self) -> str | None:
        """Say why the clock is not believed; None while it is."""
        return self._watch.doubt(self._store.ledger.newest)

    async def prune(self) -> Report:
        """Prune now; raises as `Pruner.prune`."""
        report = await self._pruner.prune(dry_run=False)
        self._tell(report)
        await remember_prune(self._store.index, report, now())
        return report

    async def preview(self, rules: Rules | None = None) -> Report:
        """Say what would go, by other *rules* than those in force if there are; raises likewise."""
        pruner = self._pruner if rules is None else self._pruner_by(rules)
        return await pruner.prune(dry_run=True)

    async def after_run(self) -> None:
        """After a sync run: prune, and see that what is held is within its bounds."""
        try:
            await self.prune()
            await self.room.demand(0)
        except DoubtfulClockError as error:
            self._log.warning("nothing pruned", text=str(error))
            await remember_failure(self._store.index, str(error), now())
        except MirrorError as error:
            self._log.warning("pruning ended early", text=str(error))
            await remember_failure(self._store.index, str(error), now())
        except Exception:  # noqa: BLE001 - the run that was before has ended well all the same
            self._log.exception("pruning met an error that nobody foresaw")

    def accessed(self, digests: Collection[Digest]) -> None:
        """Take note that files on demand were asked for."""
        self.accesses.note(digests)

    def _pruner_by(self, rules: Rules) -> Pruner:
        terms = terms_of(rules, self._store, self._upstream, self.accesses)
        doubt = self._watch.doubt
        return Pruner(self._store, terms, clock=now, doubt=doubt, service=self._service)

    def _tell(self, report: Report) -> None:
        for one in report.gone[:_MOST_LOGGED]:
            self._log.info("let go", digest=str(one.digest), names=one.names, why=one.reason)
        for remark in report.remarks[:_MOST_LOGGED]:
            self._log.warning("prune", text=remark)
        if report.gone or report.forgotten:
            self._log.info(
                "pruned", blobs=len(report.gone), size=report.size, forgotten=len(report.forgotten)
            )

    async def _count(self) -> NoReturn:
        while True:
            for _ in range(int(_EVERY / _LOOK)):
                await asyncio.sleep(_LOOK)
                self._watch.look()
            await self._remember()

    async def _remember(self) -> None:
        try:
            await self._pruner.remember()
            await self.accesses.write(self._store.index)
        except MirrorError as error:
            self._log.warning("the time of service could not be remembered", text=str(error))
