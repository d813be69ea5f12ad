"""Send a head and a body as they are: no copying, no chunks, and never more than promised.

A client that takes nothing for a while (`Limits.stall` of `mirror.web.connections`) is cut
off, so that it holds neither memory nor one of the connections.  What aiohttp would do to
headers and bodies is left out: the head says the length, and exactly so many bytes follow.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

#: A path as the router reads it, and who answers it.
Route: TypeAlias = tuple[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]

USUAL_STALL: Final = 60.0
_PIECE = 256 * 1024
_ONE_ZERO = (1, 0)


class Answer(web.StreamResponse):
    """A *head* from `mirror.web.heads` and the *body* whose length it says.

    The answer to HEAD is made with an empty body and the head of GET.
    """

    def __init__(self, status: int, head: bytes, body: bytes | memoryview = b"") -> None:
        super().__init__(status=status)
        self._head = head
        self._content = body
        self._stays_open = True

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on this connection."""
        return self._stays_open

    def force_close(self) -> None:
        """Close the connection after this answer."""
        self._stays_open = False

    def say_age(self, seconds: int) -> None:
        """Say how old is what is answered with (RFC 9111 section 5.1)."""
        self._head += f"Age: {seconds}\r\n".encode("ascii")

    def say_links(self, links: str) -> None:
        """Say which documents belong to what is answered with (RFC 8288)."""
        self._head += f"Link: {links}\r\n".encode("ascii")

    def say_request(self, name: str) -> None:
        """Say which request this answers, by an id that has nothing but letters and digits."""
        self._head += f"X-Request-Id: {name}\r\n".encode("ascii")

    def when_all_is_sent(self, tell: Callable[[], None]) -> None:
        """Call *tell* once the last byte of a file was sent: an answer without one never does."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything; raise `ConnectionError` when the client is gone or takes nothing."""
        self._stays_open = self._stays_open and request.keep_alive
        opening = self._head + _ending(request, stays_open=self._stays_open)
        sent = _send_at_once(transport_of(request), opening, self._content)
        if sent < len(opening) + len(self._content):
            for part in (opening, self._content):
                await _send_rest(request, memoryview(part)[sent:])
                sent = max(sent - len(part), 0)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` has sent everything."""


def direct_way(transport: asyncio.Transport) -> int | None:
    """Return the descriptor of the socket, if something can be sent past *transport* now.

    Not so when it still has something to send, which must go first, or when it encrypts.
    """
    if is_encrypted(transport) or transport.get_write_buffer_size():
        return None
    descriptor: int = transport.get_extra_info("socket").fileno()
    return descriptor


def is_encrypted(transport: asyncio.Transport) -> bool:
    """Whether what is sent over *transport* has to be encrypted first."""
    return transport.get_extra_info("sslcontext") is not None


def transport_of(request: web.BaseRequest) -> asyncio.Transport:
    """Return the transport; raise `ConnectionResetError` when the client is gone."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client is gone")
    return transport


def stall_of(request: web.BaseRequest) -> float:
    """Return for how many seconds the client of *request* may take nothing."""
    seconds: float = getattr(request.protocol, "stall", USUAL_STALL)
    return seconds


def cut_off(request: web.BaseRequest) -> ConnectionError:
    """Break the connection, so that its client can not take a part for the whole."""
    if request.transport is not None:
        request.transport.abort()
    return ConnectionResetError("the answer was cut off")


def _send_at_once(transport: asyncio.Transport, *parts: bytes | memoryview) -> int:
    # Nearly every answer goes out here, in one system call and without being copied.
    descriptor = direct_way(transport)
    if descriptor is None:
        return 0
    try:
        return os.writev(descriptor, parts)
    except BlockingIOError:
        return 0


async def _send_rest(request: web.BaseRequest, rest: memoryview) -> None:
    for start in range(0, len(rest), _PIECE):
        transport_of(request).write(rest[start : start + _PIECE])
        await taken(request)


async def taken(request: web.BaseRequest) -> None:
    """Wait until the system has taken what was written; cut off a client that stalls."""
    if not transport_of(request).get_write_buffer_size():
        return
    try:
        async with asyncio.timeout(stall_of(request)):
            await request.writer.drain()
    except TimeoutError as error:
        raise cut_off(request) from error


def _ending(request: web.BaseRequest, *, stays_open: bool) -> bytes:
    date = _date(int(time.time()))
    if not stays_open:
        return date + b"Connection: close\r\n\r\n"
    if request.version == _ONE_ZERO:
        return date + b"Connection: keep-alive\r\n\r\n"
    return date + b"\r\n"


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
