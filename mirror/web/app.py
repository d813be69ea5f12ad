"""Put the public application together: one constructor away from a test.

It only reads, and only GET, HEAD and OPTIONS.  One middleware turns every error into status
and body.  No answer is made from the request's ``Host``.  A handler has `_PATIENCE` seconds
to begin its answer; `mirror.web.server` sets the limits of connections and headers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirror.errors import BusyError, MirrorError, NotFoundError
from mirror.web.answer import Answer
from mirror.web.api import Api, StatusSource
from mirror.web.bench import Bench
from mirror.web.damage import DamageBell, DamageSink, WatchedStore, tell_nobody
from mirror.web.documents import Stationery
from mirror.web.failures import failure, unexpected, wrong_method
from mirror.web.files import Files
from mirror.web.heads import Heads
from mirror.web.history import HistoryShelf
from mirror.web.server import HEADS
from mirror.web.shelf import Shelf
from mirror.web.superseded import Superseded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine
    from typing import NoReturn

    from aiohttp.typedefs import Handler, Middleware

    from mirror.web.holdings import Holdings

#: The shelf of an application: its owner may call `Shelf.refresh` after publishing.
SHELF: Final = web.AppKey("shelf", Shelf)

_PATIENCE: Final = 20.0
_READING: Final = {"GET", "HEAD"}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What an application is told about its node.

    ``node`` is the id that stands in every answer.  ``poll`` is how often the pointer is
    looked at, in seconds.  ``damaged`` is told of each blob that is found damaged.
    """

    node: str
    status: StatusSource
    grace: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = _utc_now
    poll: float = 0.5
    damaged: DamageSink = tell_nobody


def make_app(store: Holdings, serving: Serving) -> web.Application:
    """Return the public application over *store*; it follows the pointer while it runs."""
    bell = DamageBell(serving.damaged)
    store = WatchedStore.of(store, bell)
    heads = Heads(serving.node)
    stationery = Stationery(heads, Bench())
    superseded = Superseded(store, grace=serving.grace, clock=serving.clock)
    shelf = Shelf(store, stationery, superseded)
    files = Files(shelf, stationery, bell)
    history = HistoryShelf(store, stationery)
    api = Api(shelf, files, history, stationery, serving.status)
    app = web.Application(middlewares=[_answering(heads)], client_max_size=1024)
    app[SHELF], app[HEADS] = shelf, heads
    app.add_routes([*files.routes(), *api.routes()])
    app.cleanup_ctx.append(_meanwhile(lambda: shelf.follow(serving.poll)))
    app.cleanup_ctx.append(_meanwhile(bell.answer))
    return app


def _meanwhile(
    endless: Callable[[], Coroutine[None, None, NoReturn]],
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def running(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(endless())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return running


def _answering(heads: Heads) -> Middleware:
    preflight = heads.preflight()

    @web.middleware
    async def answering(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in _READING:
            if request.method == "OPTIONS":
                return Answer(204, preflight)
            return wrong_method(heads, request)
        try:
            return await _in_time(handler(request))
        except MirrorError as error:
            return failure(heads, request, error)
        except web.HTTPException:
            # The router has nothing for this path: no other handler raises these.
            return failure(heads, request, NotFoundError("nothing is at this path"))
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - the last resort of a server that must stay up
            return unexpected(heads, request)

    return answering


async def _in_time(answer: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await answer
    except TimeoutError as error:
        raise BusyError("the answer takes too long: ask again") from error
