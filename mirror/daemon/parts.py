"""From settings to parts: the one place that knows both.

Each part is given the values it needs and nothing else.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mirror.cache.on_demand import Terms as OnDemandTerms
from mirror.catalog.guard import Guard
from mirror.catalog.plan import Newest, Override, Policy
from mirror.daemon.addresses import own_url
from mirror.errors import ConfigurationError
from mirror.storage.lock import PATIENCE
from mirror.storage.quarantine import Bounds
from mirror.storage.space import KeepFree
from mirror.storage.store import Terms
from mirror.sync.means import Wishes

if TYPE_CHECKING:
    from mirror.config import Settings


def now() -> datetime:
    """Return the time of day in UTC."""
    return datetime.now(UTC)


def policy_of(settings: Settings) -> Policy:
    """Return what is to be held by these settings."""
    policy = settings.policy
    return Policy(
        boards=policy.boards,
        ports=policy.ports,
        vendors=policy.vendors,
        mcus=policy.mcus,
        kinds=policy.kinds,
        releases=policy.releases,
        previews=policy.previews,
        since=policy.since,
        keep_releases=Newest(policy.keep_releases),
        keep_previews=policy.keep_previews,
        overrides=tuple(
            Override(
                pattern=pattern,
                kinds=own.kinds,
                releases=own.releases,
                previews=own.previews,
                since=own.since,
            )
            for pattern, own in policy.override.items()
        ),
    )


def wishes_of(settings: Settings, *, accept_shrunken: bool = False) -> Wishes:
    """Return what a sync run shall do by these settings."""
    guard = settings.guard
    return Wishes(
        policy=policy_of(settings),
        guard=Guard(boards=guard.boards, files=guard.files),
        # More than connections: while files are verified and written down, others come.
        fetches=8 * settings.upstream.connections,
        accept_shrunken=accept_shrunken,
        withdrawn_after=settings.policy.withdrawn_after,
        refetch=settings.policy.refetch,
        second_look=settings.policy.second_look,
        packages=settings.policy.packages,
        photographs=settings.policy.photographs,
    )


def terms_of(settings: Settings) -> Terms:
    """Return on which terms the store is kept."""
    keep = settings.disk.keep_free
    return Terms(KeepFree(keep.size, keep.share), Bounds(), own_url(settings), PATIENCE)


def on_demand_terms_of(settings: Settings) -> OnDemandTerms:
    """Return on which terms files are fetched on demand."""
    return OnDemandTerms(remember_failures=settings.upstream.remember_failures)


def is_offline(settings: Settings) -> bool:
    """Whether upstream must not be asked."""
    return not _may_ask(settings, settings.upstream.url)


def sites_of(settings: Settings) -> list[str]:
    """Return the sites that may be asked, upstream first."""
    sites = [settings.upstream.url, *settings.upstream.fallbacks]
    return [site for site in sites if _may_ask(settings, site)]


def _may_ask(settings: Settings, site: str) -> bool:
    if not settings.offline:
        return True
    try:
        return ipaddress.ip_address(urlsplit(site).hostname or "") in settings.offline_allow
    except ValueError:
        return False


def refuse_when_offline(settings: Settings) -> None:
    """Raise `ConfigurationError` when upstream must not be asked: sealed is sealed."""
    if is_offline(settings):
        raise ConfigurationError("offline = true: no upstream is asked, what is held is served")
