"""Encrypt accepted connections, then hand them to the gate that all connections go through.

A connection takes a place from its first byte on, not only when its handshake has ended: who
opens connections and says nothing is cut off, and makes room, like everybody else.  Here the
handshake is begun by hand, because `asyncio` can only swap what a whole listener shows.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass
from mirror.web.certificates import Certificates
from mirror.web.room import Visitor

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

    def enter(self, transport: asyncio.Transport) -> Visitor | None:
        """Give *transport* a place; hang up, and return None, when there is none."""
        room = self._gate.room
        visitor = Visitor(transport, room.idle)
        if room.is_full() and not room.makes_room_for(visitor.address):
            transport.abort()
            return None
        room.enter(visitor)
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """Take the place of *visitor* back."""
        self._gate.room.leave(visitor)

    def admit(self, transport: asyncio.Transport) -> None:
        """Encrypt *transport* in a task of its own; hang up when there are too many."""
        visitor = self.enter(transport)
        if visitor is None:
            return
        # Nothing is read before the handshake is prepared.
        transport.pause_reading()
        task = asyncio.create_task(self._encrypt(transport, self._certificates.context, visitor))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def close(self) -> None:
        """Break off the handshakes that are under way."""
        arriving = list(self._arriving)
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)

    async def _encrypt(
        self, transport: asyncio.Transport, context: ssl.SSLContext, visitor: Visitor
    ) -> None:
        def inside() -> asyncio.Protocol:
            self.leave(visitor)
            return self._gate()

        try:
            await encrypt(transport, context, inside, self._gate.stall)
        except BaseException:
            transport.abort()
            raise
        finally:
            self.leave(visitor)


async def encrypt(
    transport: asyncio.Transport,
    context: ssl.SSLContext,
    inside: Callable[[], asyncio.Protocol],
    stall: float,
) -> None:
    """Shake hands over *transport* as the server, then let what *inside* gives take over.

    A handshake that fails is nobody's news: *transport* is cut off.  *stall* is how long the
    client has for the last words of TLS.
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
            ssl_shutdown_timeout=stall,
        )
    except OSError:  # an SSLError too, and what became of a connection that broke
        transport.abort()
        return
    if encrypted is None:  # the client left during the handshake (CPython 3.11)
        transport.abort()
        return
    # Written bytes wait in one place only, where it is seen that they do.
    transport.set_write_buffer_limits(high=0)
    hall.hand_over(encrypted, inside())


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
