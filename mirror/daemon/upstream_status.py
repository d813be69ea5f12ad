"""What the status says of upstream: how each host is, what may be asked, how old the data are."""

from __future__ import annotations

from mirror.frozen import dataclass
from mirror.upstream.breaker import BreakerState


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One upstream: its breaker (``closed``, ``open`` or ``half-open``) since when, and why.

    ``next_trial`` is when it may be asked again, None when it may now; ``failures`` are in a
    row.  Times are RFC 3339 in UTC, None for "not since the start".
    """

    host: str
    breaker: str = BreakerState.CLOSED
    since: str | None = None
    next_trial: str | None = None
    failures: int = 0
    last_success: str | None = None
    last_failure: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UpstreamHealth:
    """All upstreams, in the order in which they are asked, and what is left of asking them.

    ``fallback`` stands in for the first at this time, None while nobody does.
    ``bytes_left`` of the hour (None: any number), nothing before ``budget_at`` if it is
    spent; quiet hours until ``quiet_until``.  ``data_age`` is in seconds since the last
    complete crawl, and ``stale`` says that clients are told so.
    """

    hosts: tuple[HostStatus, ...]
    fallback: str | None = None
    bytes_left: int | None = None
    budget_at: str | None = None
    quiet_until: str | None = None
    data_age: int | None = None
    stale: bool = False
