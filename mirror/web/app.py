"""Put the public application together: one constructor away from a test.

It only reads, and only GET, HEAD and OPTIONS.  One middleware turns every error into status
and body.  The name that is asked chooses what is answered (`mirror.web.hosts`), and no answer
is made from it.  Whatever an answer waits for, it waits for a bounded time;
`mirror.web.connections` has the limits of connections and heads.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirror.errors import MirrorError, NotFoundError
from mirror.frozen import dataclass
from mirror.publication.pages.flasher import find_flasher
from mirror.storage.deliveries import Deliveries
from mirror.web.accesses import AccessLog, AccessSink, heed_nothing
from mirror.web.age import Ages, LastCrawlSource
from mirror.web.answer import Answer
from mirror.web.api import PLACES, Api, StatusSource, Words
from mirror.web.changes import ChangesPage
from mirror.web.damage import DamageBell, DamageSink, WatchedStore, tell_nobody
from mirror.web.documents import Stationery
from mirror.web.endless import endless
from mirror.web.failures import Failures
from mirror.web.files import Files
from mirror.web.flashing import FlasherSource, FlashPages
from mirror.web.forbidden import CURRENT
from mirror.web.github import GitHub
from mirror.web.heads import Heads
from mirror.web.history import HistoryShelf
from mirror.web.hosts import refuse_foreign_path
from mirror.web.interface import Interface
from mirror.web.on_demand import Fetched, OnDemand
from mirror.web.other_channels import OtherChannels
from mirror.web.packages import Packages
from mirror.web.pages import HistorySource, Pages, Present, no_history
from mirror.web.people import PeopleRefusals
from mirror.web.photographs import Photographs
from mirror.web.request_ids import identifying
from mirror.web.server import HEADS
from mirror.web.setup import Setup
from mirror.web.shelf import Shelf
from mirror.web.signatures import (
    FreshnessSource,
    SignatureRoutes,
    SignatureSource,
    no_freshness,
    no_signatures,
)
from mirror.web.superseded import Superseded
from mirror.web.traced import tracing_requests
from mirror.web.traffic import Traffic, TrafficSink, count_for_nobody
from mirror.web.tuf import Tuf, TufSource
from mirror.web.whereabouts import NOWHERE, Whereabouts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import NoReturn

    from aiohttp.typedefs import Handler, Middleware

    from mirror.web.holdings import Holdings

#: The shelf of an application: its owner may call `Shelf.refresh` after publishing.
SHELF: Final = web.AppKey("shelf", Shelf)

_READING: Final = {"GET", "HEAD"}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _unknown() -> None:
    """Know of no crawl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What an application is told about its node.

    Without ``answers`` its pages are for a tree of files: none has a form.

    ``node`` is the id that stands in every answer.  ``poll`` is how often the pointer is
    looked at, in seconds.  ``on_demand`` fetches what is not held; None: nobody does.
    ``damaged`` is told of each blob that is found damaged, ``accessed`` now and then of the
    files on demand that were asked for.  ``last_crawl`` tells how old the data are.
    ``signatures`` and ``freshness`` give what is signed.  Data that are older than ``stop_after``
    are not served; None: at any age.
    ``channel`` is the one that is shown where a path names none.
    ``whereabouts`` is where clients find this node.  ``counted`` is told every
    ``count_every`` seconds of what was answered.  ``history`` tells how the node was over time,
    ``flasher`` what boards are flashed with from the browser.  ``tuf`` gives the metadata of TUF;
    None: it is not spoken here.  ``deliveries`` writes down who was given which bytes; None: nobody
    does.  What goes on beside the answers and breaks off begins anew after ``again`` seconds.
    """

    node: str
    status: StatusSource
    grace: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = _utc_now
    poll: float = 0.5
    on_demand: OnDemand | None = None
    damaged: DamageSink = tell_nobody
    last_crawl: LastCrawlSource = _unknown
    accessed: AccessSink = heed_nothing
    signatures: SignatureSource = no_signatures
    freshness: FreshnessSource = no_freshness
    stop_after: timedelta | None = None
    whereabouts: Whereabouts = NOWHERE
    channel: str = CURRENT
    counted: TrafficSink = count_for_nobody
    history: HistorySource = no_history
    flasher: FlasherSource = find_flasher
    count_every: float = 5.0
    again: float = 5.0
    tuf: TufSource | None = None
    deliveries: Deliveries | None = None
    answers: bool = True


def make_app(store: Holdings, serving: Serving) -> web.Application:
    """Return the public application over *store*; it follows the pointer while it runs."""
    bell = DamageBell(serving.damaged)
    store = WatchedStore.of(store, bell)
    heads = Heads(serving.node)
    stationery = Stationery(heads)
    past = partial(Superseded, store, grace=serving.grace, clock=serving.clock)
    channel = serving.channel
    others = OtherChannels(store, channel, lambda name: past(channel=name))
    shelf = Shelf(store, stationery, past(channel=channel), others, channel=channel)
    fetched = Fetched(serving.on_demand) if serving.on_demand else None
    accesses = AccessLog(serving.accessed)
    files = Files(shelf, stationery, bell, fetched, accesses, serving.deliveries)
    packages = Packages(shelf, stationery, bell)
    photographs = Photographs(shelf, stationery, bell)
    history = HistoryShelf(store, stationery, channel)
    paper = Stationery(Heads.of_pages(serving.node), stationery.coding, stationery.questions)
    failures = Failures(heads, PeopleRefusals(paper.heads, lambda: shelf.boards))
    ages = Ages(serving.last_crawl, serving.clock, serving.stop_after)
    api = Api(shelf, files, history, stationery, Words(serving.status, failures, ages))
    signed = SignatureRoutes(shelf, stationery, serving.signatures, serving.freshness, api.view)
    traffic = Traffic(serving.counted, every=serving.count_every)
    middlewares = _around(traffic, _answering(heads, failures, ages))
    app = web.Application(middlewares=middlewares, client_max_size=1024)
    app[SHELF], app[HEADS] = shelf, heads
    github = GitHub(shelf, stationery)
    setup = Setup(serving.whereabouts, stationery, paper)
    now = Present(serving.status, serving.history, serving.flasher, serving.answers)
    pages = Pages(shelf, photographs, paper, now, serving.whereabouts.url)
    changes = ChangesPage(shelf, history, paper, answers=serving.answers)
    flash_paper = Stationery(
        Heads.of_flashing(serving.node), stationery.coding, stationery.questions
    )
    flashing = FlashPages(shelf, flash_paper, paper, serving.whereabouts, serving.flasher)
    first = (
        *Interface(stationery, paper).routes(),
        *setup.routes(),
        *pages.routes(),
        *changes.routes(),
        *flashing.routes(),
        *signed.routes(PLACES),
        *files.routes(),
        *packages.routes(),
        *photographs.routes(),
        *github.routes(),
        *(Tuf(serving.tuf, files, stationery).routes() if serving.tuf else ()),
    )
    for path, handler in (*first, *api.routes()):
        app.router.add_get(path, handler, expect_handler=_expect_nothing)
    beside: dict[str, Callable[[], Awaitable[NoReturn]]] = {
        "following the pointer": lambda: shelf.follow(serving.poll),
        "telling of damage": bell.answer,
        "following the age of the data": ages.follow,
        "telling what was asked for": accesses.report,
        "telling what was answered": traffic.report,
    }
    if serving.deliveries is not None:
        beside["writing down deliveries"] = serving.deliveries.follow
    app.cleanup_ctx.extend(_meanwhile(work, what, serving.again) for what, work in beside.items())
    if fetched is not None:
        app.on_cleanup.append(fetched.close)
    return app


def _meanwhile(
    work: Callable[[], Awaitable[NoReturn]], what: str, again: float
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def running(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(endless(work, what, pause=again), name=what)
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return running


async def _expect_nothing(_request: web.Request) -> None:
    """Leave an ``Expect`` unanswered: nobody sends a body here that would wait for it."""


def _around(traffic: Traffic, answering: Middleware) -> list[Middleware]:
    """Return what is around every answer, the outermost first."""
    return [identifying(), traffic.counting(), *tracing_requests(), answering]


def _answering(heads: Heads, failures: Failures, ages: Ages) -> Middleware:
    preflight = heads.preflight()

    @web.middleware
    async def answering(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in _READING:
            if request.method == "OPTIONS":
                return Answer(204, preflight)
            return failures.wrong_method(request)
        try:
            refuse_foreign_path(request)
            ages.refuse_beyond(request.path)
            return await handler(request)
        except MirrorError as error:
            return failures.of(request, error)
        except web.HTTPException:
            # The router has nothing for this path: no other handler raises these.
            return failures.of(request, NotFoundError("nothing is at this path"))
        except ConnectionError:
            raise
        except Exception as fault:  # noqa: BLE001 - the last resort of a server that must stay up
            return failures.unexpected(request, fault)

    return answering
