"""An upstream that answers, byte for byte, what a test tells it to, over a real socket.

For answers that no decent server would give.  Whatever a decent one gives comes from the
replica (`tests.replica`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from ssl import SSLContext


class Then(Enum):
    """What happens to the connection after the bytes of a reply."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()
    HANG = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes of one answer, and what comes after them.

    ``trickle`` seconds pass between the single bytes, if it is not 0.
    """

    data: bytes
    then: Then = Then.KEEP
    trickle: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: the target of its first line, and its headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]


def reply(
    status: int, body: bytes = b"", *headers: str, length: int | None = None, then: Then = Then.KEEP
) -> Reply:
    """Return an ordinary answer with a ``Content-Length``, which may be made to lie."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    return Reply("\r\n".join([*lines, *headers, "", ""]).encode("utf-8") + body, then)


def bare(status: int, body: bytes = b"", *headers: str, then: Then = Then.CLOSE) -> Reply:
    """Return an answer with these headers and no others: no length unless one is given."""
    head = "\r\n".join([f"HTTP/1.1 {status} X", *headers, "", ""])
    return Reply(head.encode("utf-8") + body, then)


def chunked(status: int, *chunks: bytes, headers: tuple[str, ...] = (), end: bool = True) -> Reply:
    """Return an answer in chunks; without its *end* it is cut short."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    last = b"0\r\n\r\n" if end else b""
    return bare(status, body + last, "Transfer-Encoding: chunked", *headers)


@dataclass(slots=True)
class Scripted:
    """The server: `answers` per target, one after the other, the last one for ever."""

    answers: dict[str, list[Reply]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    open_most: int = 0
    listen: int = 0

    def answer(self, target: str, *replies: Reply) -> None:
        """Answer *target* with these, one after the other."""
        self.answers[target] = list(replies)

    def targets(self) -> list[str]:
        """Return the targets that were asked for, in order."""
        return [request.target for request in self.requests]

    @contextlib.asynccontextmanager
    async def running(self, context: SSLContext | None = None) -> AsyncIterator[str]:
        """Serve on a free TCP port of 127.0.0.1; gives the base URL."""
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(self._serve(reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
        self.listen = server.sockets[0].getsockname()[1]
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{self.listen}"
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, as clients do
        finally:
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = _parse(await reader.readuntil(b"\r\n\r\n"))
        self.requests.append(request)
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            answer = self._next(request.target)
            await _send(writer, answer)
            return await _finish(writer, answer.then)
        finally:
            self.open_now -= 1

    def _next(self, target: str) -> Reply:
        replies = self.answers.get(target, [reply(404)])
        return replies.pop(0) if len(replies) > 1 else replies[0]


def _parse(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in lines if line)
    return Request(method, target, {name.lower(): value for name, value in pairs})


async def _send(writer: asyncio.StreamWriter, answer: Reply) -> None:
    if not answer.trickle:
        writer.write(answer.data)
        await writer.drain()
        return
    for start in range(len(answer.data)):
        writer.write(answer.data[start : start + 1])
        await writer.drain()
        await asyncio.sleep(answer.trickle)


async def _finish(writer: asyncio.StreamWriter, then: Then) -> bool:
    if then is Then.HANG:
        await asyncio.sleep(3600)
    if then is Then.RESET:
        plain: socket.socket = writer.get_extra_info("socket")
        # RFC 793: with a linger of nothing, closing sends a reset.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if then is Then.CLOSE:
        writer.write_eof() if writer.can_write_eof() else writer.close()
    return then is Then.KEEP
