"""The ways to misbehave on the wire, each a value with its measures.

A way answers one exchange.  `tests.replica.misbehaviour` names the ones that tests want most;
the classes here are for other measures: another ``Retry-After``, another address.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from tests.replica.answers import Document, Firmware, Page
from tests.replica.sending import static_headers

if TYPE_CHECKING:
    from aiohttp import web

    from tests.replica.exchange import Exchange

_BOMB_CHUNK: Final = 1 << 20
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Altered:
    """The body, changed; everything else as it should be."""

    change: Callable[[bytes], bytes]

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send what ``change`` makes of the good body, with the headers of its kind."""
        data = self.change(await exchange.body())
        if isinstance(exchange.answer, Page):
            status = exchange.answer.status
            return await exchange.sender.send_page(exchange.request, data, status)
        headers = _headers_of(exchange, len(data))
        return await exchange.sender.send_bytes(exchange.request, data, headers=headers)


@dataclass(frozen=True, slots=True)
class Substituted:
    """Status 200, and something else in its place."""

    data: bytes
    media_type: str = "text/html"

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send ``data`` as ``media_type``."""
        headers = {"Content-Type": self.media_type}
        return await exchange.sender.send_bytes(exchange.request, self.data, headers=headers)


@dataclass(frozen=True, slots=True)
class Refusing:
    """A status of refusal, with ``Retry-After`` as text or, for a time span, as HTTP date."""

    status: int
    retry_after: str | dt.timedelta | None = None

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the status and a page that says so."""
        headers = {"Content-Type": "text/html"}
        if self.retry_after is not None:
            headers["Retry-After"] = self._when(self.retry_after)
        page = f"<html><body><h1>{self.status}</h1></body></html>\n".encode()
        return await exchange.sender.send_bytes(
            exchange.request, page, status=self.status, headers=headers
        )

    @staticmethod
    def _when(retry_after: str | dt.timedelta) -> str:
        if isinstance(retry_after, str):
            return retry_after
        return format_datetime(dt.datetime.now(dt.UTC) + retry_after, usegmt=True)


@dataclass(frozen=True, slots=True)
class Redirecting:
    """A redirect to ``location``, in which ``{path}`` stands for the path that was asked for."""

    location: str
    status: int = 302

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the redirect."""
        location = self.location.format(path=exchange.request.path_qs)
        return await exchange.sender.send_bytes(
            exchange.request, b"", status=self.status, headers={"Location": location}
        )


@dataclass(frozen=True, slots=True)
class Short:
    """``share`` of the body under the ``Content-Length`` of all of it, then the end."""

    share: float = 0.5

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the beginning, and close."""
        data = await exchange.body()
        exchange.write_raw(_head(exchange, data, f"Content-Length: {len(data)}"))
        exchange.write_raw(data[: int(len(data) * self.share)])
        return exchange.close()


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """``share`` of the body without any length, then the end, as HTTP/1.0 had it."""

    share: float = 0.5

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the beginning, and close."""
        data = await exchange.body()
        exchange.write_raw(_head(exchange, data, "Connection: close"))
        exchange.write_raw(data[: int(len(data) * self.share)])
        return exchange.close()


@dataclass(frozen=True, slots=True)
class Unended:
    """Half of the body as a chunk, and no chunk that ends it."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the chunk, and close."""
        data = await exchange.body()
        chunk = data[: len(data) // 2]
        exchange.write_raw(_head(exchange, data, "Transfer-Encoding: chunked"))
        exchange.write_raw(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        return exchange.close()


@dataclass(frozen=True, slots=True)
class Hanging:
    """Nothing more after ``share`` of the body; None: not even headers."""

    share: float | None = None

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send that much, then keep the connection and say nothing."""
        if self.share is not None:
            data = await exchange.body()
            exchange.write_raw(_head(exchange, data, f"Content-Length: {len(data)}"))
            exchange.write_raw(data[: int(len(data) * self.share)])
        await exchange.closing.wait()
        return exchange.close()


@dataclass(frozen=True, slots=True)
class Resetting:
    """A reset connection after ``share`` of the body; None: before the headers."""

    share: float | None = None

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send that much, and reset."""
        if self.share is not None:
            data = await exchange.body()
            exchange.write_raw(_head(exchange, data, f"Content-Length: {len(data)}"))
            exchange.write_raw(data[: int(len(data) * self.share)])
            # A reset overtakes what the client has not read yet.
            await asyncio.sleep(0.05)
        return exchange.reset()


@dataclass(frozen=True, slots=True)
class Trickling:
    """The right body, ``size`` bytes every ``seconds``."""

    size: int = 64
    seconds: float = 0.05

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send it so, until it ends or the client gives up."""
        data = await exchange.body()
        exchange.write_raw(_head(exchange, data, f"Content-Length: {len(data)}"))
        for start in range(0, len(data), self.size):
            exchange.write_raw(data[start : start + self.size])
            await asyncio.sleep(self.seconds)
            if exchange.closing.is_set():
                break
        return exchange.close()


@dataclass(frozen=True, slots=True)
class PartUnasked:
    """206 and the first half, whatever was asked for."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the first half as a part."""
        data = await exchange.body()
        half = len(data) // 2
        return await _send_part(exchange, data[:half], 0, len(data))


@dataclass(frozen=True, slots=True)
class WholeForRange:
    """200 and everything, as if no range were asked for."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Answer as if the request had no headers."""
        return await exchange.sender.send(exchange.request, exchange.answer, {})


@dataclass(frozen=True, slots=True)
class WrongRange:
    """For a range 206 with the beginning of the file instead, and a ``Content-Range`` of that."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send another part than was asked for."""
        start, end = _asked(exchange, len(await exchange.body()))
        if not start:
            return await exchange.good()
        data = await exchange.body()
        return await _send_part(exchange, data[: end - start], 0, len(data))


@dataclass(frozen=True, slots=True)
class OtherFile:
    """For a range 206 with the bytes, and the ETag, of another file; ``If-Range`` is ignored."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the part that was asked for, of another file of the same size."""
        data = bytes(255 - byte for byte in await exchange.body())
        start, end = _asked(exchange, len(data))
        if not start:
            return await exchange.good()
        return await _send_part(exchange, data[start:end], start, len(data), etag='"5f5e100-1"')


@dataclass(frozen=True, slots=True)
class Bomb:
    """A small gzip body of zeros that unpacks to ``size`` bytes."""

    size: int = 256 << 20

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Send the bomb."""
        headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
        data = await asyncio.to_thread(_bomb, self.size)
        return await exchange.sender.send_bytes(exchange.request, data, headers=headers)


def _head(exchange: Exchange, data: bytes, length: str) -> bytes:
    """Return the head of a 200 with *data* as bytes; *length* is its line on the length."""
    headers = exchange.sender.headers(_headers_of(exchange, len(data)))
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers.items()), length]
    return "\r\n".join([*lines, "", ""]).encode()


def _headers_of(exchange: Exchange, size: int) -> dict[str, str]:
    if isinstance(exchange.answer, Document | Firmware):
        return static_headers(exchange.answer, size)
    return {"Content-Type": "text/html"}


def _asked(exchange: Exchange, size: int) -> tuple[int, int]:
    """Return start and end of the range that was asked for; (0, *size*) for none."""
    found = _RANGE.fullmatch(exchange.request.headers.get("Range", ""))
    if found is None:
        return 0, size
    return int(found[1]), min(size, int(found[2]) + 1) if found[2] else size


async def _send_part(
    exchange: Exchange, data: bytes, start: int, size: int, etag: str | None = None
) -> web.StreamResponse:
    headers = _headers_of(exchange, size)
    headers["Content-Range"] = f"bytes {start}-{start + len(data) - 1}/{size}"
    if etag is not None:
        headers["ETag"] = etag
    return await exchange.sender.send_bytes(exchange.request, data, status=206, headers=headers)


@functools.cache
def _bomb(size: int) -> bytes:
    chunk = bytes(_BOMB_CHUNK)
    count = size // _BOMB_CHUNK
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush forgets what came before: each chunk packs to the same bytes.
    piece = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = functools.reduce(lambda crc, _: zlib.crc32(chunk, crc), range(count), 0)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + piece * count + b"\x03\x00" + struct.pack("<2I", crc, count * _BOMB_CHUNK)
