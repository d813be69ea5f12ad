"""How this node is: what it holds, what is missing and why, and what happens next.

The same value is served at ``/v1/status.json`` and printed by ``mpmirror status``.  It names
no person and no client.  *Complete* means that everything asked for is held and accepted.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.daemon.alarms import (
    change_alarm,
    clock_alarms,
    dealt_with,
    end_is_judged,
    judged,
    run_alarms,
    sibling_alarm,
    trouble_alarm,
)
from mirror.daemon.counting import Known, count
from mirror.daemon.last_prune import find_prune
from mirror.daemon.settled import settled
from mirror.daemon.status_document import (
    RUN,
    Alarm,
    ChannelStatus,
    DiskStatus,
    HeldStatus,
    Moment,
    PinsStatus,
    PublicationStatus,
    RunStatus,
    Status,
)
from mirror.daemon.version import VERSION
from mirror.errors import DamagedError, NotFoundError
from mirror.publication.alarms import advice
from mirror.publication.documents import decode_publication
from mirror.storage.channels import promoted_channels, read_root
from mirror.sync.pinned import missing_pinned, recalled_pinned
from mirror.sync.publish import CHANNEL, stamp

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.store import Store
    from mirror.sync.outcome import Outcome

LAST_OUTCOME: Final = "last-outcome"
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_SHOWN: Final = 100


async def remember_outcome(store: Store, outcome: Outcome, ended: datetime) -> None:
    """Keep how the last run ended, for a status after a restart."""
    run = RunStatus(stamp(ended), outcome.shortened(_MOST_SHOWN))
    await store.index.set_mark(LAST_OUTCOME, RUN.dump_json(run).decode())


async def status_of(
    store: Store, folder: Path, upstream: str, moment: Moment, *, offline: bool
) -> Status:
    """Look at *store* and say how it is; raises `StorageError` when it can not be read."""
    pinned, pinned_names, damaged_pins = await _pinned(store, moment.now)
    last, alarms = await _alarms(store, moment, damaged_pins)
    totals = await store.index.totals()
    disk = await asyncio.to_thread(shutil.disk_usage, folder)
    notes = await store.quarantine.notes()
    known = Known(
        pinned=pinned_names,
        unpinned=pinned.missing,
        acknowledged={alarm.name for alarm in alarms if alarm.acknowledged is not None},
        notes=notes,
        reasons=_reasons(last),
    )
    counted = await count(store, known)
    pinned = replace(pinned, missing=pinned.missing[:_MOST_SHOWN])
    return Status(
        version=VERSION,
        node=store.node.node_id,
        lineage=store.node.lineage,
        upstream=upstream,
        offline=offline,
        complete=last is not None
        and (last.outcome.complete or (counted.known and end_is_judged(last, alarms)))
        and _sound(moment, alarms)
        and not pinned.missing
        and (counted.completeness is None or counted.completeness.whole)
        and not damaged_pins,
        publication=await _publication(store, moment.now),
        held=HeldStatus(totals.artifacts, totals.size),
        quarantined=len(notes),
        alarms=alarms,
        running=moment.running,
        last_run=last,
        next_run=stamp(moment.next_run) if moment.next_run else None,
        disk=DiskStatus(
            total=disk.total,
            free=disk.free,
            held=await store.index.held_bytes(),
            on_demand=counted.total.cached.size,
            levels=moment.levels(disk.total) if moment.levels else None,
        ),
        upkeep=moment.upkeep,
        pinned=pinned,
        withdrawn=await store.index.withdrawn_and_held(),
        next_run_why=moment.next_run_why,
        upstream_health=moment.upstream_health,
        recalled=len(await store.index.recalls()),
        completeness=counted.completeness,
        ports=counted.ports,
        total=counted.total,
        last_prune=await find_prune(store.index),
        channels=await _channels(store),
        hooks=moment.hooks,
    )


async def _channels(store: Store) -> tuple[ChannelStatus, ...]:
    """Return the channels that somebody promotes, those for which something waits among them."""
    waiting = await store.proposals.all()
    names = sorted({*await promoted_channels(store), *waiting})
    return tuple([await _channel(store, name, len(waiting.get(name, ()))) for name in names])


async def _channel(store: Store, channel: str, waiting: int) -> ChannelStatus:
    try:
        digest = await store.publications.current(channel)
        root = await read_root(store.blobs, digest) if digest else None
    except NotFoundError:
        root = None  # a check names it as damage
    if root is None:
        return ChannelStatus(channel, None, None, waiting)
    return ChannelStatus(channel, root.sequence, root.published, waiting)


async def _pinned(
    store: Store, now: datetime
) -> tuple[PinsStatus, frozenset[str], tuple[Alarm, ...]]:
    """Return what is pinned and not held, the pinned names that count, and an alarm if any."""
    try:
        pins = await store.pins.all()
        missing = await missing_pinned(store)
        recalled = await recalled_pinned(store)
    except DamagedError as error:
        alarm = Alarm("damaged", "pins", str(error), stamp(now), todo=advice("pins", ""))
        return PinsStatus(0, 0), frozenset(), (alarm,)
    names = frozenset(name for pin in pins for name in pin.names)
    absent = tuple(name for name in missing if name not in recalled)
    return PinsStatus(len(pins), len(names), absent), names - recalled, ()


def _reasons(last: RunStatus | None) -> dict[str, str]:
    if last is None:
        return {}
    return {trouble.subject: trouble.text for trouble in last.outcome.troubles}


async def judged_outcome(store: Store, outcome: Outcome, now: datetime) -> Outcome:
    """Return *outcome* as it counts with what was acknowledged; raises `StorageError`."""
    run, _ = await _judged_run(store, RunStatus(stamp(now), outcome), now)
    return run.outcome


async def _publication(store: Store, now: datetime) -> PublicationStatus | None:
    digest = await store.publications.current(CHANNEL)
    if digest is None:
        return None
    root = decode_publication(await store.blobs.read(digest, max_bytes=_MOST_BYTES))
    age = now - datetime.fromisoformat(root.published)
    return PublicationStatus(root.sequence, root.published, int(age.total_seconds()))


async def find_last_run(store: Store) -> RunStatus | None:
    """Return how the last run ended, None when no run has; raises `StorageError`."""
    mark = await store.index.find_mark(LAST_OUTCOME)
    if mark is None:
        return None
    try:
        return RUN.validate_json(mark)
    except ValidationError:
        # Another version wrote it; it may be lost, and the next run writes it anew.
        return None


async def _alarms(
    store: Store, moment: Moment, more: tuple[Alarm, ...]
) -> tuple[RunStatus | None, tuple[Alarm, ...]]:
    """Return the last run as it counts, and every alarm, judged or not."""
    acknowledged = await store.index.acknowledged()
    changes = await store.index.changes(limit=_MOST_SHOWN)
    served = await store.index.held_digests(change.name for change in changes)
    differing = await store.index.disagreements(limit=_MOST_SHOWN)
    last = await find_last_run(store)
    crawl = await store.index.last_complete_crawl()
    alarms = [
        *run_alarms(last, crawl.finished if crawl else None),
        *clock_alarms(moment.doubt, moment.now),
        *(change_alarm(change, served=change.name in served) for change in changes),
        *(sibling_alarm(one) for one in differing),
        *moment.alarms,
        *more,
    ]
    others = judged(alarms, acknowledged, moment.now)
    if last is None:
        return None, others
    run, troubles = await _judged_run(store, last, moment.now)
    return run, (*troubles, *others)


async def _judged_run(
    store: Store, run: RunStatus, now: datetime
) -> tuple[RunStatus, tuple[Alarm, ...]]:
    run = replace(run, outcome=await settled(store.index, run.outcome))
    troubles = run.outcome.troubles
    refusals = await store.index.refusals_of(trouble.subject for trouble in troubles)
    alarms = judged(
        [trouble_alarm(trouble, refusals, run.ended) for trouble in troubles],
        await store.index.acknowledged(),
        now,
    )
    closed = {
        trouble: alarm.acknowledged
        for trouble, alarm in zip(troubles, alarms, strict=True)
        if alarm.acknowledged is not None
    }
    return replace(run, outcome=dealt_with(run.outcome, closed)), alarms


def _sound(moment: Moment, alarms: tuple[Alarm, ...]) -> bool:
    """Whether nothing is known to be damaged, but for what somebody has judged."""
    closed = [one for one in alarms if one.alarm == "damaged" and one.acknowledged is not None]
    return moment.sound or (moment.upkeep is not None and len(closed) >= moment.upkeep.damaged)
