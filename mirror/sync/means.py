"""What a sync run shall do, and what it works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from mirror.catalog.guard import Guard
from mirror.catalog.policy import Policy
from mirror.catalog.second_look import SecondLook
from mirror.frozen import dataclass
from mirror.sandbox import Sandbox
from mirror.storage.store import Store
from mirror.sync.clock import Uptime, unknown_uptime
from mirror.sync.outcome import Progress
from mirror.sync.room import RoomMaker
from mirror.sync.second_look import NO_RULE
from mirror.sync.turns import Turns
from mirror.upstream.asked import Asked
from mirror.upstream.recognition import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a run shall do: the policy, the wipe guard, and its rhythm.

    ``fetches`` files are under way at once; whole boards are published every
    ``publish_every`` while a run goes on.  ``accept_shrunken`` lets this one run pass the
    guard: an operator has looked.  What two crawls miss that are ``withdrawn_after`` apart is
    withdrawn.  ``refetch`` held files are looked at again at the end; ``second_look`` is what
    must confirm a new one.  mip packages whose name one of ``packages`` fits are held too, and
    ``photographs`` if that is said.
    """

    policy: Policy
    guard: Guard
    fetches: int = 4
    publish_every: timedelta = timedelta(minutes=3)
    accept_shrunken: bool = False
    withdrawn_after: timedelta = timedelta(days=1)
    refetch: int = 0
    second_look: SecondLook = NO_RULE
    packages: tuple[str, ...] = ()
    photographs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run works with: the way out, the limited child, the store, the time.

    ``version`` is this mirror's: pages that another version parsed are parsed anew.  Whoever
    else takes files in meanwhile has the same ``turns``, and whoever else publishes the same
    ``publishing``.  ``uptime`` shows when the clock was set.  ``stand_ins`` are crawled, in
    order, when the first upstream can not be: the same pages, by who gives them.
    """

    fetcher: Asked
    sandbox: Sandbox
    store: Store
    clock: Callable[[], datetime]
    report: Callable[[Progress], None]
    version: str
    turns: Turns = field(default_factory=Turns)
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    uptime: Callable[[], Uptime | None] = unknown_uptime
    stand_ins: Mapping[str, Source] = field(default_factory=dict)
    room: RoomMaker | None = None
