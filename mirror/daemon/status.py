"""How this node is: what it holds, what is missing and why, and what happens next.

The same value is served at ``/v1/status.json`` and printed by ``mpmirror status``.  It names
no person and no client.  *Complete* means that everything asked for is held and accepted.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from mirror.daemon.version import VERSION
from mirror.errors import MirrorError
from mirror.publication.documents import decode_publication
from mirror.sync.outcome import Outcome, Progress
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
    """Something that a person should judge: what, about which name, and the facts."""

    alarm: str
    name: str
    text: str
    since: str


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
class Status:
    """All of it; None where there is nothing yet.  Times are RFC 3339 in UTC."""

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
    type: str = "mpmirror.status"
    format: int = 1

    @property
    def exit_status(self) -> int:
        """What ``mpmirror status`` ends with: 0 complete, else that of the last run, or 4."""
        if self.complete:
            return 0
        return (self.last_run.outcome.exit_status if self.last_run else 0) or 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What only the daemon knows of this moment; nothing of it is on disk."""

    now: datetime
    running: Progress | None = None
    next_run: datetime | None = None
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
    last = await _last_run(store)
    totals = await store.index.totals()
    disk = await asyncio.to_thread(shutil.disk_usage, folder)
    notes = await store.quarantine.notes()
    return Status(
        version=VERSION,
        node=store.node.node_id,
        lineage=store.node.lineage,
        upstream=upstream,
        offline=offline,
        complete=last is not None and last.outcome.complete and moment.sound,
        publication=await _publication(store, moment.now),
        held=HeldStatus(totals.artifacts, totals.size),
        quarantined=len(notes),
        alarms=(*await _alarms(store), *await _sibling_alarms(store), *moment.alarms),
        running=moment.running,
        last_run=last,
        next_run=stamp(moment.next_run) if moment.next_run else None,
        disk=DiskStatus(disk.total, disk.free),
        upkeep=moment.upkeep,
    )


async def _publication(store: Store, now: datetime) -> PublicationStatus | None:
    digest = await store.publications.current(CHANNEL)
    if digest is None:
        return None
    root = decode_publication(await store.blobs.read(digest, max_bytes=_MOST_BYTES))
    age = now - datetime.fromisoformat(root.published)
    return PublicationStatus(root.sequence, root.published, int(age.total_seconds()))


async def _last_run(store: Store) -> RunStatus | None:
    mark = await store.index.find_mark(LAST_OUTCOME)
    if mark is None:
        return None
    try:
        return _RUN.validate_json(mark)
    except ValidationError:
        # Another version wrote it; it may be lost, and the next run writes it anew.
        return None


async def _alarms(store: Store) -> tuple[Alarm, ...]:
    changes = await store.index.changes(limit=_MOST_SHOWN)
    held = await store.index.first_digests(change.name for change in changes)
    return tuple(
        Alarm(
            alarm="bytes-changed",
            name=change.name,
            text=f"first {change.first}, later {change.later}: "
            + ("the first bytes are served" if change.name in held else "neither is served"),
            since=stamp(change.time),
        )
        for change in changes
    )


async def _sibling_alarms(store: Store) -> tuple[Alarm, ...]:
    return tuple(
        Alarm(
            alarm="siblings-differ",
            name=one.name,
            text=f"it carries another program than {one.sibling} of the same build",
            since=stamp(one.time),
        )
        for one in await store.index.disagreements(limit=_MOST_SHOWN)
    )
