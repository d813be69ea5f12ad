"""Encrypt accepted connections, then hand them to the gate that all connections go through.

A connection counts towards the limits from its first byte on, not only when its handshake
has ended: who opens connections and says nothing is cut off like everybody else.  Here the
handshake is begun by hand, because `asyncio` can only swap what a whole listener shows.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirror.web.certificates import Certificates

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from mirror.web.connections import Gate

# A board on a bad line needs about two seconds for its arithmetic.
_HANDSHAKE: Final = 15.0


@dataclass(frozen=True, slots=True)
class Encrypted:
    """The bound *sockets* that are served over TLS, with which *certificates*.

    At *tunnels* a client asks for a tunnel to one of our names first.
    """

    sockets: Sequence[socket.socket]
    certificates: Certificates
    tunnels: Sequence[socket.socket] = ()


class TlsGate:
    """Makes the protocol of each accepted connection that begins with a handshake."""

    def __init__(self, gate: Gate, certificates: Certificates) -> None:
        self._gate = gate
        self._certificates = certificates
        self._arriving: set[asyncio.Task[None]] = set()

    def __call__(self) -> asyncio.Protocol:
        """Return what begins the handshake, once the connection is there."""
        return _Arrival(self.admit)

    @property
    def hosts(self) -> frozenset[str]:
        """The names that our certificates are known to stand for."""
        return self._certificates.hosts

    def is_full(self, waiting: int = 0) -> bool:
        """Whether there is no room beside *waiting* connections that nobody else counts."""
        return self._gate.is_full(len(self._arriving) + waiting)

    def admit(self, transport: asyncio.Transport) -> None:
        """Encrypt *transport* in a task of its own; hang up when there are too many."""
        if self.is_full():
            transport.abort()
            return
        # Nothing is read before the handshake is prepared.
        transport.pause_reading()
        task = asyncio.create_task(self._encrypt(transport, self._certificates.context))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def close(self) -> None:
        """Break off the handshakes that are under way."""
        arriving = list(self._arriving)
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)

    async def _encrypt(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        try:
            await encrypt(transport, context, self._gate)
        except BaseException:
            transport.abort()
            raise


async def encrypt(transport: asyncio.Transport, context: ssl.SSLContext, gate: Gate) -> None:
    """Shake hands over *transport* as the server, then let *gate* take the connection.

    A handshake that fails is nobody's news: *transport* is cut off.
    """
    loop = asyncio.get_running_loop()
    hall = _Hall()
    try:
        encrypted = await loop.start_tls(
            transport,
            hall,
            context,
            server_side=True,
            ssl_handshake_timeout=_HANDSHAKE,
            ssl_shutdown_timeout=gate.stall,
        )
    except OSError:  # an SSLError too, and what became of a connection that broke
        transport.abort()
        return
    if encrypted is None:  # the client left during the handshake (CPython 3.11)
        transport.abort()
        return
    # Written bytes wait in one place only, where it is seen that they do.
    transport.set_write_buffer_limits(high=0)
    hall.hand_over(encrypted, gate())


class _Arrival(asyncio.Protocol):
    def __init__(self, admit: Callable[[asyncio.Transport], None]) -> None:
        self._admit = admit

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type
        self._admit(transport)


class _Hall(asyncio.Protocol):
    """Keeps what comes between the end of the handshake and the protocol that reads it."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._ended = False

    def data_received(self, data: bytes) -> None:
        self._received += data

    def eof_received(self) -> None:
        self._ended = True

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._received:
            protocol.data_received(bytes(self._received))
        if self._ended:
            transport.close()
