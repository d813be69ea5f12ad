"""What a hook can be told, and how it is written: a value for each kind, and one JSON around it.

The body has ``type``, ``timestamp`` and ``data``, as the Standard Webhooks convention has them,
``mirror`` that says which one speaks, and ``text`` with the same in one sentence for people.
Within a kind no key is removed and none changes its meaning; receivers ignore what they do not
know.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, Literal

from mirror.catalog.texts import visible
from mirror.frozen import dataclass
from mirror.hooks.kinds import Kind
from mirror.shapes import Shape

if TYPE_CHECKING:
    from datetime import datetime

#: So many boards, names or alarms are named in one event; their number is exact.
MOST_NAMED: Final = 200
_MOST_TEXT: Final = 2000


@dataclass(frozen=True, slots=True)
class PublicationData:
    """The publication that a channel shows now; *previous* is the sequence before it there.

    ``boards`` are the first of those whose documents differ, ``boards_changed`` is their number.
    """

    channel: str
    sequence: int
    published: str
    root: str
    previous: int | None
    boards_changed: int
    boards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionData:
    """A version that is the newest of its maturity now for so many boards."""

    version: str
    maturity: Literal["release", "preview"]
    sequence: int
    boards_with_it: int
    boards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelData:
    """What a promoted channel shows; None where it showed, or shows, nothing."""

    channel: str
    sequence: int | None
    published: str | None
    previous: int | None


@dataclass(frozen=True, slots=True)
class BundleData:
    """A bundle that came in: whose, signed by which key, and how many of its files were new."""

    lineage: str
    channel: str
    sequence: int
    key: str
    time: str
    files: int
    new: int
    publication: int | None


@dataclass(frozen=True, slots=True)
class RefusalData:
    """Files in the inbox that were refused for the same reason; *count* is their number."""

    why: str
    count: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecallData:
    """A digest and the names that it is known by; ``why`` is None where it is allowed again."""

    digest: str
    names: tuple[str, ...]
    since: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class RunData:
    """How a sync run ended; *failures* counts those in a row that failed, this one included."""

    ended: str
    outcome: str
    message: str
    exit_status: int
    sequence: int | None
    wanted: int
    held: int
    fetched: int
    troubles: int
    failures: int


@dataclass(frozen=True, slots=True)
class DiskData:
    """The disk of the data, in bytes, and the levels that are set."""

    total: int
    free: int
    held: int
    keep_free: int
    high_water: int | None


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """One alarm, as `mpmirror status` names it; *acknowledged* is why it is, if it is that."""

    id: str
    name: str
    text: str
    since: str
    todo: str = ""
    acknowledged: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmData:
    """Alarms of one kind that opened, or ended, between two looks; *count* is their number."""

    alarm: str
    count: int
    alarms: tuple[AlarmFacts, ...]


@dataclass(frozen=True, slots=True)
class TrialData:
    """What somebody tries a hook with."""

    hook: str


Data = (
    PublicationData
    | VersionData
    | ChannelData
    | BundleData
    | RefusalData
    | RecallData
    | RunData
    | DiskData
    | AlarmData
    | TrialData
)

#: The type of ``data`` of each kind.
DATA: Final[dict[Kind, type[Data]]] = {
    Kind.RECALLED: RecallData,
    Kind.RECALL_UNDONE: RecallData,
    Kind.BUNDLE_IMPORTED: BundleData,
    Kind.BUNDLE_REFUSED: RefusalData,
    Kind.PUBLICATION: PublicationData,
    Kind.NEW_RELEASE: VersionData,
    Kind.NEW_PREVIEW: VersionData,
    Kind.CHANNEL_MOVED: ChannelData,
    Kind.SYNC_FAILED: RunData,
    Kind.SYNC_ENDED: RunData,
    Kind.DISK_LOW: DiskData,
    Kind.DISK_LOW_ENDED: DiskData,
    Kind.ALARM: AlarmData,
    Kind.ALARM_ENDED: AlarmData,
    Kind.TEST: TrialData,
}


@dataclass(frozen=True, slots=True)
class Speaker:
    """The mirror that tells: its node and lineage, and the address that clients type, if set."""

    node: str
    lineage: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: *subject* tells it from others of its kind, *text* is for people."""

    kind: Kind
    subject: str
    text: str
    data: Data

    @property
    def rank(self) -> int:
        """Where it stands among the events of one look."""
        return tuple(Kind).index(self.kind)


@dataclass(frozen=True, slots=True)
class Body:
    """What a receiver gets, as JSON."""

    type: Kind
    timestamp: str
    text: str
    mirror: Speaker
    data: Data


_BODY: Shape[Body] = Shape(Body)


def encode_event(event: Event, speaker: Speaker, now: datetime) -> bytes:
    """Return the body that tells *event*, which happened about *now*."""
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = visible(event.text)[:_MOST_TEXT]
    return _BODY.dump_json(Body(event.kind, stamp, text, speaker, event.data))


def event_id(epoch: str, look: int, event: Event) -> str:
    """Return the id of *event* as told by that *look* of that *epoch*: the same whenever asked."""
    words = "\0".join((epoch, str(look), event.kind, event.subject))
    return "msg_" + hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a body: for each kind its own ``data``."""
    whole = _BODY.json_schema(mode="serialization")
    parts = whole.pop("$defs")
    choices = [
        {
            "if": {"properties": {"type": {"const": kind.value}}},
            "then": {"properties": {"data": {"$ref": f"#/$defs/{data.__name__}"}}},
        }
        for kind, data in DATA.items()
    ]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mpmirror event"}
    return {**whole, **head, "allOf": choices, "$defs": parts}
