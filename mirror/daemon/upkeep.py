"""The daemon looks after what it holds: it heals damage, and checks everything in time.

What serving, `mpmirror check` or the full check found is looked at first; what is really
damaged is no longer served, by any process, from that moment on.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.daemon.parts import now
from mirror.daemon.status_document import Alarm, CheckStatus, UpkeepStatus
from mirror.errors import MirrorError
from mirror.publication.alarms import alarm_id
from mirror.sync.publish import stamp
from mirror.upkeep.heal import Healer
from mirror.upkeep.healing import Healing
from mirror.upkeep.rounds import FullCheck
from mirror.web.endless import endless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mirror.catalog.values import Digest
    from mirror.config import Settings
    from mirror.daemon.log import Logger
    from mirror.daemon.reach import Reach
    from mirror.storage.store import Store
    from mirror.sync.means import Means
    from mirror.sync.outcome import Progress
    from mirror.upkeep.check import Damage
    from mirror.upkeep.healing import Case
    from mirror.upkeep.rounds import Round

_MOST_SHOWN = 100


class Upkeep:
    """Looks after *store* from `start` to `close`; *turn* is held while upstream is asked."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reach: Reach,
        log: Logger,
        turn: asyncio.Lock,
        run: Callable[[], Awaitable[object]],
    ) -> None:
        self._reach = reach
        self._log = log
        self._turn = turn
        self._healer = Healer(
            store=store, upstream=settings.upstream.url, means=self._means, run=run, clock=now
        )
        self._examining = asyncio.Lock()
        self._healing = Healing(self._healer.heal, clock=now)
        self._check = FullCheck(store, self._found, every=settings.upkeep.full_check, clock=now)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to heal and to check."""
        self._tasks = {
            asyncio.create_task(endless(self._healing.run, "healing"), name="healing"),
            asyncio.create_task(endless(self._check.run, "the full check"), name="full check"),
        }

    async def close(self) -> None:
        """Stop, in order; where the check is, is remembered."""
        if not self._tasks:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        try:
            await self._check.save()
        except MirrorError as error:
            self._log.warning("where the full check is could not be remembered", error=str(error))

    async def damaged(self, digest: Digest) -> None:
        """Look at a blob that somebody found damaged or missing, and heal it if it is."""
        # One at a time: each is read whole.
        async with self._examining:
            wrong = await self._healer.examine(digest)
        if wrong is not None:
            self._log.warning("damage", digest=str(digest), wrong=wrong)
            self._healing.note(digest, wrong)

    async def look_again(self) -> None:
        """After a sync run: drop what it has healed."""
        try:
            await self._healing.look_again(self._healer.examine)
        except MirrorError as error:
            self._log.warning("what was damaged could not be looked at", error=str(error))

    def status(self) -> UpkeepStatus:
        """Say how it goes."""
        rounds = self._check.rounds
        return UpkeepStatus(
            damaged=len(self._healing.cases),
            healed=self._healing.healed,
            check=_spelled(rounds.current),
            last_check=_spelled(rounds.last),
        )

    def alarms(self) -> tuple[Alarm, ...]:
        """Name what waits to be healed, and what the newest check found that nobody can heal."""
        cases = [_alarm(case) for case in self._healing.cases[:_MOST_SHOWN]]
        rounds = self._check.rounds
        newest = rounds.current if rounds.current and rounds.current.found else rounds.last
        return (*cases, *(_findings(newest) if newest else ()))

    async def _found(self, damage: Damage) -> None:
        self._log.error("the full check found damage", subject=damage.subject, text=damage.text)
        if damage.digest is not None:
            await self.damaged(damage.digest)

    @asynccontextmanager
    async def _means(self) -> AsyncIterator[Means]:
        async with self._turn:
            yield await self._reach.means(_nobody)


def _nobody(_progress: Progress) -> None:
    """Tell nobody."""


def _spelled(one: Round | None) -> CheckStatus | None:
    if one is None:
        return None
    ended = stamp(one.ended) if one.ended else None
    return CheckStatus(stamp(one.begun), one.blobs, one.found, ended)


def _alarm(case: Case) -> Alarm:
    pause = max(0.0, case.due - asyncio.get_running_loop().time())
    due = stamp(now() + timedelta(seconds=pause))
    # The alarm is called damaged already.
    wrong = "" if case.wrong == "damaged" else f"{case.wrong}, "
    text = f"{wrong}not served; fetched again at {due}"
    if case.failure:
        text += f"; the last attempt failed: {case.failure}"
    known_as = alarm_id("damaged", str(case.digest), case.wrong)
    return Alarm("damaged", str(case.digest), text, stamp(case.since), id=known_as)


def _findings(one: Round) -> list[Alarm]:
    return [
        Alarm("check", finding.subject, finding.text, stamp(one.begun))
        for finding in one.findings
        if finding.digest is None
    ]
