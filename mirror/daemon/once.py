"""One sync run by whoever holds the store: the daemon, or `mpmirror sync` by itself."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

from mirror.daemon.health import tell_age
from mirror.daemon.operator import login_name
from mirror.daemon.parts import now, wishes_of
from mirror.daemon.reach import Reach
from mirror.daemon.run_ids import RUN
from mirror.daemon.signing import renew_freshness
from mirror.daemon.status import judged_outcome, remember_outcome
from mirror.errors import MirrorError, StorageError
from mirror.spans import span
from mirror.storage.entries import Decision
from mirror.sync.causes import cause_of
from mirror.sync.outcome import Ending, Outcome
from mirror.sync.run import preview, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.catalog.plan import SyncPlan
    from mirror.config import Settings
    from mirror.sandbox import Sandbox
    from mirror.storage.store import Store
    from mirror.sync.outcome import Progress
    from mirror.upstream.restraint import Restraint


async def sync_once(
    settings: Settings,
    store: Store,
    report: Callable[[Progress], None],
    *,
    accept_shrunken: bool = False,
    reach: Reach | None = None,
    restraint: Restraint | None = None,
) -> Outcome:
    """Run, remember how it ended, and say it; raises no `MirrorError` of the run itself.

    *reach* is the way to upstream that others share; without it the run has its own.
    *restraint* may stop it between two files; an operator's own run has none.
    """
    wishes = wishes_of(settings, accept_shrunken=accept_shrunken)
    if accept_shrunken:
        await store.ledger.append([_believing(settings.upstream.url)])
    try:
        async with _shared(reach) or Reach(settings, store) as way:
            with span("sync", run=RUN.get() or "") as note:
                outcome = await sync(await way.means(report, restraint), wishes)
                note("outcome", outcome.ending.value)
                note("exit_status", outcome.exit_status)
    except MirrorError as error:
        outcome = Outcome(Ending.FAILED, str(error), error.exit_status, cause=cause_of(error))
    # As it was: what was acknowledged may come to an end.
    await remember_outcome(store, outcome, now())
    # It may be lost, and is told again with the next run.
    with suppress(StorageError):
        await tell_age(settings, store, reach)
        crawl = await store.index.last_complete_crawl()
        if crawl is not None and crawl.finished is not None:
            await renew_freshness(settings, store, crawl.finished)
    return await judged_outcome(store, outcome, now())


async def preview_once(
    settings: Settings, store: Store, report: Callable[[Progress], None], readers: Sandbox
) -> SyncPlan:
    """Crawl and plan, and fetch nothing; raises what a run would end with before it fetches."""
    async with Reach(settings, store, readers) as reach:
        return await preview(await reach.means(report), wishes_of(settings))


def _believing(upstream: str) -> Decision:
    """Return the decision that this one run believes a catalog that shrank."""
    return Decision(now(), "accept-shrunken", upstream, "sync --accept-shrunken", login_name())


def _shared(reach: Reach | None) -> AbstractAsyncContextManager[Reach] | None:
    return nullcontext(reach) if reach else None
