"""The daemon: serve what is held, ask upstream on schedule, and stop within five seconds.

What is held is served first, before anything heavy is loaded; then the store is opened for
writing, which takes the lock of the data directory for as long as the daemon runs.  A run
that goes wrong is told and tried again, and what was published is served on.  So it is
when the store can not be written at all: that is said, nothing is fetched, and the daemon
ends with that error when it is stopped.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from mirror.config.units import format_duration
from mirror.daemon.addresses import own_url, typed_urls
from mirror.daemon.deliveries import delivery_terms_of
from mirror.daemon.systemd import Notifier
from mirror.daemon.tls import Tls, TlsDoors, whereabouts_of
from mirror.daemon.tracing import trace_terms_of
from mirror.daemon.tuf import find_tuf
from mirror.daemon.version import VERSION
from mirror.errors import ForeignDataError, LockedError, MirrorError, StorageError
from mirror.storage.crawled import find_last_crawl
from mirror.storage.deliveries import Deliveries
from mirror.storage.freshness import find_freshness
from mirror.storage.history import find_history
from mirror.storage.lock import PATIENCE, refuse_if_locked
from mirror.tracing.late import tracing
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.worker import Held, WorkerSettings, open_held
from mirror.web.workers import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.config import ListenAddress, Settings
    from mirror.daemon.operations import Operations
    from mirror.web.artifacts import Artifact
    from mirror.web.shelf import Shelf

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
# Seconds for the first worker to start, however busy the machine is, and between two looks.
_TO_BEGIN: Final = 60.0
_MOMENT: Final = 0.02


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; *announce* is told what a person needs to know at first.

    Raises `LockedError`, `ForeignDataError`, `StorageError` or `ConfigurationError` when it
    can not begin.
    """
    async with AsyncExitStack() as stack:
        traces = await stack.enter_async_context(tracing(trace_terms_of(settings)))
        tls = Tls(settings, announce)
        stop = stack.enter_context(_stopped_by_signals(tls))
        await tls.load()
        if settings.hooks:
            await _look_at_hooks(settings)
        ready: asyncio.Future[Operations] = asyncio.get_running_loop().create_future()
        stack.callback(_settle, ready)
        held = await asyncio.to_thread(_find_held, settings.data_dir)
        if held is not None:
            await refuse_if_locked(settings.data_dir, PATIENCE)
        notifier = Notifier(os.environ)
        if held is not None:
            await _open_doors(stack, settings, held, ready, tls)
            await stack.enter_async_context(notifier.supervised())
        # What is served first waits for no library.
        traces.begin()
        try:
            operations = await stack.enter_async_context(await _working(settings))
        except StorageError as error:
            if held is None or isinstance(error, LockedError):
                raise
            announce(f"{error}.  What is held is served; nothing is fetched.")
            ready.set_exception(error)
            await stop.wait()
            raise
        ready.set_result(operations)
        if held is None:
            held = await asyncio.to_thread(open_held, settings.data_dir)
            await _open_doors(stack, settings, held, ready, tls)
            await stack.enter_async_context(notifier.supervised())
        await stop.wait()


async def _look_at_hooks(settings: Settings) -> None:
    """Raise `ConfigurationError` for a hook that can not be meant, before anybody is served."""
    from mirror.daemon.hook_targets import find_targets  # noqa: PLC0415 - most have none

    await asyncio.to_thread(find_targets, settings, os.environ)


@contextmanager
def _stopped_by_signals(tls: Tls) -> Iterator[asyncio.Event]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    # What was started in a terminal ends with it; a service reads its certificates anew.
    in_a_terminal = sys.stdin is not None and sys.stdin.isatty()
    hung_up = stop.set if in_a_terminal else tls.reload
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield stop
    finally:
        for number in (*_SIGNALS, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _find_held(folder: Path) -> Held | None:
    """Return what is held already; None for a data folder that is still to be made."""
    try:
        return open_held(folder)
    except ForeignDataError:
        # New, or of another format: opening it for writing makes it, or says what is wrong.
        return None


async def _working(settings: Settings) -> AbstractAsyncContextManager[Operations]:
    # In a thread, so that the first clients are answered meanwhile.
    module = await asyncio.to_thread(importlib.import_module, "mirror.daemon.working")
    begin: Callable[[Settings], AbstractAsyncContextManager[Operations]] = module.working
    return begin(settings)


async def _open_doors(
    stack: AsyncExitStack,
    settings: Settings,
    held: Held,
    ready: asyncio.Future[Operations],
    tls: Tls,
) -> None:
    listen = settings.listen
    shelf: Shelf | None = None
    if settings.workers:
        doors = await tls.reserve(stack)
        number = await stack.enter_async_context(
            workers(settings.workers, _worker_settings(settings, tls, doors), tls.crew)
        )
        await _until_one_listens(listen.host, number)
    else:
        app = make_app(
            held,
            Serving(
                node=held.node,
                status=partial(_status, ready),
                grace=settings.policy.grace,
                on_demand=partial(_fetch, ready),
                damaged=partial(_damaged, ready),
                last_crawl=partial(find_last_crawl, settings.data_dir),
                accessed=partial(_accessed, ready),
                counted=partial(_counted, ready),
                signatures=held.signatures.of,
                freshness=partial(find_freshness, settings.data_dir),
                history=partial(find_history, settings.data_dir),
                stop_after=settings.freshness.stop_after,
                whereabouts=whereabouts_of(settings),
                channel=settings.default_channel,
                tuf=find_tuf(settings),
                deliveries=_deliveries(settings),
            ),
        )
        shelf = app[SHELF]
        sockets = await tcp_sockets(listen.host, listen.number)
        number = sockets[0].getsockname()[1]
        encrypted, doors = await tls.listening()
        await stack.enter_async_context(serving(app, sockets, encrypted=encrypted))
    for line in _greeting(settings, replace(listen, number=number), doors):
        tls.announce(line)
    if shelf is not None:
        # What comes next is heavy, and would take half of the processor from the first answers.
        await shelf.settle()


async def _until_one_listens(host: str, number: int) -> None:
    """Wait for the first worker: who reads the address shall be answered there."""
    try:
        async with asyncio.timeout(_TO_BEGIN):
            while not await _is_listened_to(host, number):  # noqa: ASYNC110 - another process
                await asyncio.sleep(_MOMENT)
    except TimeoutError as error:
        raise MirrorError(
            f"no worker began to serve within {_TO_BEGIN:.0f} s: each has said why, if it could"
        ) from error


async def _is_listened_to(host: str, number: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, number)
    except OSError:
        return False
    writer.transport.abort()
    return True


def _settle(ready: asyncio.Future[Operations]) -> None:
    """Leave no future behind whose error nobody looked at."""
    if not ready.cancel() and not ready.cancelled():
        ready.exception()


async def _status(ready: asyncio.Future[Operations]) -> bytes:
    operations = await asyncio.shield(ready)
    return await operations.status()


async def _fetch(ready: asyncio.Future[Operations], name: str) -> Artifact:
    operations = await asyncio.shield(ready)
    return await operations.fetch(name)


async def _damaged(ready: asyncio.Future[Operations], digest: Digest) -> None:
    operations = await asyncio.shield(ready)
    await operations.damaged(digest)


async def _accessed(ready: asyncio.Future[Operations], digests: Collection[Digest]) -> None:
    operations = await asyncio.shield(ready)
    await operations.accessed(digests)


async def _counted(ready: asyncio.Future[Operations], tally: bytes) -> None:
    operations = await asyncio.shield(ready)
    await operations.counted(tally)


def _deliveries(settings: Settings) -> Deliveries | None:
    terms = delivery_terms_of(settings)
    return None if terms is None else Deliveries(terms)


def _worker_settings(settings: Settings, tls: Tls, doors: TlsDoors) -> WorkerSettings:
    return WorkerSettings(
        data=settings.data_dir,
        host=settings.listen.host,
        number=settings.listen.number,
        control=settings.admin_listen.path,
        grace=settings.policy.grace,
        doors=tuple((place.host, place.number) for place in doors.encrypted),
        tunnels=tuple((place.host, place.number) for place in doors.tunnels),
        certificates=tls.files,
        stop_after=settings.freshness.stop_after,
        url=own_url(settings),
        proxy=whereabouts_of(settings).proxy,
        channel=settings.default_channel,
        tuf=find_tuf(settings) is not None,
        deliveries=delivery_terms_of(settings),
        traces=trace_terms_of(settings),
    )


def _greeting(settings: Settings, listening: ListenAddress, doors: TlsDoors) -> Iterator[str]:
    for url in typed_urls(listening):
        yield f"mpmirror {VERSION} serves {url}"
    for place in doors.encrypted:
        for url in typed_urls(place, "https"):
            yield f"mpmirror {VERSION} serves {url}, by the names of its certificates"
    for place in doors.tunnels:
        for url in typed_urls(place):
            yield f"HTTPS_PROXY={url} leads one process here, by these names only"
    if listening.only_here:
        yield (
            "Only this machine can reach it.  To open it to the room: "
            f"mpmirror serve --listen 0.0.0.0:{listening.number}"
        )
    yield from _without_address(settings)
    if settings.offline:
        yield "offline: upstream is not asked, what is held is served."
    else:
        every = format_duration(settings.schedule.every)
        yield f"Upstream is {settings.upstream.url}, asked every {every}."
    yield f"Data: {settings.data_dir}"


def _without_address(settings: Settings) -> Iterator[str]:
    if own_url(settings) is None:
        yield (
            "public_url is not set: what needs the address of this mirror, such as the lists for "
            "Thonny, is left out.  Set it to what clients type."
        )
