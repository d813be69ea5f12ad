"""Puts the site's answers on the wire as upstream does: headers, ranges, codings, bandwidth.

Pages come from an application behind nginx: chunked, gzip where accepted, without ETag.
Files are static: ETag, Last-Modified, ranges, 304; from disk they go by ``sendfile``.
Every body is sent before the call returns, so a caller knows how long a transfer took.
"""

from __future__ import annotations

import asyncio
import gzip
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tests.replica.answers import Answer, Document, Firmware, Moved, Page
from tests.replica.conditions import NotModified, Part, Unsatisfiable, Whole, decide, etag_of
from tests.replica.content import Content

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.replica.content import Shelf
    from tests.replica.throttle import Throttle

HEADERS: Final = {
    "Server": "nginx/1.10.3",
    "Strict-Transport-Security": "max-age=15768000",
}
_HTML: Final = "text/html; charset=utf-8"
_PIECE: Final = 256 << 10
_PAGE_PIECE: Final = 8 << 10
_PIECES_A_SECOND: Final = 20


class Sender:
    """Sends answers, within one bandwidth; *extra* headers come with each, and may change."""

    def __init__(self, shelf: Shelf, throttle: Throttle, extra: Mapping[str, str]) -> None:
        self.shelf = shelf
        self.throttle = throttle
        self._extra = extra
        # Pages as they go out, most of them again and again.
        self._coded: dict[str, bytes] = {}

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return *headers* and those that every answer has."""
        return {**HEADERS, **self._extra, **headers}

    async def send(
        self, request: web.BaseRequest, answer: Answer, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        """Send *answer* to *request*, as if it had *headers*; return what was sent."""
        asked = request.headers if headers is None else headers
        match answer:
            case Page():
                return await self._send_drawn(request, answer)
            case Moved():
                return await self.send_bytes(
                    request, b"", status=answer.status, headers={"Location": answer.location}
                )
            case _:
                content = await self.content(answer)
                return await self._send_static(request, answer, content, asked)

    async def content(self, answer: Answer) -> Content:
        """Return the bytes that *answer* stands for; a redirect has none."""
        match answer:
            case Page():
                return Content.of(answer.html.encode())
            case Document():
                return Content.of(answer.data)
            case Firmware():
                return await self.shelf.content(answer.file)
            case Moved():
                return Content.of(b"")

    async def send_bytes(
        self,
        request: web.BaseRequest,
        data: bytes,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        """Send *data* with its length, and *headers*."""
        response = self._response(status, headers or {})
        response.content_length = len(data)
        await response.prepare(request)
        await self.write(request, response, memoryview(data))
        await response.write_eof()
        return response

    async def write(
        self, request: web.BaseRequest, response: web.StreamResponse, data: memoryview
    ) -> None:
        """Write *data* as body of *response*, within the bandwidth; nothing for HEAD."""
        if request.method == "HEAD":
            return
        size = self._piece()
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            await self.throttle.wait_for(len(piece))
            await response.write(piece)

    async def send_page(
        self, request: web.BaseRequest, data: bytes, status: int
    ) -> web.StreamResponse:
        """Send *data* as a page: chunked, without ETag, gzip where accepted."""
        coded = "gzip" in request.headers.get("Accept-Encoding", "")
        if coded:
            data = await asyncio.to_thread(_coded, data)
        return await self._send_page(request, data, status, coded=coded)

    async def _send_page(
        self, request: web.BaseRequest, data: bytes, status: int, *, coded: bool
    ) -> web.StreamResponse:
        headers = {"Content-Type": _HTML, "Vary": "Accept-Encoding"}
        if coded:
            headers["Content-Encoding"] = "gzip"
        response = self._response(status, headers)
        await response.prepare(request)
        view = memoryview(data)
        for start in range(0, len(view), _PAGE_PIECE):
            await self.write(request, response, view[start : start + _PAGE_PIECE])
        await response.write_eof()
        return response

    async def _send_drawn(self, request: web.BaseRequest, page: Page) -> web.StreamResponse:
        coded = "gzip" in request.headers.get("Accept-Encoding", "")
        known = self._coded.get(page.html) if coded else page.html.encode()
        if known is None:
            known = await asyncio.to_thread(_coded, page.html.encode())
            if len(self._coded) >= self.shelf.pages:
                self._coded.clear()
            self._coded[page.html] = known
        return await self._send_page(request, known, page.status, coded=coded)

    async def _send_static(
        self,
        request: web.BaseRequest,
        answer: Document | Firmware,
        content: Content,
        asked: Mapping[str, str],
    ) -> web.StreamResponse:
        headers = static_headers(answer, content.size)
        match decide(asked, modified_of(answer), content.size):
            case NotModified():
                return await self.send_bytes(request, b"", status=304, headers=_known(headers))
            case Unsatisfiable():
                headers["Content-Range"] = f"bytes */{content.size}"
                return await self.send_bytes(request, b"", status=416, headers=headers)
            case Part(start, end):
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
                return await self._send_content(request, content, 206, headers, Part(start, end))
            case Whole():
                return await self._send_content(
                    request, content, 200, headers, Part(0, content.size)
                )

    async def _send_content(
        self,
        request: web.BaseRequest,
        content: Content,
        status: int,
        headers: Mapping[str, str],
        part: Part,
    ) -> web.StreamResponse:
        if content.data is not None:
            data = content.data[part.start : part.end]
            return await self.send_bytes(request, data, status=status, headers=headers)
        response = self._response(status, headers)
        response.content_length = part.end - part.start
        await response.prepare(request)
        if content.path is not None and request.method != "HEAD":
            await self._send_file(request, content.path, part)
        await response.write_eof()
        return response

    async def _send_file(self, request: web.BaseRequest, path: Path, part: Part) -> None:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has gone")
        size = self._piece() if self.throttle.rate else part.end
        loop = asyncio.get_running_loop()
        with path.open("rb") as file:
            for start in range(part.start, part.end, size):
                count = min(size, part.end - start)
                await self.throttle.wait_for(count)
                await loop.sendfile(transport, file, start, count)

    def _response(self, status: int, headers: Mapping[str, str]) -> web.StreamResponse:
        return web.StreamResponse(status=status, headers=self.headers(headers))

    def _piece(self) -> int:
        rate = self.throttle.rate
        return _PIECE if rate is None else max(1024, min(_PIECE, int(rate) // _PIECES_A_SECOND))


def _coded(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)


def modified_of(answer: Document | Firmware) -> int:
    """Return when the file was modified, in seconds since 1970."""
    return answer.modified if isinstance(answer, Document) else answer.file.modified


def static_headers(answer: Document | Firmware, size: int) -> dict[str, str]:
    """Return the headers of a static file of *size* bytes."""
    modified = modified_of(answer)
    return {
        "Content-Type": answer.media_type,
        "ETag": etag_of(modified, size),
        "Last-Modified": formatdate(modified, usegmt=True),
        "Accept-Ranges": "bytes",
    }


def _known(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("ETag", "Last-Modified")}
