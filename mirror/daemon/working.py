"""The half of the daemon that writes: the store, the operators' socket, the schedule.

Loaded after serving has begun: database and upstream take most of a second to import.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from mirror.cache.on_demand import OnDemand
from mirror.daemon.health import tell_age
from mirror.daemon.inbox import watching
from mirror.daemon.keeping import keeping
from mirror.daemon.log import logging_as
from mirror.daemon.operations import Operations
from mirror.daemon.parts import now, on_demand_terms_of, terms_of
from mirror.daemon.pruning import Pruning
from mirror.daemon.reach import Reach
from mirror.daemon.recording import EVERY, Counted, Recorder
from mirror.daemon.signing import signer_of
from mirror.errors import StorageError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.store import Store
from mirror.storage.tokens import find_tokens
from mirror.web.admin import make_admin_app
from mirror.web.listening import tcp_sockets, unix_socket
from mirror.web.server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from mirror.config import Settings
    from mirror.daemon.log import Logger


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Operations]:
    """Hold the store, answer operators and run on schedule while the block lasts.

    At its end a run under way is left in order, within a second or two.  Raises
    `LockedError`, `ForeignDataError`, `StorageError` or `ConfigurationError` when it can
    not begin.
    """
    with logging_as(settings.log) as log:
        async with _operating(settings, log) as operations:
            yield operations
        log.info("stopped")


@asynccontextmanager
async def _operating(settings: Settings, log: Logger) -> AsyncIterator[Operations]:
    async with (
        Store.open(
            settings.data_dir, clock=now, terms=terms_of(settings), signer=await signer_of(settings)
        ) as store,
        _pruning(settings, store, log) as pruning,
        Reach(settings, store, room=pruning.room) as reach,
        OnDemand(store, reach, on_demand_terms_of(settings)) as on_demand,
        keeping(partial(_keep, settings, store, reach), log),
    ):
        for remark in store.remarks:
            log.warning(remark)
        operations = Operations(settings, store, reach, on_demand, log, pruning)
        await operations.settle()
        app = make_admin_app(operations, store.node.node_id)
        with unix_socket(settings.admin_listen.path) as listener:
            async with (
                serving(app, [listener]),
                _over_tcp(settings, operations, store),
                _recording(settings, store, operations, reach, log),
                watching(settings.transfer.inbox, _taking(settings, operations), log),
            ):
                await _begin_schedule(settings, store, operations)
                operations.upkeep.start()
                try:
                    await operations.hooks.open()
                    yield operations
                finally:
                    log.info("stopping")
                    await operations.hooks.close()
                    operations.schedule.stop()
                    await operations.upkeep.close()
                    await operations.syncs.close()


@asynccontextmanager
async def _over_tcp(
    settings: Settings, operations: Operations, store: Store
) -> AsyncIterator[None]:
    """Answer operators with tokens while the block lasts, if the settings say where."""
    place = settings.admin_tcp
    if place is None:
        yield
        return
    tokens = partial(find_tokens, settings.keys_dir)
    app = make_admin_app(operations, store.node.node_id, tokens)
    async with serving(app, await tcp_sockets(place.host, place.number)):
        yield


def _taking(
    settings: Settings, operations: Operations
) -> Callable[[Sequence[Path]], Awaitable[object]]:
    """Return what imports a bundle out of the inbox."""
    return partial(operations.take_in, channel=settings.transfer.inbox_channel)


async def _keep(settings: Settings, store: Store, reach: Reach) -> None:
    await reach.keep_budget()
    await tell_age(settings, store, reach)


@asynccontextmanager
async def _recording(
    settings: Settings, store: Store, operations: Operations, reach: Reach, log: Logger
) -> AsyncIterator[None]:
    """Note how the node is now and then while the block lasts, and at its end."""

    def counted() -> Counted:
        return Counted.of(operations.totals, reach.failed)

    recorder = Recorder(store, settings.data_dir, counted, now, Files(Disk()))
    async with keeping(recorder.note, log, every=EVERY):
        with suppress(StorageError):
            await recorder.note()
        try:
            yield
        finally:
            with suppress(StorageError):  # what is noted may be lost
                await recorder.note()


@asynccontextmanager
async def _pruning(settings: Settings, store: Store, log: Logger) -> AsyncIterator[Pruning]:
    pruning = Pruning(settings, store, log)
    pruning.start()
    try:
        yield pruning
    finally:
        await pruning.close()


async def _begin_schedule(settings: Settings, store: Store, operations: Operations) -> None:
    if settings.offline:
        return
    last = await store.index.last_complete_crawl()
    operations.schedule.start(last.finished if last else None)
