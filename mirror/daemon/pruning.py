"""The daemon lets go of what nobody needs: after each sync run, and when room is needed.

Also where the rules of pruning are put together for everybody who prunes: who keeps what is
said in `kept_of`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, NoReturn

from mirror.daemon.last_prune import remember_failure, remember_prune
from mirror.daemon.parts import now, policy_of
from mirror.errors import DoubtfulClockError, MirrorError
from mirror.upkeep.accesses import Accesses
from mirror.upkeep.doubt import ClockWatch
from mirror.upkeep.keeping import judge_of, pins_of
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


def kept_of(settings: Settings, store: Store, accesses: Accesses) -> Kept:
    """Return who keeps what: the keepers by digest, and the judge by name."""
    judge = judge_of(store, policy_of(settings))
    return Kept(keepers=(pins_of(store),), judge=judge, asked=accesses.latest)


def terms_of(settings: Settings, store: Store, accesses: Accesses) -> Terms:
    """Return by which rules *store* is pruned."""
    retention = settings.retention
    return Terms(
        grace=settings.policy.grace,
        retention=Retention(publications=retention.publications, age=retention.age),
        kept=kept_of(settings, store, accesses),
    )


def pruner_of(settings: Settings, store: Store) -> Pruner:
    """Return what prunes *store* outside of a daemon, where no time of service passes."""
    watch = ClockWatch(now, time.monotonic)
    return Pruner(store, terms_of(settings, store, Accesses(now)), clock=now, doubt=watch.doubt)


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
        self._watch = ClockWatch(now, time.monotonic)
        self.accesses = Accesses(now)
        self._pruner = Pruner(
            store,
            terms_of(settings, store, self.accesses),
            clock=now,
            doubt=self._watch.doubt,
            service=Service(time.monotonic),
        )
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

    async def prune(self, *, dry_run: bool) -> Report:
        """Prune now, or say what that would do; raises as `Pruner.prune`."""
        report = await self._pruner.prune(dry_run=dry_run)
        if not dry_run:
            self._tell(report)
            await remember_prune(self._store.index, report, now())
        return report

    async def after_run(self) -> None:
        """After a sync run: prune, and see that what is held is within its bounds."""
        try:
            await self.prune(dry_run=False)
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
