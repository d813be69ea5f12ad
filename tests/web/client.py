"""A client that says exactly what a test wants, and shows exactly what came."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_OK = 200
_NO_BODY = {204, 304}


@dataclass(frozen=True, slots=True)
class Got:
    """An answer: *fields* by lower-case name."""

    status: int
    fields: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Client:
    """Asks the server on a TCP port of this machine, over TLS where *trusted* is given."""

    number: int
    trusted: ssl.SSLContext | None = None

    async def get(self, path: str, method: str = "GET", **fields: str) -> Got:
        """Ask *path* on a connection of its own; ``If_Range`` is said ``If-Range``."""
        async with self.connected() as line:
            await line.ask(path, method, **fields)
            return await line.answer(method)

    async def say(self, words: bytes) -> bytes:
        """Send *words* and return everything that comes until the server hangs up."""
        async with self.connected() as line:
            await line.send(words)
            return await line.rest()

    async def is_answered(self, path: str = "/healthz") -> bool:
        """Whether the server has room, and answers *path* with 200."""
        try:
            return (await self.get(path)).status == _OK
        except (ConnectionError, asyncio.IncompleteReadError):
            return False

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Line]:
        """Keep one connection open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number, ssl=self.trusted)
        try:
            yield Line(reader, writer)
        finally:
            writer.transport.abort()


@dataclass(frozen=True, slots=True)
class Line:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, words: bytes) -> None:
        """Send *words*."""
        self.writer.write(words)
        await self.writer.drain()

    async def ask(self, path: str, method: str = "GET", **fields: str) -> None:
        """Send a request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: a.test"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def answer(self, method: str = "GET") -> Got:
        """Read one answer, with exactly the body that its head promises."""
        async with asyncio.timeout(20):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("ascii")
            status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            pairs = [line.split(": ", 1) for line in lines]
            fields = {name.lower(): value for name, value in pairs}
            status = int(status_line.split(" ")[1])
            bare = method == "HEAD" or status in _NO_BODY
            body = b"" if bare else await self.reader.readexactly(int(fields["content-length"]))
        return Got(status, fields, body)

    async def rest(self) -> bytes:
        """Return everything that comes until the server hangs up."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""
