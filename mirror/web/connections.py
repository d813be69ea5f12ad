"""Accept connections within limits: how many, how long they idle, how much they may say.

A request's head has to be complete within the idle time, counted from the connection or
from the last answer, so slow senders are cut off; slow readers are cut off by
`mirror.web.answer`.  Who gets in when all connections are taken is decided by `mirror.web.room`.
What is not HTTP is answered with an empty 400 and not logged.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from mirror.frozen import dataclass
from mirror.web.answer import USUAL_STALL, Answer
from mirror.web.room import Room, address_of

if TYPE_CHECKING:
    from mirror.web.heads import Heads

# What the process needs besides two files for each download: its own and the store's.
_SPARE_FILES: Final = 128


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one process takes on.

    ``line`` is the longest request line and the longest header field in bytes, ``fields``
    the most header fields, ``idle`` the seconds in which a request's head must be there,
    ``linger`` those in which the rest of a body that nobody wants is still read, ``stall``
    those in which a client has to take some of its answer (256 kB of a file), ``moment`` those
    that every connection has for its question, however many others want in.
    """

    connections: int = 1200
    line: int = 4096
    fields: int = 64
    idle: float = 15.0
    linger: float = 1.0
    stall: float = USUAL_STALL
    moment: float = 1.0

    def fitting(self) -> int:
        """Return how many connections the open files of this process allow."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files == resource.RLIM_INFINITY:
            return self.connections
        return max(1, min(self.connections, (files - _SPARE_FILES) // 2))


def raise_file_limit() -> None:
    """Let this process open as many files as the system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _silent_logger() -> logging.Logger:
    # aiohttp writes a traceback for everything that is not HTTP: that is a gift to whoever
    # wants to fill a disk.  Faults of our own are logged by the middleware.
    logger = logging.Logger("mirror.web.connections")  # noqa: LOG001 - on its own by intent
    logger.addHandler(logging.NullHandler())
    return logger


class Gate:
    """Makes the protocol of each accepted connection of *server*; all share one `room`."""

    def __init__(self, server: web.Server, heads: Heads, limits: Limits) -> None:
        self._server = server
        self._heads = heads
        self._limits = limits
        self.room = Room(limits)
        self._logger = _silent_logger()
        self._full = heads.empty(503, [("Retry-After", "5"), ("Connection", "close")]) + b"\r\n"

    @property
    def stall(self) -> float:
        """The seconds in which a client has to take some of its answer."""
        return self._limits.stall

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a connection, which is refused when there are too many."""
        return _AtTheDoor(self) if self.room.is_full() else self.connection()

    def refusal(self) -> asyncio.Protocol:
        """Return the protocol of a connection for which there is no room."""
        return _Refusal(self._full)

    def connection(self) -> asyncio.Protocol:
        """Return the protocol of a connection for which there is room."""
        limits = self._limits
        return _Connection(
            self._server,
            loop=asyncio.get_running_loop(),
            heads=self._heads,
            stall=limits.stall,
            room=self.room,
            logger=self._logger,
            access_log=None,
            keepalive_timeout=limits.idle,
            max_line_size=limits.line,
            max_field_size=limits.line,
            max_headers=limits.fields,
            lingering_time=limits.linger,
        )


class _Connection(web.RequestHandler):
    __slots__ = ("_heads", "_room", "address", "stall")

    def __init__(
        self, manager: web.Server, *, heads: Heads, stall: float, room: Room, **settings: object
    ) -> None:
        super().__init__(manager, **settings)  # type: ignore[arg-type]  # passed through
        self._heads = heads
        self._room = room
        self.address = ""
        self.stall = stall

    @property
    def closes_at(self) -> float | None:
        """When it is closed unless it asks for something; None while it is answered."""
        # aiohttp waits on this future for the head of a request, and for nothing else.
        waits = self._waiter is not None and not self._waiter.done()
        closing = self.transport is None or self.transport.is_closing()
        return None if not waits or closing else self._next_keepalive_close_time

    def hang_up(self) -> None:
        """End it at once."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # So that "drained" means that the system has taken every byte, or TLS all but the last.
        high = 1 if transport.get_extra_info("sslcontext") else 0
        transport.set_write_buffer_limits(high, 0)  # type: ignore[attr-defined]  # it is one
        self.address = address_of(transport)
        self._room.enter(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._room.leave(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - of a request that could not be read
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - nobody would read it
    ) -> web.StreamResponse:
        """Answer what is not HTTP, or breaks our limits, with an empty body, and hang up."""
        if exc is not None:
            # Its frames hold what was received, and it them: a flood would wait for the collector.
            exc.__traceback__ = None
        if isinstance(exc, LineTooLong):
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        answer = Answer(status, self._heads.empty(status))
        answer.force_close()
        return answer


class _AtTheDoor(asyncio.Protocol):
    """One who comes when all connections are taken: who it is decides, and is known only now."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._inside = gate.refusal()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        room = self._gate.room
        # There may be a place by now: who is refused may come again the sooner.
        if not room.is_full() or room.makes_room_for(address_of(transport)):
            self._inside = self._gate.connection()
        transport.set_protocol(self._inside)
        self._inside.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        # What came during a handshake of TLS is handed to the first protocol.
        self._inside.data_received(data)


class _Refusal(asyncio.Protocol):
    """Tells a client that there is no room, and hangs up."""

    def __init__(self, words: bytes) -> None:
        self._words = words

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - for the type
        transport.write(self._words)
        transport.close()
