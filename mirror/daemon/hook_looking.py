"""Look at the node for hooks: what is beside what they were told up to now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import MirrorError
from mirror.hooks.events import (
    MOST_NAMED,
    AlarmFacts,
    BundleData,
    ChannelData,
    DiskData,
    PublicationData,
    RecallData,
    RunData,
)
from mirror.hooks.news import Look, Newer, Refused, failed, newer_versions
from mirror.hooks.seen import Seen, SeenAlarm, new_epoch
from mirror.publication.changes import changed_boards
from mirror.publication.documents import decode_board
from mirror.storage.channels import find_published, published
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.publications import CURRENT
from mirror.storage.threads import to_end
from mirror.sync.standing import stamp
from mirror.transfer.inbox import Inbox
from mirror.transfer.receipts import Receipts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mirror.daemon.status_document import Alarm, DiskStatus, RunStatus, Status
    from mirror.publication.documents import BoardDocument
    from mirror.storage.channels import Published
    from mirror.storage.judgements import Recalled
    from mirror.storage.store import Store
    from mirror.transfer.inbox import Refusal
    from mirror.transfer.receipts import Receipt

_MOST_BYTES: Final = 64 << 20
# Else a disk that is just full would be told every minute.
_TO_SPARE: Final = 1.05


async def look_at(
    store: Store, data: Path, status: Status, before: Seen | None, inbox: Path | None = None
) -> tuple[Seen, Seen, Look]:
    """Return what counts as told until now, the node as it is, and what events say of it.

    Who was never told anything (*before* is None) is told what is open now, and nothing of the
    past.  Raises `StorageError`.
    """
    now = await find_published(store, CURRENT)
    recalls = {str(one.digest): one for one in await store.index.recalls()}
    receipts = Receipts(data, Files(Disk()))
    names = await receipts.names()
    refusals = await to_end(Inbox(inbox).find_refusals) if inbox else {}
    seen = _seen(status, now, recalls, names)
    told = before or replace(seen, epoch=new_epoch(), alarms={})
    seen = replace(
        seen,
        epoch=told.epoch,
        look=told.look,
        failures=_failures(told, seen, status),
        refused=told.refused if refusals is None else tuple(sorted(refusals)),
        disk_low=_is_low(status.disk, before=told.disk_low),
    )
    publication, newer = await _published(store, told, now)
    bundles = {
        name: _bundle(await receipts.get(name)) for name in names if name not in told.receipts
    }
    found = Look(
        publication=publication,
        newer=newer,
        channels={one.channel: _channel(one.channel, status) for one in status.channels},
        acknowledged={one.id: one.acknowledged for one in status.alarms if one.acknowledged},
        run=_run(status.last_run),
        recalls={digest: _recall(one) for digest, one in recalls.items()},
        bundles=bundles,
        refused=_refused(told, refusals or {}),
        disk=_disk(status.disk),
    )
    return told, seen, found


def _seen(
    status: Status,
    now: Published | None,
    recalls: dict[str, Recalled],
    receipts: tuple[str, ...],
) -> Seen:
    return Seen(
        epoch="",
        root=str(now.digest) if now else None,
        channels={one.channel: one.sequence for one in status.channels if one.sequence},
        alarms={one.id: SeenAlarm(one.alarm, _facts(one)) for one in status.open_alarms},
        recalled={digest: one.why for digest, one in recalls.items()},
        run=status.last_run.ended if status.last_run else None,
        receipts=receipts,
    )


def _failures(told: Seen, seen: Seen, status: Status) -> int:
    if told.run == seen.run:
        return told.failures
    return told.failures + 1 if failed(_run(status.last_run)) else 0


async def _published(
    store: Store, told: Seen, now: Published | None
) -> tuple[PublicationData | None, tuple[Newer, ...]]:
    """Return what ``current`` shows, if that is news, and the versions that are the newest now."""
    if now is None or str(now.digest) == told.root:
        return None, ()
    before = await _find(store, told.root)
    boards = changed_boards(before.content, now.content) if before else sorted(now.content.boards)
    newer: list[Newer] = []
    for board in boards if before else ():
        documents = [
            await _document(store, one.content.boards.get(board)) for one in (before, now) if one
        ]
        newer += newer_versions(*documents)
    data = PublicationData(
        channel=CURRENT,
        sequence=now.root.sequence,
        published=now.root.published,
        root=str(now.digest),
        previous=before.root.sequence if before else None,
        boards_changed=len(boards),
        boards=tuple(boards[:MOST_NAMED]),
    )
    return data, tuple(newer)


async def _find(store: Store, root: str | None) -> Published | None:
    """Return the publication that was told last; None: there was none, or it was let go."""
    if root is None:
        return None
    try:
        return await published(store, Digest.parse(root))
    except MirrorError:
        return None


async def _document(store: Store, digest: Digest | None) -> BoardDocument | None:
    if digest is None:
        return None
    return await store.blobs.read_as(digest, decode_board, max_bytes=_MOST_BYTES)


def _facts(alarm: Alarm) -> AlarmFacts:
    return AlarmFacts(alarm.id, alarm.name, alarm.text, alarm.since, alarm.todo)


def _channel(channel: str, status: Status) -> ChannelData:
    [one] = [one for one in status.channels if one.channel == channel]
    return ChannelData(channel, one.sequence, one.published, None)


def _run(run: RunStatus | None) -> RunData | None:
    if run is None:
        return None
    outcome = run.outcome
    return RunData(
        ended=run.ended,
        outcome=outcome.ending.value,
        message=outcome.message,
        exit_status=outcome.exit_status,
        sequence=outcome.sequence,
        wanted=outcome.wanted,
        held=outcome.held,
        fetched=outcome.fetched,
        troubles=len(outcome.troubles),
        failures=0,
    )


def _recall(one: Recalled) -> RecallData:
    return RecallData(str(one.digest), one.names[:MOST_NAMED], stamp(one.time), one.why)


def _bundle(receipt: Receipt) -> BundleData:
    return BundleData(
        lineage=receipt.lineage,
        channel=receipt.channel,
        sequence=receipt.sequence,
        key=receipt.key,
        time=receipt.time,
        files=len(receipt.files),
        new=sum(one.new for one in receipt.files),
        publication=receipt.publication,
    )


def _refused(told: Seen, refusals: Mapping[str, Refusal]) -> dict[str, Refused]:
    known = refusals.keys() if told.refused is None else told.refused
    return {mark: Refused(one.file, one.why) for mark, one in refusals.items() if mark not in known}


def _disk(disk: DiskStatus) -> DiskData:
    levels = disk.levels
    keep, high = (levels.keep_free, levels.high_water) if levels else (0, None)
    return DiskData(disk.total, disk.free, disk.held, keep, high)


def _is_low(disk: DiskStatus, *, before: bool) -> bool:
    """Whether it has less free, or holds more, than is set; once so, until it has some to spare."""
    data = _disk(disk)
    spare = _TO_SPARE if before else 1.0
    full = data.high_water is not None and data.held * spare > data.high_water
    return full or data.free < data.keep_free * spare
