"""The kinds of what a hook can be told: the settings name them, and load nothing else of hooks."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What happened; in the order in which one look tells it."""

    RECALLED = "recalled"
    RECALL_UNDONE = "recall_undone"
    BUNDLE_IMPORTED = "bundle_imported"
    BUNDLE_REFUSED = "bundle_refused"
    PUBLICATION = "publication"
    NEW_RELEASE = "new_release"
    NEW_PREVIEW = "new_preview"
    CHANNEL_MOVED = "channel_moved"
    SYNC_FAILED = "sync_failed"
    SYNC_ENDED = "sync_ended"
    DISK_LOW = "disk_low"
    DISK_LOW_ENDED = "disk_low_ended"
    ALARM = "alarm"
    ALARM_ENDED = "alarm_ended"
    TEST = "test"


#: What an operator reads of each kind that can be asked for.
MEANINGS: Final = {
    Kind.NEW_RELEASE: "a finished version is held now for boards that had an older one",
    Kind.NEW_PREVIEW: "the same of a preview",
    Kind.PUBLICATION: "`current` shows another publication",
    Kind.CHANNEL_MOVED: "a promoted channel shows another publication",
    Kind.BUNDLE_IMPORTED: "a bundle was taken in",
    Kind.BUNDLE_REFUSED: "what was put into the inbox was refused, for one reason",
    Kind.RECALLED: "a digest is forbidden",
    Kind.RECALL_UNDONE: "it is allowed again",
    Kind.SYNC_FAILED: "a sync run failed or was refused",
    Kind.SYNC_ENDED: "a sync run ended otherwise: a sign of life",
    Kind.DISK_LOW: "the disk has less free than `disk.keep_free`, or is above `disk.high_water`",
    Kind.DISK_LOW_ENDED: "it has room again",
    Kind.ALARM: "alarms opened, of one kind",
    Kind.ALARM_ENDED: "alarms ended or were acknowledged, of one kind",
}
#: What a hook is told that names none.
USUAL: Final = (Kind.NEW_RELEASE, Kind.SYNC_FAILED, Kind.ALARM, Kind.ALARM_ENDED)
