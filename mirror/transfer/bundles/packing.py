"""Documents of a delta travel compressed (gzip, RFC 1952), so that it is as small as what is new.

A whole bundle has them plain, for whoever reads it with `tar` alone.  What is unpacked is never
more than the manifest says.
"""

from __future__ import annotations

import gzip
import zlib
from typing import Final

from mirror.catalog.values import Digest
from mirror.errors import BundleRefusedError
from mirror.publication.bundle import Piece
from mirror.storage.threads import to_end

_LEVEL: Final = 9
_GZIP: Final = 16 + zlib.MAX_WBITS


def pack(document: bytes) -> bytes:
    """Return *document* compressed; the same bytes give the same, for there is no time in it."""
    return gzip.compress(document, _LEVEL, mtime=0)


def unpack(data: bytes, piece: Piece, path: str) -> bytes:
    """Return the document that *data* is packed of; refuse any but *piece*."""
    reader = zlib.decompressobj(_GZIP)
    try:
        document = reader.decompress(data, piece.size + 1)
    except zlib.error as error:
        raise BundleRefusedError(f"{path}: nothing that can be unpacked") from error
    if not reader.eof or reader.unused_data or Piece.of(document) != piece:
        raise BundleRefusedError(f"{path}: unpacked it is another document than was named")
    return document


class Gathered:
    """Gathers a piece in memory: it is a document, and no larger than any."""

    def __init__(self) -> None:
        self._found = bytearray()

    async def write(self, portion: bytes | memoryview, /) -> None:
        """Take *portion*."""
        self._found += portion

    async def digest(self) -> Digest:
        """Return the digest of all that came."""
        return await to_end(Digest.of, self.data)

    @property
    def data(self) -> bytes:
        """All of it."""
        return bytes(self._found)
