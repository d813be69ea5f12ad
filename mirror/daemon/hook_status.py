"""How telling others goes, for the status: nothing here names an address or a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.daemon.status_document import Alarm, HookStatus
from mirror.hooks.queue import HookQueue
from mirror.publication.alarms import alarm_id
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.sync.standing import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirror.config import Settings
    from mirror.hooks.courier import Counts
    from mirror.hooks.queue import Record, Waiting


def hook_status(
    name: str, waiting: Sequence[Waiting], record: Record, counts: Counts | None = None
) -> HookStatus:
    """Return how the hook *name* goes; *counts* are those of a daemon."""
    tried = [one for one in waiting if one.said]
    return HookStatus(
        hook=name,
        waiting=len(waiting),
        oldest=stamp(min(one.time for one in waiting)) if waiting else None,
        failing=tried[0].said if tried else None,
        taken_at=stamp(record.taken) if record.taken else None,
        given_up=record.given_up,
        given_up_since=stamp(record.since) if record.since else None,
        said=record.said,
        taken=counts.taken if counts else 0,
        failed=counts.failed if counts else 0,
    )


def hooks_on_disk(settings: Settings) -> tuple[HookStatus, ...]:
    """Return how each hook goes, as far as that is written down; this blocks."""
    queues = {name: HookQueue(settings.data_dir, name, Files(Disk())) for name in settings.hooks}
    return tuple(hook_status(name, queue.load(), queue.record()) for name, queue in queues.items())


def hook_alarms(hooks: Iterable[HookStatus]) -> tuple[Alarm, ...]:
    """Return an alarm for each hook that gave up events and took none since."""
    return tuple(_alarm(one) for one in hooks if one.given_up)


def _alarm(one: HookStatus) -> Alarm:
    since = one.given_up_since or ""
    text = f"events were given up since {since} and none was taken: {one.said}"
    # However many more are given up, it is one alarm.
    known_as = alarm_id("hook-gave-up", one.hook, since)
    return Alarm("hook-gave-up", one.hook, text, since, known_as)
