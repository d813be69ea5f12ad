"""How upstream is, and how old what it gave: for the status, and for those who serve.

Nothing here is in a document.  What hosts did is remembered by this process only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.daemon.alarms import old_data_alarms
from mirror.daemon.parts import now, sites_of
from mirror.daemon.status import find_last_run
from mirror.daemon.upstream_status import HostStatus, UpstreamHealth
from mirror.errors import UpstreamError
from mirror.storage.crawled import LastCrawl, find_last_crawl, write_last_crawl
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.threads import to_end
from mirror.sync.publish import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.config import Settings
    from mirror.daemon.reach import Reach
    from mirror.daemon.resting import Resting
    from mirror.daemon.status_document import Alarm
    from mirror.storage.store import Store
    from mirror.upstream.breaker import Breaker

# Data are fresh for so many intervals of the schedule: one run may fail.
_INTERVALS = 2


async def health_of(
    settings: Settings, store: Store, reach: Reach, resting: Resting
) -> UpstreamHealth:
    """Look how upstream is; raises `StorageError` when the index can not be read."""
    moment = now()
    last = await _last_crawl(settings, store, reach)
    quiet_until = resting.quiet_until(moment)
    spent_until = reach.budget.spent_until
    return UpstreamHealth(
        hosts=_hosts(settings, reach),
        fallback=reach.fallback,
        bytes_left=reach.budget.left,
        budget_at=_stamped(spent_until),
        quiet_until=_stamped(quiet_until),
        data_age=int(last.age(moment).total_seconds()) if last else None,
        stale=last is not None and last.is_stale(moment),
    )


async def tell_age(settings: Settings, store: Store, reach: Reach | None) -> None:
    """Tell those who serve how old the data are; raises `StorageError`."""
    last = await _last_crawl(settings, store, reach)
    if last is not None:
        await to_end(write_last_crawl, settings.data_dir, last, Files(Disk()))


async def _last_crawl(settings: Settings, store: Store, reach: Reach | None) -> LastCrawl | None:
    crawl = await store.index.last_complete_crawl()
    if crawl is None or crawl.finished is None:
        return None
    run = await find_last_run(store)
    away = run is not None and run.outcome.exit_status == UpstreamError.exit_status
    fresh_seconds = _INTERVALS * settings.schedule.every.total_seconds()
    return LastCrawl(crawl.finished, fresh_seconds, away or (reach is not None and reach.away))


def old_data(settings: Settings, moment: datetime) -> tuple[Alarm, ...]:
    """Return the alarm that the data are too old, if they are; this blocks."""
    last = find_last_crawl(settings.data_dir)
    return tuple(old_data_alarms(last, settings.freshness.warn_after, moment))


def _hosts(settings: Settings, reach: Reach) -> tuple[HostStatus, ...]:
    known = {breaker.host: _host(breaker) for breaker in reach.breakers}
    return tuple(known.values()) or tuple(map(HostStatus, sites_of(settings)))


def _host(breaker: Breaker) -> HostStatus:
    failure = breaker.last_failure
    return HostStatus(
        host=breaker.host,
        breaker=breaker.state,
        since=_stamped(breaker.since),
        next_trial=_stamped(breaker.next_trial),
        failures=breaker.failures,
        last_success=_stamped(breaker.last_success),
        last_failure=_stamped(failure.time) if failure else None,
        reason=failure.reason if failure else None,
    )


def _stamped(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None
