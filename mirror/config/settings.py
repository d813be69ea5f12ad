"""Every setting: its name, its type, what it means, and what it is when nobody says.

This is the one place that knows them; whatever shows them is made from it.  Values are checked
when they are read (`mirror.config.load_settings`) and frozen from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from mirror.catalog.kinds import Kind
from mirror.catalog.policy import Newest
from mirror.catalog.second_look import SecondLook
from mirror.config.addresses import ListenAddress, SocketAddress
from mirror.config.approvals import ApprovalSettings
from mirror.config.channels import Channel, Channels
from mirror.config.fields import (
    Addresses,
    Contact,
    Depth,
    Duration,
    Folder,
    Globs,
    KeepFree,
    KeepFreeSetting,
    KeepSetting,
    Kinds,
    Labels,
    Number,
    PackageGlobs,
    Rate,
    SinceSetting,
    SiteUrl,
    between,
)
from mirror.config.guard import GuardSettings
from mirror.config.hooks import Hooks
from mirror.config.limits import Allowance, Hours, Sites
from mirror.config.log import LogSettings
from mirror.config.overrides import Overrides
from mirror.config.second_look import SecondLookSetting
from mirror.config.tls import TlsSettings
from mirror.config.traces import TraceSettings
from mirror.config.transfer import FreshnessSettings, TransferSettings
from mirror.config.upkeep import UpkeepSettings
from mirror.config.water import WaterSetting
from mirror.frozen import dataclass

_FLASHABLE = tuple(kind for kind in Kind if kind.flashable)
_KEPT_PREVIEWS = Newest(10)
_KEEP_FREE = KeepFree(size=2_000_000_000, share=0.1)
_LISTEN = ListenAddress("127.0.0.1", 8080)
_NO_SECOND_LOOK = SecondLook()
_NO_TLS = TlsSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
    """``[upstream]``: which site is mirrored, and how politely it is asked."""

    url: Annotated[
        SiteUrl, Field(description="The site to mirror: micropython.org, or another mpmirror.")
    ] = "https://micropython.org"
    fallbacks: Annotated[
        Sites,
        Field(
            description="Sites with the same files, asked in this order for what the one above"
            " can not give at the time."
        ),
    ] = ()
    connections: Annotated[
        Number, Field(ge=1, le=64, description="Requests in flight at once, at most.")
    ] = 4
    requests_per_second: Annotated[
        Rate, Field(description="Requests a second, at most; 0 sets no limit.")
    ] = 2.0
    attempts: Annotated[
        Number, Field(ge=1, le=20, description="Tries of one request before it has failed.")
    ] = 4
    remember_failures: Annotated[
        Duration,
        between(timedelta(seconds=1), timedelta(days=1)),
        Field(description="Time for which a file on demand that failed is not asked for again."),
    ] = timedelta(minutes=1)
    bytes_per_hour: Annotated[
        Allowance,
        Field(description='Bytes that may come from upstream in an hour, as "500MB", or "none".'),
    ] = None
    quiet_hours: Annotated[
        Hours,
        Field(
            description='Local times at which no run begins or goes on by itself: "08:00-17:00",'
            ' or "22:00-06:00" past midnight.'
        ),
    ] = None
    allow_private: Annotated[
        bool,
        Field(
            description="Whether the site's name may resolve to an address of a private range."
            " A URL that itself names such an address may always be asked."
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """``[policy]``: what is held without being asked for; the rest is on demand."""

    boards: Annotated[
        Globs, Field(description='Boards to hold, as patterns: ["RPI_PICO*", "ESP32_GENERIC"].')
    ] = ("*",)
    ports: Annotated[
        Globs, Field(description='MicroPython ports to hold: ["rp2", "esp32"]; none named: all.')
    ] = ()
    vendors: Annotated[
        Labels, Field(description='Vendors of boards to hold: ["Seeed*"]; none named: all.')
    ] = ()
    mcus: Annotated[
        Globs, Field(description='MCUs of boards to hold: ["esp32s3", "rp2*"]; none named: all.')
    ] = ()
    kinds: Annotated[
        Kinds, Field(description="Kinds of file to hold; all that are flashed, unless set.")
    ] = _FLASHABLE
    releases: Annotated[
        Depth, Field(description='Newest releases to fetch of each board and variant, or "all".')
    ] = 3
    keep_releases: Annotated[
        Depth, Field(description='Newest releases to keep once they are held, or "all".')
    ] = None
    previews: Annotated[
        Depth, Field(description='Newest previews to hold of each board and variant, or "all".')
    ] = 1
    keep_previews: Annotated[
        KeepSetting,
        Field(
            description='Previews to keep once they are held: the newest so many, "all", or "90d":'
            " those built at most so long before the newest."
        ),
    ] = _KEPT_PREVIEWS
    since: Annotated[
        SinceSetting,
        Field(description='Oldest to fetch: a version ("v1.24.0") or a date ("2025-01-31").'),
    ] = None
    override: Annotated[
        Overrides,
        Field(
            description="Other kinds, releases, previews or since for boards that fit a pattern:"
            ' [policy.override."RPI_PICO*"]. The most specific pattern wins.'
        ),
    ] = field(default_factory=dict)
    packages: Annotated[
        PackageGlobs, Field(description='mip packages to hold: ["aioble*", "umqtt.*"]; []: none.')
    ] = ("*",)
    photographs: Annotated[
        bool, Field(description="Whether photographs of boards are held, some more each run.")
    ] = True
    withdrawn_after: Annotated[
        Duration,
        # An interrupted crawl is taken up again within an hour, and is one crawl then.
        between(timedelta(hours=2), timedelta(days=366)),
        Field(description="Time between two crawls that miss a file before it is withdrawn."),
    ] = timedelta(days=1)
    grace: Annotated[
        Duration,
        between(timedelta(minutes=1), timedelta(days=366)),
        Field(description="Time of service that what was superseded can still be fetched."),
    ] = timedelta(days=3)
    second_look: Annotated[
        SecondLookSetting,
        Field(
            description="What must confirm a new file before it is published: a second fetch that"
            ' long later ("1d"), files of the same build ("siblings"), both, or "none".'
        ),
    ] = _NO_SECOND_LOOK
    refetch: Annotated[
        Number,
        Field(
            ge=0,
            le=10_000,
            description="Held files that each run fetches again to compare; 0: none.",
        ),
    ] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """``[schedule]``: when upstream is asked."""

    every: Annotated[
        Duration,
        between(timedelta(minutes=1), timedelta(days=366)),
        Field(description="Time between crawls."),
    ] = timedelta(hours=6)
    jitter: Annotated[
        Duration,
        Field(description="Random time that is added, so that mirrors do not ask all at once."),
    ] = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSettings:
    """``[disk]``: what the mirror leaves of the disk."""

    keep_free: Annotated[
        KeepFreeSetting,
        Field(description="What stays free of the disk: a size, a share, or the larger of both."),
    ] = _KEEP_FREE
    high_water: Annotated[
        WaterSetting,
        Field(
            description="What all files may take at most: a size, or a share of the disk."
            " Files on demand go first, then nothing more is fetched."
        ),
    ] = None
    low_water: Annotated[
        WaterSetting,
        Field(
            description="Down to where files on demand go then; nine tenths of high_water if not"
            " set."
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """``[retention]``: how long the documents of superseded publications stay."""

    publications: Annotated[
        Number,
        Field(ge=1, le=1_000_000, description="Newest publications whose documents stay."),
    ] = 400
    age: Annotated[
        Duration,
        between(timedelta(days=1), timedelta(days=36_600)),
        Field(description="Age up to which documents stay, however many publications there are."),
    ] = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings in force, and in ``sources`` where each came from, by its key.

    Paths are absolute.  Components are given the values they need, never this whole.
    """

    data_dir: Annotated[
        Folder, Field(description="Everything that the mirror holds, except its keys.")
    ]
    keys_dir: Annotated[Folder, Field(description="The node's keys; outside of data_dir.")]
    admin_listen: Annotated[
        SocketAddress, Field(description="The operators' Unix socket, unix:PATH.")
    ]
    admin_tcp: Annotated[
        ListenAddress | None,
        Field(description="Where operators with a token are answered too, as 127.0.0.1:8081."),
    ] = None
    listen: Annotated[
        ListenAddress, Field(description="Where clients are served; 0.0.0.0:8080 is for the room.")
    ] = _LISTEN
    public_url: Annotated[
        SiteUrl | None,
        Field(description="The address that clients type, such as http://mirror.lab:8080."),
    ] = None
    offline: Annotated[
        bool, Field(description="Resolve no name and ask no upstream: serve what is held.")
    ] = False
    offline_allow: Annotated[
        Addresses, Field(description="Literal IP addresses to connect to even when offline.")
    ] = ()
    workers: Annotated[
        Number,
        Field(ge=0, le=64, description="Processes that serve; 0: the daemon serves by itself."),
    ] = 0
    tuf: Annotated[
        bool,
        Field(description="Serve the same files to clients of TUF, below /tuf/: `mpmirror tuf`."),
    ] = False
    default_channel: Annotated[
        Channel,
        Field(description="The channel that is shown where a path names none."),
    ] = "current"
    channels: Annotated[
        Channels,
        Field(
            description="How many people move a channel, and their keys beside tokens:"
            " a table [channels.NAME] for each that needs two."
        ),
    ] = field(default_factory=dict)
    hooks: Annotated[
        Hooks,
        Field(
            description="Who is told what happens here: a table [hooks.NAME] for each, with an"
            " address and events."
        ),
    ] = field(default_factory=dict)
    contact: Annotated[
        Contact | None,
        Field(description="A mail address or URL for upstream to complain to (User-Agent)."),
    ] = None
    upstream: UpstreamSettings = UpstreamSettings()
    policy: PolicySettings = PolicySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    disk: DiskSettings = DiskSettings()
    retention: RetentionSettings = RetentionSettings()
    guard: GuardSettings = field(default_factory=GuardSettings)
    upkeep: UpkeepSettings = field(default_factory=UpkeepSettings)
    approvals: ApprovalSettings = field(default_factory=ApprovalSettings)
    tls: TlsSettings = _NO_TLS
    freshness: FreshnessSettings = field(default_factory=FreshnessSettings)
    transfer: TransferSettings = field(default_factory=TransferSettings)
    log: LogSettings = field(default_factory=LogSettings)
    traces: TraceSettings = field(default_factory=TraceSettings)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
