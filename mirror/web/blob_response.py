"""Answer with the bytes of a blob, straight from its file to the socket.

The blob was checked when it was opened (`mirror.storage.blobs`), and stays open until the
last byte is sent: a publication or a prune meanwhile changes nothing for this client.  If
the file is written to while it is sent, or the client takes nothing for a minute, the
connection breaks before the promised length is reached.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.catalog.values import Digest
from mirror.web.answer import Answer, cut_off, stall_of, taken
from mirror.web.conditions import Conditions, select
from mirror.web.heads import OCTETS, TEXT, Caching

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.abc import AbstractStreamWriter

    from mirror.web.conditions import Selection
    from mirror.web.heads import Field, Heads
    from mirror.web.holdings import OpenFile

# Measured: pieces of 256 to 512 kB stay in the processor's cache and are half as fast again
# as the whole file at once.  A piece in a minute is 4 kB/s, slower than any board takes it.
_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Described:
    """What the head of an answer says of a blob; unknown things are left out.

    ``flash_offset`` is in bytes, ``md5`` in hex.
    """

    digest: Digest
    filename: str
    caching: Caching = Caching.ASK
    kind: Kind | None = None
    version: str | None = None
    flash_offset: int | None = None
    md5: str | None = None

    @property
    def etag(self) -> str:
        """The strong ETag: the digest in quotes."""
        return f'"{self.digest.hex}"'

    def fields(self) -> list[Field]:
        """Return the header fields that every answer about this blob has."""
        fields = [
            ("ETag", self.etag),
            ("Accept-Ranges", "bytes"),
            ("X-SHA256", self.digest.hex),
        ]
        if self.md5 is not None:
            fields.append(("X-MD5", self.md5))
        if self.version is not None:
            fields.append(("X-Firmware-Version", self.version))
        if self.flash_offset is not None:
            fields.append(("X-Flash-Offset", f"{self.flash_offset:#x}"))
        return fields

    def body_fields(self) -> list[Field]:
        """Return the header fields of answers that have bytes."""
        return [
            ("Content-Type", TEXT if self.kind is Kind.MAP else OCTETS),
            ("Content-Disposition", f'attachment; filename="{self.filename}"'),
        ]


def answer_blob(
    request: web.BaseRequest, heads: Heads, described: Described, blob: OpenFile
) -> Answer:
    """Answer *request* with what it selects of *blob*, which is closed at the end of it."""
    try:
        conditions = Conditions.of(request.headers)
        selection = select(request.method, conditions, described.etag, blob.size)
        head = _head(heads, described, selection, blob.size)
    except BaseException:
        blob.close()
        raise
    if request.method == "HEAD" or selection.start == selection.stop:
        blob.close()
        return Answer(selection.status, head)
    return _BlobAnswer(selection, head, blob)


class _BlobAnswer(Answer):
    def __init__(self, selection: Selection, head: bytes, blob: OpenFile) -> None:
        super().__init__(selection.status, head)
        self._selection = selection
        self._blob = blob
        self._stamp = _stamp(blob)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            await super().prepare(request)
            await self._send_file(request)
        finally:
            # Closing a file that was only read takes no time worth a thread.
            self._blob.close()
        return None

    async def _send_file(self, request: web.BaseRequest) -> None:
        start, stop = self._selection.start, self._selection.stop
        while start < stop:
            start += await self._send_piece(request, start, min(_PIECE, stop - start))
        await taken(request)

    async def _send_piece(self, request: web.BaseRequest, start: int, size: int) -> int:
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(stall_of(request)):
                sent = await loop.sendfile(transport, self._blob.file, start, size)
        except (RuntimeError, OSError) as error:  # a TimeoutError is an OSError
            raise cut_off(request) from error
        if sent < size or _stamp(self._blob) != self._stamp:
            raise cut_off(request)
        return sent


def _stamp(blob: OpenFile) -> tuple[int, int]:
    # Not the time of change of its names: who removes the file takes nothing from its reader.
    facts = os.fstat(blob.file.fileno())
    return facts.st_size, facts.st_mtime_ns


def _head(heads: Heads, described: Described, selection: Selection, size: int) -> bytes:
    fields = described.fields()
    first, stop = selection.start, selection.stop
    match selection.status:
        case 200:
            fields += [*described.body_fields(), ("Content-Length", str(size))]
        case 206:
            fields += [*described.body_fields(), ("Content-Length", str(stop - first))]
            fields.append(("Content-Range", f"bytes {first}-{stop - 1}/{size}"))
        case 412:
            fields.append(("Content-Length", "0"))
        case 416:
            fields += [("Content-Length", "0"), ("Content-Range", f"bytes */{size}")]
    return heads.head(selection.status, described.caching, fields)
