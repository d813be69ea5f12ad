"""From settings to parts: the one place that knows both.

Each part is given the values it needs and nothing else.
"""

from __future__ import annotations

import ipaddress
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mirror.catalog.guard import Guard
from mirror.catalog.plan import Policy
from mirror.daemon.version import VERSION
from mirror.errors import ConfigurationError
from mirror.sandbox import Sandbox
from mirror.storage.quarantine import Bounds
from mirror.storage.space import KeepFree
from mirror.storage.store import Terms
from mirror.sync.run import Means, Wishes
from mirror.upstream.fetch import Fetcher
from mirror.upstream.politeness import Politeness, user_agent
from mirror.upstream.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mirror.config import Settings
    from mirror.storage.store import Store
    from mirror.sync.outcome import Progress


def now() -> datetime:
    """Return the time of day in UTC."""
    return datetime.now(UTC)


def wishes_of(settings: Settings, *, accept_shrunken: bool = False) -> Wishes:
    """Return what a sync run shall do by these settings."""
    policy, guard = settings.policy, settings.guard
    return Wishes(
        policy=Policy(
            boards=policy.boards,
            ports=policy.ports,
            kinds=policy.kinds,
            releases=policy.releases,
            previews=policy.previews,
        ),
        guard=Guard(boards=guard.boards, files=guard.files),
        # More than connections: while files are verified and written down, others come.
        fetches=3 * settings.upstream.connections,
        accept_shrunken=accept_shrunken,
    )


def terms_of(settings: Settings) -> Terms:
    """Return on which terms the store is kept."""
    keep = settings.disk.keep_free
    return Terms(KeepFree(keep.size, keep.share), Bounds())


def refuse_when_offline(settings: Settings) -> None:
    """Raise `ConfigurationError` when upstream must not be asked: sealed is sealed."""
    if not settings.offline:
        return
    host = urlsplit(settings.upstream.url).hostname or ""
    try:
        allowed = ipaddress.ip_address(host) in settings.offline_allow
    except ValueError:
        allowed = False
    if not allowed:
        raise ConfigurationError("offline = true: no upstream is asked, what is held is served")


@asynccontextmanager
async def means_of(
    settings: Settings, store: Store, report: Callable[[Progress], None]
) -> AsyncIterator[Means]:
    """Give a run the means it works with; raise `ConfigurationError` when it can have none."""
    refuse_when_offline(settings)
    upstream = settings.upstream
    fetcher = Fetcher(
        upstream.url,
        user_agent=user_agent(VERSION, settings.contact or ""),
        node_id=store.node.node_id,
        politeness=Politeness(
            connections=upstream.connections,
            requests_per_second=upstream.requests_per_second,
            attempts=upstream.attempts,
        ),
        surroundings=Surroundings.read(os.environ, private=upstream.allow_private),
    )
    async with fetcher, Sandbox() as sandbox:
        if await store.publications.current() is None:
            # A first run: all pages are new to it, and all files.
            sandbox.warm()
        yield Means(
            fetcher=fetcher,
            sandbox=sandbox,
            store=store,
            clock=now,
            report=report,
            version=VERSION,
        )
