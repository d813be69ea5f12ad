"""Remember which blobs were checked since they were last touched.

A blob is trusted while inode, size and both times of its file are those it had when its
bytes were hashed.  What the disk loses by itself changes none of them: that is found by
`BlobStore.check`, which always hashes.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from mirror.frozen import dataclass

if TYPE_CHECKING:
    from typing import BinaryIO

    from mirror.catalog.values import Digest

# The kernel's stamps can be as coarse as 10 ms: a file that was written within this time
# before it was hashed could be written again without any of its stamps changing.
_COARSE_NS = 100_000_000
_PACKING = struct.Struct("<QQqq")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when somebody touches a file: inode, size in bytes, times in ns."""

    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, file: BinaryIO) -> Stamp:
        """Return the stamp of an open file."""
        facts = os.fstat(file.fileno())
        return cls(facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)

    def settled(self, now_ns: int) -> bool:
        """Whether a later change could not hide behind the same times."""
        return max(self.modified, self.changed) + _COARSE_NS < now_ns

    def packed(self) -> bytes:
        """Return the stamp in 32 bytes."""
        return _PACKING.pack(self.inode, self.size, self.modified, self.changed)


class Trust:
    """The stamps at the time of hashing, for at most *limit* blobs (about 230 bytes each)."""

    def __init__(self, limit: int = 65_536) -> None:
        self._limit = limit
        self._stamps: dict[bytes, bytes] = {}

    def remember(self, digest: Digest, stamp: Stamp) -> None:
        """Trust *digest* while its file has this stamp; the longest remembered makes room."""
        key = bytes.fromhex(digest.hex)
        self._stamps.pop(key, None)
        if len(self._stamps) >= self._limit:
            del self._stamps[next(iter(self._stamps))]
        self._stamps[key] = stamp.packed()

    def covers(self, digest: Digest, stamp: Stamp) -> bool:
        """Whether the bytes of *digest* were hashed when its file had this stamp."""
        return self._stamps.get(bytes.fromhex(digest.hex)) == stamp.packed()

    def forget(self, digest: Digest) -> None:
        """Trust *digest* no more."""
        self._stamps.pop(bytes.fromhex(digest.hex), None)
