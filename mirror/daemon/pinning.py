"""Orders about pins, obeyed by whoever holds the store: the daemon, or a command by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mirror.daemon.parts import now, wishes_of
from mirror.errors import MalformedOrderError, MalformedValueError, MirrorError
from mirror.sync.orders import PinResult, decode_order, encode_news
from mirror.sync.pinning import Pinner

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from mirror.config import Settings
    from mirror.daemon.reach import Reach
    from mirror.storage.store import Store
    from mirror.sync.orders import News, Order
    from mirror.sync.outcome import Progress


def pinner_of(
    settings: Settings,
    store: Store,
    reach: Reach,
    turn: asyncio.Lock | None = None,
    running: Callable[[], bool] = lambda: False,
) -> Pinner:
    """Return who obeys orders about pins.

    *turn* is held by whoever crawls; *running* says whether a sync run goes on.
    """
    return Pinner(
        store=store,
        way=reach,
        upstream=settings.upstream.url,
        wishes=wishes_of(settings),
        clock=now,
        publishing=reach.publishing,
        turn=turn or asyncio.Lock(),
        running=running,
    )


async def order_lines(pinner: Pinner, document: bytes) -> AsyncGenerator[bytes, None]:
    """Obey the order that *document* is; yield the progress as lines, then the result.

    What can not be done is the result too; raises `MalformedOrderError` for what is no order.
    When nobody listens any more, what goes on is ended: the pin stays, and later runs go on
    with it.
    """
    try:
        order = decode_order(document)
    except MalformedValueError as error:
        raise MalformedOrderError(str(error)) from error
    news: asyncio.Queue[News | None] = asyncio.Queue()
    task = asyncio.create_task(_obey(pinner, order, news), name="order about pins")
    task.add_done_callback(lambda _task: news.put_nowait(None))
    try:
        while (one := await news.get()) is not None:
            yield encode_news(one)
        await task
    finally:
        task.cancel()
        await asyncio.wait({task})


async def obeyed(pinner: Pinner, order: Order, report: Callable[[Progress], None]) -> PinResult:
    """Obey *order*; what is wrong is the result too."""
    try:
        return await pinner.obey(order, report)
    except MirrorError as error:
        return _failed(error)


async def _obey(pinner: Pinner, order: Order, news: asyncio.Queue[News | None]) -> None:
    news.put_nowait(await obeyed(pinner, order, news.put_nowait))


def _failed(error: MirrorError) -> PinResult:
    return PinResult(pin=None, message=str(error), exit_status=error.exit_status)
