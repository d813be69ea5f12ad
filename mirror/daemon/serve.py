"""The daemon: serve what is held, ask upstream on schedule, and stop within five seconds.

It holds the lock of the data directory for as long as it runs and is the only writer.  It
serves as soon as the store is open, whatever upstream does; a run that goes wrong is told
and tried again, and what was published is served on.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from mirror.daemon.addresses import typed_urls
from mirror.daemon.log import logger_of
from mirror.daemon.operations import Operations
from mirror.daemon.parts import VERSION, now, terms_of
from mirror.storage.store import Store
from mirror.web.admin import make_admin_app
from mirror.web.app import Serving, make_app
from mirror.web.listening import tcp_sockets, unix_socket
from mirror.web.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mirror.config import ListenAddress, Settings

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; *announce* is told what a person needs to know at first.

    Raises `LockedError`, `ForeignDataError`, `StorageError` or `ConfigurationError` when it
    can not begin.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        await _serve_until(stop, settings, announce)
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _serve_until(
    stop: asyncio.Event, settings: Settings, announce: Callable[[str], None]
) -> None:
    log = logger_of(settings.log)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            Store.open(settings.data_dir, clock=now, terms=terms_of(settings))
        )
        for remark in store.remarks:
            log.warning(remark)
        operations = Operations(settings, store, log)
        listening = await _listen(stack, settings, store, operations)
        for line in _greeting(settings, listening):
            announce(line)
        await _begin_schedule(settings, store, operations)
        # Before the sockets close: a run under way is left in order, and soon.
        stack.push_async_callback(operations.syncs.close)
        stack.callback(operations.schedule.stop)
        await stop.wait()
        log.info("stopping")
    log.info("stopped")


async def _listen(
    stack: AsyncExitStack, settings: Settings, store: Store, operations: Operations
) -> ListenAddress:
    node = store.node.node_id
    admin = stack.enter_context(unix_socket(settings.admin_listen.path))
    await stack.enter_async_context(serving(make_admin_app(operations, node), [admin]))
    sockets = await tcp_sockets(settings.listen.host, settings.listen.number)
    number: int = sockets[0].getsockname()[1]
    app = make_app(store, Serving(node=node, status=operations.status))
    await stack.enter_async_context(serving(app, sockets))
    return type(settings.listen)(settings.listen.host, number)


async def _begin_schedule(settings: Settings, store: Store, operations: Operations) -> None:
    if settings.offline:
        return
    last = await store.index.last_complete_crawl()
    operations.schedule.start(last.finished if last else None)


def _greeting(settings: Settings, listening: ListenAddress) -> Iterator[str]:
    for url in typed_urls(listening):
        yield f"mpmirror {VERSION} serves {url}"
    if listening.only_here:
        yield (
            "Only this machine can reach it.  To open it to the room: "
            f"mpmirror serve --listen 0.0.0.0:{listening.number}"
        )
    if settings.offline:
        yield "offline: upstream is not asked, what is held is served."
    else:
        yield f"Upstream is {settings.upstream.url}, asked every {settings.schedule.every}."
    yield f"Data: {settings.data_dir}"
