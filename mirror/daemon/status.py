"""How this node is: what it holds, what is missing and why, and what happens next.

The same value is served at ``/v1/status.json`` and printed by ``mpmirror status``.  It names
no person and no client.  *Complete* means that everything asked for is held and accepted.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from mirror.daemon.alarms import change_alarm, dealt_with, judged, trouble_alarm
from mirror.daemon.upstream_status import UpstreamHealth
from mirror.daemon.version import VERSION
from mirror.errors import DamagedError, MirrorError
from mirror.publication.documents import decode_publication
from mirror.sync.outcome import Outcome, Progress
from mirror.sync.pinned import missing_pinned
from mirror.sync.publish import CHANNEL, stamp

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.store import Store

LAST_OUTCOME: Final = "last-outcome"
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class PublicationStatus:
    """The current publication: its sequence, when it was made, and its age in seconds."""

    sequence: int
    published: str
    age_seconds: int


@dataclass(frozen=True, slots=True)
class HeldStatus:
    """How many artifacts are held and accepted, and their bytes."""

    artifacts: int
    size: int


@dataclass(frozen=True, slots=True)
class DiskStatus:
    """The disk of the data directory, in bytes."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The last sync run that ended, and when."""

    ended: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person should judge: what, about which name, and the facts.

    ``id`` is what `mpmirror acknowledge` takes, ``todo`` what can be done; ``acknowledged``
    is the reason of whoever judged these very facts.
    """

    alarm: str
    name: str
    text: str
    since: str
    id: str = ""
    todo: str = ""
    acknowledged: str | None = None


@dataclass(frozen=True, slots=True)
class CheckStatus:
    """A full check: when it began, how many blobs it has hashed, how much damage it found.

    ``ended`` is None while it goes on.
    """

    begun: str
    blobs: int
    found: int
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class UpkeepStatus:
    """How what is held is looked after: *damaged* wait to be healed, *healed* since the start."""

    damaged: int
    healed: int
    check: CheckStatus | None = None
    last_check: CheckStatus | None = None


@dataclass(frozen=True, slots=True)
class PinsStatus:
    """How many pins there are, the artifacts that they name, and those that are not held."""

    pins: int
    artifacts: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """All of it; None where there is nothing yet.  Times are RFC 3339 in UTC.

    ``withdrawn`` counts what is held and no longer listed upstream.
    """

    version: str
    node: str
    lineage: str
    upstream: str
    offline: bool
    complete: bool
    publication: PublicationStatus | None
    held: HeldStatus
    quarantined: int
    alarms: tuple[Alarm, ...]
    running: Progress | None
    last_run: RunStatus | None
    next_run: str | None
    disk: DiskStatus
    upkeep: UpkeepStatus | None = None
    pinned: PinsStatus | None = None
    withdrawn: int = 0
    next_run_why: str | None = None
    upstream_health: UpstreamHealth | None = None
    recalled: int = 0
    type: str = "mpmirror.status"
    format: int = 1

    @property
    def exit_status(self) -> int:
        """What ``mpmirror status`` ends with: 0 complete, else that of the last run, or 4.

        4 also while an alarm is open that nobody judged.
        """
        if self.complete and not self.open_alarms:
            return 0
        return (self.last_run.outcome.exit_status if self.last_run else 0) or 4

    @property
    def open_alarms(self) -> tuple[Alarm, ...]:
        """The alarms that nobody judged."""
        return tuple(alarm for alarm in self.alarms if alarm.acknowledged is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What only the daemon knows of this moment; nothing of it is on disk."""

    now: datetime
    running: Progress | None = None
    next_run: datetime | None = None
    next_run_why: str | None = None
    upstream_health: UpstreamHealth | None = None
    upkeep: UpkeepStatus | None = None
    alarms: tuple[Alarm, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is known to be damaged."""
        return self.upkeep is None or not self.upkeep.damaged


_STATUS = TypeAdapter(Status)
_RUN = TypeAdapter(RunStatus)


def encode_status(status: Status) -> bytes:
    """Return *status* as JSON."""
    return _STATUS.dump_json(status, indent=1) + b"\n"


def decode_status(data: bytes) -> Status:
    """Read what `encode_status` of this or a later version wrote; raise `MirrorError`."""
    try:
        return _STATUS.validate_json(data)
    except ValidationError as error:
        raise MirrorError(f"the daemon's status can not be read: {error}") from error


async def remember_outcome(store: Store, outcome: Outcome, ended: datetime) -> None:
    """Keep how the last run ended, for a status after a restart."""
    run = RunStatus(stamp(ended), outcome.shortened(_MOST_SHOWN))
    await store.index.set_mark(LAST_OUTCOME, _RUN.dump_json(run).decode())


async def status_of(
    store: Store, folder: Path, upstream: str, moment: Moment, *, offline: bool
) -> Status:
    """Look at *store* and say how it is; raises `StorageError` when it can not be read."""
    pinned, damaged_pins = await _pinned(store, moment.now)
    last, alarms = await _alarms(store, moment, damaged_pins)
    totals = await store.index.totals()
    disk = await asyncio.to_thread(shutil.disk_usage, folder)
    notes = await store.quarantine.notes()
    return Status(
        version=VERSION,
        node=store.node.node_id,
        lineage=store.node.lineage,
        upstream=upstream,
        offline=offline,
        complete=last is not None
        and last.outcome.complete
        and _sound(moment, alarms)
        and not pinned.missing
        and not damaged_pins,
        publication=await _publication(store, moment.now),
        held=HeldStatus(totals.artifacts, totals.size),
        quarantined=len(notes),
        alarms=alarms,
        running=moment.running,
        last_run=last,
        next_run=stamp(moment.next_run) if moment.next_run else None,
        disk=DiskStatus(disk.total, disk.free),
        upkeep=moment.upkeep,
        pinned=pinned,
        withdrawn=await store.index.withdrawn_and_held(),
        next_run_why=moment.next_run_why,
        upstream_health=moment.upstream_health,
        recalled=len(await store.index.recalls()),
    )


async def _pinned(store: Store, now: datetime) -> tuple[PinsStatus, tuple[Alarm, ...]]:
    try:
        pins = await store.pins.all()
        missing = await missing_pinned(store)
    except DamagedError as error:
        return PinsStatus(0, 0), (Alarm("damaged", "pins", str(error), stamp(now)),)
    names = {name for pin in pins for name in pin.names}
    return PinsStatus(len(pins), len(names), missing[:_MOST_SHOWN]), ()


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
        return _RUN.validate_json(mark)
    except ValidationError:
        # Another version wrote it; it may be lost, and the next run writes it anew.
        return None


async def _alarms(
    store: Store, moment: Moment, more: tuple[Alarm, ...]
) -> tuple[RunStatus | None, tuple[Alarm, ...]]:
    """Return the last run as it counts, and every alarm, judged or not."""
    acknowledged = await store.index.acknowledged()
    changes = await store.index.changes(limit=_MOST_SHOWN)
    alarms = [*(change_alarm(Alarm, change) for change in changes), *moment.alarms, *more]
    others = judged(alarms, acknowledged, moment.now)
    last = await find_last_run(store)
    if last is None:
        return None, others
    run, troubles = await _judged_run(store, last, moment.now)
    return run, (*troubles, *others)


async def _judged_run(
    store: Store, run: RunStatus, now: datetime
) -> tuple[RunStatus, tuple[Alarm, ...]]:
    troubles = run.outcome.troubles
    refusals = await store.index.refusals_of(trouble.subject for trouble in troubles)
    alarms = judged(
        [trouble_alarm(Alarm, trouble, refusals, run.ended) for trouble in troubles],
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
