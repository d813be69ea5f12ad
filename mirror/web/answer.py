"""Send a head and a body as they are: no copying, no chunks, and never more than promised.

A client that takes nothing for a while (`Limits.stall` of `mirror.web.connections`) is cut
off, so that it holds neither memory nor one of the connections.  What aiohttp would do to
headers and bodies is left out: the head says the length, and exactly so many bytes follow.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

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

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything; raise `ConnectionError` when the client is gone or takes nothing."""
        transport = _transport_of(request)
        self._stays_open = self._stays_open and request.keep_alive
        opening = self._head + _ending(request, stays_open=self._stays_open)
        body = memoryview(self._content)
        transport.write(opening + body[:_PIECE])
        for start in range(_PIECE, len(body), _PIECE):
            await taken(request)
            _transport_of(request).write(body[start : start + _PIECE])
        await taken(request)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` has sent everything."""


async def taken(request: web.BaseRequest) -> None:
    """Wait until the system has taken what was written; cut off a client that stalls."""
    if not _transport_of(request).get_write_buffer_size():
        return
    try:
        async with asyncio.timeout(stall_of(request)):
            await request.writer.drain()
    except TimeoutError as error:
        raise cut_off(request) from error


def stall_of(request: web.BaseRequest) -> float:
    """Return for how many seconds the client of *request* may take nothing."""
    seconds: float = getattr(request.protocol, "stall", USUAL_STALL)
    return seconds


def cut_off(request: web.BaseRequest) -> ConnectionError:
    """Break the connection, so that its client can not take a part for the whole."""
    if request.transport is not None:
        request.transport.abort()
    return ConnectionResetError("the answer was cut off")


def _transport_of(request: web.BaseRequest) -> asyncio.Transport:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client is gone")
    return transport


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
