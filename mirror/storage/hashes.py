"""The hashes of what is received, made as it comes."""

from __future__ import annotations

import hashlib

from mirror.catalog.values import Digest


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
