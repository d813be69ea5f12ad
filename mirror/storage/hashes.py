"""The hashes of what is received, made as it comes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest

if TYPE_CHECKING:
    from io import BufferedReader

_PIECE: Final = 1 << 20


def digest_of(file: BufferedReader) -> Digest:
    """Return the SHA-256 of the rest of *file*, which stands at its end then; this blocks.

    As `hashlib.file_digest`, in larger pieces: between two of them a thread waits until the
    others let it go on, and a sync has hundreds of files to hash beside everything else.
    """
    digest = hashlib.sha256()
    piece = memoryview(bytearray(_PIECE))
    while size := file.readinto(piece):
        digest.update(piece[:size])
    return Digest(digest.hexdigest())


class Hashes:
    """SHA-256 of bytes and, if wanted, their MD5, which takes three times as long."""

    def __init__(self, *, md5: bool) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Add *data*."""
        self._sha256.update(data)
        if self._md5 is not None:
            self._md5.update(data)

    @property
    def digest(self) -> Digest:
        """The SHA-256 of what was added so far."""
        return Digest(self._sha256.hexdigest())

    @property
    def md5(self) -> str | None:
        """The MD5 of what was added so far, in hex: for clients that know no better."""
        return self._md5.hexdigest() if self._md5 is not None else None
