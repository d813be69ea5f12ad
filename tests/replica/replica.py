"""The project's own upstream: a `Site` on a real socket, which misbehaves when told to.

::

    replica = Replica.of_boards(20)
    name = replica.release("RPI_PICO", "v1.29.0")[0]
    replica.misbehave(name, Misbehaviour.SHORT_BODY)
    async with replica.running() as url:
        ...
    assert replica.count(name) == 2

It can be edited while it runs.  Every request is recorded, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tests.replica.answers import Slash, answer_to
from tests.replica.content import Shelf
from tests.replica.exchange import Exchange, Way
from tests.replica.misbehaviour import Misbehaviour
from tests.replica.sending import Sender
from tests.replica.site import INDEX, Site
from tests.replica.throttle import Throttle

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from tests.replica.facts import BoardFact

NODE_HEADER: Final = "X-Mpmirror-Node"
_FIRMWARE: Final = "/resources/firmware/"
_SECONDS_TO_END: Final = 1.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came: *path* with its query, percent-encoded."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class _Spell:
    """A way to misbehave on some paths, for so many more requests (None: for ever)."""

    pattern: str
    way: Way
    left: int | None

    def spend(self, path: str) -> bool:
        """Whether it plays for *path*; each time it does is one time less."""
        if self.left == 0 or not _matches(self.pattern, path):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Replica(Site):
    """A site that is served; what it does with a request can be changed at any time.

    ``slash`` says what a board's page without its final slash does; ``delay`` seconds pass
    before each answer.
    """

    def __init__(self, facts: Sequence[BoardFact] = (), *, seed: int = 0, size: int = 0) -> None:
        super().__init__(facts, seed=seed, size=size)
        self.requests: list[Recorded] = []
        self.slash = Slash.REDIRECT
        self.delay = 0.0
        self._extra: dict[str, str] = {}
        self._throttle = Throttle(None)
        self._shelf = Shelf()
        self._spells: list[_Spell] = []
        self._in_flight: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    @property
    def rate(self) -> float | None:
        """Bytes per second over all connections together; None: as fast as it goes."""
        return self._throttle.rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        self._throttle.rate = rate

    @property
    def node_id(self) -> str | None:
        """The node id that every answer carries, as a mirror's do; None: none."""
        return self._extra.get(NODE_HEADER)

    @node_id.setter
    def node_id(self, node_id: str | None) -> None:
        self._extra.clear()
        if node_id is not None:
            self._extra[NODE_HEADER] = node_id

    # --- misbehaviour --------------------------------------------------------------------

    def misbehave(self, place: str, way: Misbehaviour | Way, times: int | None = 1) -> None:
        """Answer the next *times* requests (None: all) for *place* in this *way*.

        *place* is a file's name, a board's id, or a path, where ``*`` stands for any text; a
        path without query stands for every query.  Ways given first are played first.
        """
        played = way.way if isinstance(way, Misbehaviour) else way
        self._spells.append(_Spell(self.path_of(place), played, times))

    def behave(self) -> None:
        """End every misbehaviour, those of `cut` and `lose_headings` too."""
        self._spells.clear()

    def cut(self, page: str) -> None:
        """Cut *page*, a board's id or a path, until `behave`."""
        self.misbehave(page, Misbehaviour.CUT_PAGE, None)

    def lose_headings(self, page: str) -> None:
        """Serve *page*, a board's id or a path, whole but without its headings, until `behave`."""
        self.misbehave(page, Misbehaviour.NO_HEADINGS, None)

    # --- what was asked ------------------------------------------------------------------

    def path_of(self, place: str) -> str:
        """Return the path of *place*: a file's name, a board's id, or a path already."""
        if place.startswith(("/", "*")):
            return place
        return f"{INDEX}{place}/" if "." not in place else f"{_FIRMWARE}{place}"

    def count(self, place: str) -> int:
        """Return how many requests there were for *place*, given as to `misbehave`."""
        pattern = self.path_of(place)
        return sum(_matches(pattern, request.path) for request in self.requests)

    def most_at_once(self, place: str) -> int:
        """Return how many requests for *place*, one path, were under way together at most."""
        return self._most[self.path_of(place)]

    def keep_little(self) -> None:
        """Keep next to nothing of what was made, from the next `running` on.

        For who wants to see how the memory of this process grows, and by whom.
        """
        self._shelf = Shelf(kept_bytes=1 << 20, pages=300)

    # --- serving -------------------------------------------------------------------------

    async def unpack(self, folder: Path) -> None:
        """Write every listed file to *folder*, and serve it from there by ``sendfile``.

        For measurements: making an image then costs no time while somebody waits for it.
        """
        files = (self.find_file(name) for name in self.names())
        await self._shelf.unpack((file for file in files if file is not None), folder)

    @contextlib.asynccontextmanager
    async def running(
        self, host: str = "127.0.0.1", listen: int = 0, *, tls: ssl.SSLContext | None = None
    ) -> AsyncGenerator[str]:
        """Serve on *host* and TCP port *listen* (0: any) and give the URL, without final slash.

        With *tls* the URL is ``https``.  Whatever hangs at the end is cut off.
        """
        closing = asyncio.Event()
        sender = Sender(self._shelf, self._throttle, self._extra)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._handle(request, sender, closing)

        server = web.Server(handle, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=_SECONDS_TO_END)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, listen, backlog=1024, ssl_context=tls).start()
            scheme = "http" if tls is None else "https"
            yield f"{scheme}://{host}:{runner.addresses[0][1]}"
        finally:
            closing.set()
            await runner.cleanup()

    async def _handle(
        self, request: web.BaseRequest, sender: Sender, closing: asyncio.Event
    ) -> web.StreamResponse:
        self.requests.append(Recorded(request.method, request.raw_path, request.headers))
        path = request.rel_url.raw_path
        self._in_flight[path] += 1
        self._most[path] = max(self._most[path], self._in_flight[path])
        try:
            return await self._answer(request, sender, closing)
        finally:
            self._in_flight[path] -= 1

    async def _answer(
        self, request: web.BaseRequest, sender: Sender, closing: asyncio.Event
    ) -> web.StreamResponse:
        await asyncio.sleep(self.delay)
        if request.method not in {"GET", "HEAD"}:
            return await sender.send_bytes(request, b"", status=405)
        url = request.rel_url
        exchange = Exchange(
            request, answer_to(self, url.raw_path, url.query, self.slash), sender, closing
        )
        spell = next((spell for spell in self._spells if spell.spend(request.raw_path)), None)
        return await (exchange.good() if spell is None else spell.way.play(exchange))


def _matches(pattern: str, path: str) -> bool:
    return fnmatchcase(path, pattern) or fnmatchcase(path.partition("?")[0], pattern)
