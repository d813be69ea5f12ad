"""One request and its good answer, as a way to misbehave gets it."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from tests.replica.answers import Answer
from tests.replica.sending import Sender


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, what a good upstream would answer, and the means to do otherwise.

    ``closing`` is set when the replica ends: whatever hangs, hangs until then.
    """

    request: web.BaseRequest
    answer: Answer
    sender: Sender
    closing: asyncio.Event

    async def good(self) -> web.StreamResponse:
        """Answer as a good upstream does."""
        return await self.sender.send(self.request, self.answer)

    async def body(self) -> bytes:
        """Return the whole body of the good answer."""
        return await (await self.sender.content(self.answer)).read()

    def write_raw(self, data: bytes) -> None:
        """Write *data* to the socket as it is, headers and all."""
        if self.request.transport is not None:
            self.request.transport.write(data)

    def close(self) -> web.StreamResponse:
        """Close the connection after what was written; return a response that goes nowhere."""
        if self.request.transport is not None:
            self.request.transport.close()
        return web.StreamResponse()

    def reset(self) -> web.StreamResponse:
        """Reset the connection (RST); return a response that goes nowhere."""
        transport = self.request.transport
        if transport is not None:
            # Lingering for no time makes the kernel send RST instead of FIN.
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return web.StreamResponse()


class Way(Protocol):
    """A way to misbehave."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Answer *exchange* badly."""
        ...
