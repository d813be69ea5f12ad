"""One sync run by whoever holds the store: the daemon, or `mpmirror sync` by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.daemon.parts import means_of, now, wishes_of
from mirror.daemon.status import remember_outcome
from mirror.errors import MirrorError
from mirror.sync.outcome import Ending, Outcome
from mirror.sync.run import preview, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.catalog.plan import SyncPlan
    from mirror.config import Settings
    from mirror.storage.store import Store
    from mirror.sync.outcome import Progress


async def sync_once(
    settings: Settings,
    store: Store,
    report: Callable[[Progress], None],
    *,
    accept_shrunken: bool = False,
) -> Outcome:
    """Run, remember how it ended, and say it; raises no `MirrorError` of the run itself."""
    wishes = wishes_of(settings, accept_shrunken=accept_shrunken)
    try:
        async with means_of(settings, store, report) as means:
            outcome = await sync(means, wishes)
    except MirrorError as error:
        outcome = Outcome(Ending.FAILED, str(error), error.exit_status)
    await remember_outcome(store, outcome, now())
    return outcome


async def preview_once(
    settings: Settings, store: Store, report: Callable[[Progress], None]
) -> SyncPlan:
    """Crawl and plan, and fetch nothing; raises what a run would end with before it fetches."""
    async with means_of(settings, store, report) as means:
        return await preview(means, wishes_of(settings))
