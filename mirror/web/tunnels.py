"""Answer ``CONNECT`` for the names that the mirror answers by, and for nothing else.

A process that is told ``HTTPS_PROXY`` asks here for a tunnel to ``micropython.org:443``.  The
tunnel ends in this process: what comes through it is a handshake, and then a connection like
any other over TLS.  Nobody is connected to, and no name is resolved; any other name is refused.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from mirror.web.hosts import ANSWERED

if TYPE_CHECKING:
    from mirror.web.room import Visitor
    from mirror.web.tls import TlsGate

_MOST_HEAD: Final = 4096
_SECONDS: Final = 15.0
_END: Final = b"\r\n\r\n"
# RFC 9112 section 3.2.3; only the port of https is tunnelled to.
_CONNECT: Final = re.compile(rb"CONNECT ([A-Za-z0-9.-]{1,253}):443 HTTP/1\.[01]\r\n")


class TunnelGate:
    """Makes the protocol of each accepted connection that asks for a tunnel."""

    def __init__(self, tls: TlsGate) -> None:
        self._tls = tls

    def __call__(self) -> asyncio.Protocol:
        """Return what reads the request for a tunnel."""
        return _Asking(self)

    def enter(self, transport: asyncio.Transport) -> Visitor | None:
        """Give *transport* a place, or hang up and return None."""
        return self._tls.enter(transport)

    def leave(self, visitor: Visitor) -> None:
        """Take the place of *visitor* back."""
        self._tls.leave(visitor)

    def answers(self, host: str) -> bool:
        """Whether tunnels to *host* end here."""
        return host in ANSWERED or host in self._tls.hosts

    def open(self, transport: asyncio.Transport) -> None:
        """Say that the tunnel is there, and begin the handshake in it."""
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._tls.admit(transport)


class _Asking(asyncio.Protocol):
    def __init__(self, gate: TunnelGate) -> None:
        self._gate = gate
        self._visitor: Visitor | None = None
        self._head = bytearray()
        self._transport: asyncio.Transport | None = None
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type
        self._visitor = self._gate.enter(transport)
        if self._visitor is None:
            return
        self._transport = transport
        self._limit = asyncio.get_running_loop().call_later(_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._head += data
        if _END in self._head:
            self._answer(self._transport)
        elif len(self._head) > _MOST_HEAD:
            self._refuse(self._transport, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whatever it was
        self._leave()

    def _answer(self, transport: asyncio.Transport) -> None:
        asked = _CONNECT.match(self._head)
        if asked is None:
            self._refuse(transport, HTTPStatus.METHOD_NOT_ALLOWED)
        elif not self._gate.answers(asked[1].decode("ascii").lower().removesuffix(".")):
            self._refuse(transport, HTTPStatus.FORBIDDEN)
        elif not self._head.endswith(_END):
            # Who speaks before the tunnel is there does not wait for our certificate either.
            self._refuse(transport, HTTPStatus.BAD_REQUEST)
        else:
            self._leave()
            self._gate.open(transport)

    def _refuse(self, transport: asyncio.Transport, status: HTTPStatus) -> None:
        head = (
            f"HTTP/1.1 {status} {status.phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        transport.write(head.encode())
        transport.close()

    def _leave(self) -> None:
        if self._visitor is not None:
            self._gate.leave(self._visitor)
        if self._limit is not None:
            self._limit.cancel()
