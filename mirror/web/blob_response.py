"""Answer with the bytes of a blob, straight from its file to the socket.

The blob was checked when it was opened (`mirror.storage.blobs`), and stays open until the
last byte is sent: a publication or a prune meanwhile changes nothing for this client.  If
the file is written to while it is sent, or the client takes nothing for a minute, the
connection breaks.  What the system has taken and the client has not yet received can still
change with a file that is written to where it stands: the store never does that.
"""

from __future__ import annotations

import asyncio
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.web.answer import (
    Answer,
    cut_off,
    direct_way,
    is_encrypted,
    stall_of,
    taken,
    transport_of,
)
from mirror.web.conditions import Conditions, select
from mirror.web.heads import OCTETS, TEXT, Caching

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from aiohttp.abc import AbstractStreamWriter

    from mirror.web.conditions import Selection
    from mirror.web.heads import Field, Heads
    from mirror.web.holdings import OpenFile

# What the system takes goes out at once, in parts between which other clients have a turn:
# measured, parts of this size are still in the processor's cache when they are received.
_AT_ONCE: Final = 512 * 1024
# What has to be waited for: within a minute that is 4 kB/s, slower than any board takes it.
_WAITED_FOR: Final = 256 * 1024
# Encrypted by us, so some of these are in memory for each client that is slow: measured, half
# a megabyte, of which asyncio's TLS keeps 256 kB for what it reads.
_ENCRYPTED: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Described:
    """What the head of an answer says of a blob; unknown things are left out.

    ``flash_offset`` is in bytes, ``md5`` in hex, ``modified`` as `mirror.web.modified` writes it.
    What has a ``media_type`` may be shown.
    """

    digest: Digest
    filename: str
    caching: Caching = Caching.ASK
    kind: Kind | None = None
    version: str | None = None
    flash_offset: int | None = None
    md5: str | None = None
    media_type: str | None = None
    modified: str | None = None

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
        if self.modified is not None:
            fields.append(("Last-Modified", self.modified))
        if self.md5 is not None:
            fields.append(("X-MD5", self.md5))
        if self.version is not None:
            fields.append(("X-Firmware-Version", self.version))
        if self.flash_offset is not None:
            fields.append(("X-Flash-Offset", f"{self.flash_offset:#x}"))
        return fields

    def body_fields(self) -> list[Field]:
        """Return the header fields of answers that have bytes."""
        if self.media_type is not None:
            return [("Content-Type", self.media_type)]
        return [
            ("Content-Type", TEXT if self.kind is Kind.MAP else OCTETS),
            ("Content-Disposition", f'attachment; filename="{self.filename}"'),
        ]


class About:
    """What is *described*, ready to be sent: the head of the whole blob is made once."""

    def __init__(self, heads: Heads, described: Described) -> None:
        self.described = described
        self._heads = heads
        self._whole: tuple[int, bytes] | None = None

    def head(self, selection: Selection, size: int) -> bytes:
        """Return the head of an answer that sends *selection* of *size* bytes."""
        if selection.status != HTTPStatus.OK:
            return self._make(selection, size)
        if self._whole is None or self._whole[0] != size:
            self._whole = (size, self._make(selection, size))
        return self._whole[1]

    def _make(self, selection: Selection, size: int) -> bytes:
        described, start, stop = self.described, selection.start, selection.stop
        fields = described.fields()
        match selection.status:
            case 200:
                fields += [*described.body_fields(), ("Content-Length", str(size))]
            case 206:
                fields += [*described.body_fields(), ("Content-Length", str(stop - start))]
                fields.append(("Content-Range", f"bytes {start}-{stop - 1}/{size}"))
            case 412:
                fields.append(("Content-Length", "0"))
            case 416:
                fields += [("Content-Length", "0"), ("Content-Range", f"bytes */{size}")]
        return self._heads.head(selection.status, described.caching, fields)


def answer_blob(request: web.BaseRequest, about: About, blob: OpenFile) -> Answer:
    """Answer *request* with what it selects of *blob*, which is closed at the end of it."""
    try:
        conditions = Conditions.of(request.headers)
        described = about.described
        selection = select(
            request.method, conditions, described.etag, blob.size, described.modified
        )
        head = about.head(selection, blob.size)
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
        self._tell: Callable[[], None] | None = None

    def when_all_is_sent(self, tell: Callable[[], None]) -> None:
        if self._selection.stop == self._blob.size:
            self._tell = tell

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            await super().prepare(request)
            await self._send_file(request)
            if self._tell is not None:
                self._tell()
        finally:
            # Closing a file that was only read takes no time worth a thread.
            self._blob.close()
        return None

    async def _send_file(self, request: web.BaseRequest) -> None:
        start, stop = self._selection.start, self._selection.stop
        while start < stop:
            transport = transport_of(request)
            sent = self._send_at_once(transport, start, min(_AT_ONCE, stop - start))
            if not sent and is_encrypted(transport):
                sent = await self._send_encrypted(request, start, min(_ENCRYPTED, stop - start))
            elif not sent:
                sent = await self._send_in_time(request, start, min(_WAITED_FOR, stop - start))
            if not sent or _stamp(self._blob) != self._stamp:
                raise cut_off(request)
            start += sent
            if start < stop:
                await asyncio.sleep(0)

    def _send_at_once(self, transport: asyncio.Transport, start: int, size: int) -> int:
        """Send what the system takes without waiting, maybe nothing."""
        # Most of a file goes this way: `loop.sendfile` takes six more system calls a piece.
        descriptor = direct_way(transport)
        if descriptor is None:
            return 0
        try:
            return os.sendfile(descriptor, self._blob.file.fileno(), start, size)
        except OSError:
            # Full, gone, or not able to: `loop.sendfile` finds out which.
            return 0

    async def _send_encrypted(self, request: web.BaseRequest, start: int, size: int) -> int:
        """Send a piece through TLS, waiting until all but the last piece is taken."""
        piece = os.pread(self._blob.file.fileno(), size, start)
        if len(piece) != size or _stamp(self._blob) != self._stamp:
            return 0
        transport_of(request).write(piece)
        await taken(request)
        return size

    async def _send_in_time(self, request: web.BaseRequest, start: int, size: int) -> int:
        """Send a whole piece, waiting until the client takes it."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(stall_of(request)):
                sent = await loop.sendfile(transport_of(request), self._blob.file, start, size)
        except (RuntimeError, OSError) as error:  # a TimeoutError is an OSError
            raise cut_off(request) from error
        return sent if sent == size else 0


def _stamp(blob: OpenFile) -> tuple[int, int]:
    # Not the time of change of its names: who removes the file takes nothing from its reader.
    facts = os.fstat(blob.file.fileno())
    return facts.st_size, facts.st_mtime_ns
