"""What is news between two looks at a node: pure, out of two pictures and a few documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final, Literal

from mirror.catalog.kinds import Maturity
from mirror.catalog.versions import Version
from mirror.frozen import dataclass
from mirror.hooks.events import (
    MOST_NAMED,
    AlarmData,
    AlarmFacts,
    BundleData,
    ChannelData,
    DiskData,
    Event,
    PublicationData,
    RecallData,
    RefusalData,
    RunData,
    VersionData,
)
from mirror.hooks.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirror.hooks.seen import Seen, SeenAlarm
    from mirror.publication.documents import BoardDocument

_FAILED: Final = ("failed", "refused")


@dataclass(frozen=True, slots=True)
class Newer:
    """The newest version of its maturity that a *board* holds, where it had an older one."""

    board: str
    version: str
    maturity: Maturity


@dataclass(frozen=True, slots=True)
class Refused:
    """A *file* in the inbox that was refused, and *why*."""

    file: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look found beside its picture: all that events tell, and a picture need not keep.

    ``bundles`` are those that came since the look before, by the name of their receipt;
    ``refused`` is why each of the files of ``Seen.refused`` was, of those that came since.
    """

    publication: PublicationData | None = None
    newer: tuple[Newer, ...] = ()
    channels: Mapping[str, ChannelData]
    acknowledged: Mapping[str, str]
    run: RunData | None = None
    recalls: Mapping[str, RecallData]
    bundles: Mapping[str, BundleData]
    refused: Mapping[str, Refused] = field(default_factory=dict)
    disk: DiskData


def news(before: Seen, after: Seen, look: Look) -> list[Event]:
    """Return what happened between two pictures, of which *look* is beside the later one."""
    events = [
        *_recalls(before, after, look),
        *_bundles(look),
        *_refused(look),
        *_publication(before, after, look),
        *_channels(before, after, look),
        *_run(before, after, look),
        *_disk(before, after, look),
        *_alarms(before, after, look),
    ]
    return sorted(events, key=lambda event: event.rank)


def newer_versions(before: BoardDocument | None, after: BoardDocument | None) -> Iterator[Newer]:
    """Yield the newest version of each maturity of *after*, where *before* had an older one.

    A board that was not there before has only news of its newest; what is hidden is none.
    """
    if after is None:
        return
    old = _newest(before) if before else {}
    for maturity, version in _newest(after).items():
        earlier = old.get(maturity)
        if earlier is None or earlier < version:
            yield Newer(after.board, str(version), maturity)


def _newest(board: BoardDocument) -> dict[Maturity, Version]:
    found: dict[Maturity, Version] = {}
    for release in board.releases:
        if any(not one.hidden for one in release.files):
            # Newest first: the first of a maturity is its newest.
            found.setdefault(release.maturity, Version.parse(release.version))
    return found


def _recalls(before: Seen, after: Seen, look: Look) -> Iterator[Event]:
    for digest in after.recalled.keys() - before.recalled.keys():
        data = look.recalls[digest]
        names = ", ".join(data.names[:3]) or digest
        yield Event(Kind.RECALLED, f"{digest} {data.since}", f"Recalled: {names}: {data.why}", data)
    for digest in before.recalled.keys() - after.recalled.keys():
        undone = RecallData(digest, (), None, None)
        yield Event(Kind.RECALL_UNDONE, digest, f"Recalled no more: {digest}", undone)


def _bundles(look: Look) -> Iterator[Event]:
    for name, data in look.bundles.items():
        text = f"A bundle came in: publication {data.sequence} of {data.lineage}, {data.new} new"
        yield Event(Kind.BUNDLE_IMPORTED, name, f"{text} of {data.files} files", data)


def _refused(look: Look) -> Iterator[Event]:
    reasons: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for mark, one in look.refused.items():
        reasons[one.why][mark] = one.file
    for why, marks in sorted(reasons.items()):
        # The volumes of one bundle are refused together.
        files = sorted(marks.values())
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        yield Event(
            kind=Kind.BUNDLE_REFUSED,
            subject="\n".join(sorted(marks)),
            text=f"Refused in the inbox: {files[0]}{more}: {why}",
            data=RefusalData(why, len(files), tuple(files[:MOST_NAMED])),
        )


def _publication(before: Seen, after: Seen, look: Look) -> Iterator[Event]:
    data = look.publication
    if data is None or before.root == after.root:
        return
    text = f"Publication {data.sequence}: {data.boards_changed} boards changed"
    yield Event(Kind.PUBLICATION, data.root, text, data)
    versions: defaultdict[tuple[str, Maturity], list[str]] = defaultdict(list)
    for one in look.newer:
        versions[one.version, one.maturity].append(one.board)
    for (version, maturity), boards in versions.items():
        yield _version(version, maturity, sorted(boards), data)


def _version(version: str, maturity: Maturity, boards: list[str], data: PublicationData) -> Event:
    finished = maturity is Maturity.RELEASE
    word: Literal["release", "preview"] = "release" if finished else "preview"
    some = ", ".join(boards[:3]) + (f" and {len(boards) - 3} more" if len(boards) > 3 else "")  # noqa: PLR2004 - as many as a line has room for
    return Event(
        kind=Kind.NEW_RELEASE if finished else Kind.NEW_PREVIEW,
        subject=f"{version} {data.root}",
        text=f"New {word} {version} for {some}",
        data=VersionData(version, word, data.sequence, len(boards), tuple(boards[:MOST_NAMED])),
    )


def _channels(before: Seen, after: Seen, look: Look) -> Iterator[Event]:
    for name in sorted(before.channels.keys() | after.channels.keys()):
        earlier, later = before.channels.get(name), after.channels.get(name)
        if earlier == later:
            continue
        data = replace(
            look.channels.get(name, ChannelData(name, None, None, None)), previous=earlier
        )
        shows = f"shows its publication {later}" if later else "shows nothing any more"
        yield Event(Kind.CHANNEL_MOVED, f"{name} {later}", f"Channel {name} {shows}", data)


def _run(before: Seen, after: Seen, look: Look) -> Iterator[Event]:
    data = look.run
    if data is None or before.run == after.run:
        return
    failed = data.outcome in _FAILED
    data = replace(data, failures=after.failures)
    kind = Kind.SYNC_FAILED if failed else Kind.SYNC_ENDED
    words = "A sync run failed" if failed else f"A sync run ended, {data.outcome}"
    yield Event(kind, data.ended, f"{words}: {data.message}", data)


def failed(run: RunData | None) -> bool:
    """Whether *run* failed or was refused."""
    return run is not None and run.outcome in _FAILED


def _disk(before: Seen, after: Seen, look: Look) -> Iterator[Event]:
    if before.disk_low == after.disk_low:
        return
    free = f"{look.disk.free / 1e9:.1f} GB of {look.disk.total / 1e9:.1f} GB are free"
    if after.disk_low:
        yield Event(Kind.DISK_LOW, "disk", f"The disk is low: {free}", look.disk)
    else:
        yield Event(Kind.DISK_LOW_ENDED, "disk", f"The disk has room again: {free}", look.disk)


def _alarms(before: Seen, after: Seen, look: Look) -> Iterator[Event]:
    opened = [one for known, one in after.alarms.items() if known not in before.alarms]
    ended = [one for known, one in before.alarms.items() if known not in after.alarms]
    for alarm, facts in _by_kind(opened):
        yield _alarm(Kind.ALARM, alarm, facts, facts[0].text)
    for alarm, facts in _by_kind(ended):
        told = [replace(one, acknowledged=look.acknowledged.get(one.id)) for one in facts]
        why = told[0].acknowledged
        yield _alarm(Kind.ALARM_ENDED, alarm, told, f"acknowledged: {why}" if why else "it ended")


def _by_kind(alarms: Iterable[SeenAlarm]) -> list[tuple[str, list[AlarmFacts]]]:
    kinds: defaultdict[str, list[AlarmFacts]] = defaultdict(list)
    for one in alarms:
        kinds[one.alarm].append(one.facts)
    return sorted(kinds.items())


def _alarm(kind: Kind, alarm: str, facts: list[AlarmFacts], words: str) -> Event:
    more = f" (and {len(facts) - 1} more)" if len(facts) > 1 else ""
    return Event(
        kind=kind,
        subject=" ".join([alarm, *sorted(one.id for one in facts)]),
        text=f"Alarm {alarm}: {facts[0].name}{more}: {words}",
        data=AlarmData(alarm, len(facts), tuple(facts[:MOST_NAMED])),
    )
