"""The status of a node as a value and as JSON; what it means stands in `mirror.daemon.status`."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, ValidationError

from mirror.daemon.counted import Completeness, PortStatus
from mirror.daemon.disk_levels import Levels, LevelsOf
from mirror.daemon.last_prune import PruneStatus
from mirror.daemon.upstream_status import UpstreamHealth
from mirror.errors import MirrorError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.sync.outcome import Outcome, Phase


@dataclass(frozen=True, slots=True)
class PublicationStatus:
    """The current publication: its sequence, when it was made, and its age in seconds."""

    sequence: int
    published: str
    age_seconds: int


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """What a channel shows: its sequence there, since when; and how many promotions wait.

    ``sequence`` and ``published`` are None while it shows nothing.
    """

    channel: str
    sequence: int | None
    published: str | None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class HeldStatus:
    """How many artifacts are held and accepted, and their bytes."""

    artifacts: int
    size: int


@dataclass(frozen=True, slots=True)
class DiskStatus:
    """The disk of the data directory, in bytes.

    ``held`` is what all files of artifacts take, each once, and ``on_demand`` the part of it that
    was fetched on demand and goes first when room is needed; ``levels`` are as they are set.
    """

    total: int
    free: int
    held: int = 0
    on_demand: int = 0
    levels: Levels | None = None


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The last sync run that ended, and when."""

    ended: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RunningStatus:
    """How far the run under way is: pages or files done of all in this phase, bytes of the run.

    ``seconds_left`` is what is left of this phase at the pace measured in it, None while nothing
    can be said.
    """

    phase: Phase
    done: int
    total: int
    received_bytes: int = 0
    seconds_left: int | None = None


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
class HookStatus:
    """How telling one receiver goes: what waits, when it took the last, and why it fails.

    ``given_up`` events were given up since the last that was taken, ``said`` is why; ``taken`` and
    ``failed`` count what this daemon sent, and tries that failed.
    """

    hook: str
    waiting: int
    oldest: str | None = None
    failing: str | None = None
    taken_at: str | None = None
    given_up: int = 0
    given_up_since: str | None = None
    said: str = ""
    taken: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """All of it; None where there is nothing yet.  Times are RFC 3339 in UTC.

    ``withdrawn`` counts what is held and no longer listed upstream; ``held`` all that is, what
    was fetched on demand included; ``ports`` and ``total`` keep that apart.  ``completeness`` is
    None before the first run that read a catalog.
    """

    __pydantic_config__ = ConfigDict(defer_build=True)  # only a daemon writes one

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
    running: RunningStatus | None
    last_run: RunStatus | None
    next_run: str | None
    disk: DiskStatus
    upkeep: UpkeepStatus | None = None
    pinned: PinsStatus | None = None
    withdrawn: int = 0
    next_run_why: str | None = None
    upstream_health: UpstreamHealth | None = None
    recalled: int = 0
    completeness: Completeness | None = None
    ports: tuple[PortStatus, ...] = ()
    total: PortStatus | None = None
    last_prune: PruneStatus | None = None
    channels: tuple[ChannelStatus, ...] = ()
    hooks: tuple[HookStatus, ...] = ()
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
    running: RunningStatus | None = None
    next_run: datetime | None = None
    next_run_why: str | None = None
    upstream_health: UpstreamHealth | None = None
    upkeep: UpkeepStatus | None = None
    alarms: tuple[Alarm, ...] = ()
    doubt: str | None = None
    levels: LevelsOf | None = None
    hooks: tuple[HookStatus, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is known to be damaged."""
        return self.upkeep is None or not self.upkeep.damaged


_STATUS = Shape(Status)
RUN = Shape(RunStatus)


def encode_status(status: Status) -> bytes:
    """Return *status* as JSON."""
    return _STATUS.dump_json(status, indent=1) + b"\n"


def decode_status(data: bytes) -> Status:
    """Read what `encode_status` of this or a later version wrote; raise `MirrorError`."""
    try:
        return _STATUS.validate_json(data)
    except ValidationError as error:
        raise MirrorError(f"the daemon's status can not be read: {error}") from error
