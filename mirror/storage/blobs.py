"""Keep bytes under the name of their own hash.

A blob lives at ``ab/<64 hex>`` below its folder, read-only, written once through
`mirror.storage.files`: so at every instant, and after any crash, a file here holds exactly
the bytes that its name promises, unless the disk itself changed them.  That is noticed:
nothing is handed out whose bytes were not hashed since the file was last touched.
`BlobReader` takes no lock and writes nothing; who writes is `mirror.storage.blob_store`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from asyncio import Lock
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, TooLargeError
from mirror.frozen import dataclass
from mirror.storage.disk import in_words, reported
from mirror.storage.files import is_temporary
from mirror.storage.hashes import digest_of
from mirror.storage.threads import to_end
from mirror.storage.trust import Stamp, Trust

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from concurrent.futures import Executor
    from typing import Self

    from mirror.storage.disk import Disk

Made = TypeVar("Made")

FAN_OUT = tuple(f"{number:02x}" for number in range(256))
# Looked into together: the memory for their names is bounded, and no thread is asked for each.
_FOLDERS_AT_ONCE = 32
FOLDERS = tuple(
    FAN_OUT[start : start + _FOLDERS_AT_ONCE] for start in range(0, len(FAN_OUT), _FOLDERS_AT_ONCE)
)

_HEX = re.compile(r"[0-9a-f]{64}")
# Errors of reading that mean the file is not what was put there.
_BROKEN = {errno.EIO, errno.ELOOP, errno.EISDIR, errno.EUCLEAN}


@dataclass(frozen=True, slots=True)
class OpenBlob:
    """A blob whose bytes were checked: *file*, at its start, has *size* bytes; close it."""

    file: BinaryIO
    size: int

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Folder:
    """What stands in one folder of blobs, in order: theirs, and what is no blob's name."""

    digests: tuple[Digest, ...]
    strangers: tuple[Path, ...]


class BlobReader:
    """Reads the blobs below *folder*; safe beside a writer in another process.

    Methods that name a blob raise `ArtifactNotFoundError` when it is not held,
    `DamagedError` when its bytes are not its own, `StorageError` when the disk refuses.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._trust = Trust()
        self._hashing = Lock()

    async def has(self, digest: Digest) -> bool:
        """Whether a blob of this name is held; its bytes are not looked at."""
        return await to_end(self.holds, digest)

    async def missing(self, digests: Iterable[Digest]) -> set[Digest]:
        """Return those of *digests* that are not held; no bytes are looked at."""
        return await to_end(self._missing, list(digests))

    async def size(self, digest: Digest) -> int:
        """Return the size of a blob in bytes."""
        return await to_end(self._size, digest)

    async def read(self, digest: Digest, *, max_bytes: int) -> bytes:
        """Return all bytes of a blob, hashed now; `TooLargeError` beyond *max_bytes*."""
        return await to_end(self._read, digest, max_bytes)

    async def read_all(self, digests: Iterable[Digest], *, max_bytes: int) -> list[bytes]:
        """Return all bytes of each, hashed now; `TooLargeError` if one has over *max_bytes*.

        For documents, which are small: they are read in one go, and a thread is busy so long.
        """
        return await to_end(self._read_all, list(digests), max_bytes)

    async def read_as(
        self, digest: Digest, make: Callable[[bytes], Made], *, max_bytes: int
    ) -> Made:
        """Return what *make* makes of all bytes of a blob, in the thread that hashed them.

        Raises what *make* raises; otherwise as `read`.
        """
        return await to_end(lambda: make(self._read(digest, max_bytes)))

    async def open(self, digest: Digest) -> OpenBlob:
        """Open a blob for reading; it is hashed first, unless it was since it was touched."""
        # Opened in the loop: a file opened by a thread is lost when the caller is cancelled.
        with self._reading(digest):
            file = self._disk.open_reading(self._path(digest))
        try:
            stamp = Stamp.of(file)
            await self._establish(digest, stamp)
        except BaseException:
            file.close()
            raise
        return OpenBlob(file, stamp.size)

    async def check(self, digest: Digest, executor: Executor | None = None) -> None:
        """Read a blob from the disk, whatever is cached or trusted, and hash it.

        It is read in a thread of *executor*, or of the loop's own.
        """
        await self._hash(digest, self._judge_from_disk, executor)

    async def digests(self) -> AsyncIterator[Digest]:
        """Yield the name of every blob, in order, without holding all of them in memory."""
        for prefixes in FOLDERS:
            for digest in await self.within(prefixes):
                yield digest

    async def folder(self, prefix: str) -> Folder:
        """Return what stands in the folder of the blobs whose names begin with *prefix*."""
        return await to_end(self._listed, prefix)

    async def folders(self, prefixes: Iterable[str]) -> list[Folder]:
        """Return what stands in the folder of each of *prefixes*, as `folder` does."""
        return await to_end(lambda: [self._listed(prefix) for prefix in prefixes])

    async def within(self, prefixes: Iterable[str]) -> list[Digest]:
        """Return the blobs whose names begin with one of *prefixes*, in order."""
        return await to_end(self._within, list(prefixes))

    async def strangers(self) -> list[Path]:
        """Return what stands beside the folders of the blobs, and should not be there."""
        return await to_end(self._beside_folders)

    def place(self, digest: Digest) -> Path:
        """Return where the bytes of *digest* lie, for who gives them a further name."""
        return self._path(digest)

    def holds(self, digest: Digest) -> bool:
        """Whether a blob of this name is held; this blocks."""
        return not self._missing([digest])

    async def _establish(self, digest: Digest, stamp: Stamp) -> None:
        if self._trust.covers(digest, stamp):
            return
        # One at a time: many clients that want the same new blob shall have it hashed once.
        async with self._hashing:
            if self._trust.covers(digest, stamp):
                return
            if await self._hash(digest, self._judge) != stamp:
                raise DamagedError(f"{self._path(digest)} changed while it was read")

    async def _hash(
        self,
        digest: Digest,
        judge: Callable[[Digest], Stamp],
        executor: Executor | None = None,
    ) -> Stamp:
        begun = self._disk.now_ns()
        self._trust.forget(digest)
        stamp = await to_end(judge, digest, executor=executor)
        if stamp.settled(begun):
            self._trust.remember(digest, stamp)
        return stamp

    def _judge(self, digest: Digest) -> Stamp:
        with self._reading(digest), self._disk.open_reading(self._path(digest)) as file:
            stamp = Stamp.of(file)
            actual = digest_of(file)
            touched = Stamp.of(file) != stamp
        if actual != digest or touched:
            raise DamagedError(f"the bytes of {self._path(digest)} are not those of its name")
        return stamp

    def _missing(self, digests: list[Digest]) -> set[Digest]:
        with reported("looking into", self._folder):
            return {digest for digest in digests if not self._path(digest).is_file()}

    def _size(self, digest: Digest) -> int:
        with self._reading(digest):
            return self._path(digest).stat().st_size

    def _read(self, digest: Digest, max_bytes: int) -> bytes:
        with self._reading(digest), self._disk.open_reading(self._path(digest)) as file:
            # Room for *max_bytes* is made and given back more slowly than a document is read.
            data = file.read(min(os.fstat(file.fileno()).st_size, max_bytes) + 1)
        if len(data) > max_bytes:
            raise TooLargeError(f"{digest} has more than {max_bytes} bytes")
        if Digest.of(data) != digest:
            raise DamagedError(f"the bytes of {self._path(digest)} are not those of its name")
        return data

    def _read_all(self, digests: list[Digest], max_bytes: int) -> list[bytes]:
        return [self._read(digest, max_bytes) for digest in digests]

    def _judge_from_disk(self, digest: Digest) -> Stamp:
        with self._reading(digest):
            self._disk.evict(self._path(digest))
        return self._judge(digest)

    def _within(self, prefixes: list[str]) -> list[Digest]:
        return [digest for prefix in prefixes for digest in self._listed(prefix).digests]

    def _listed(self, prefix: str) -> Folder:
        folder = self._folder / prefix
        with reported("reading the folder", folder):
            names = sorted(os.listdir(folder))  # noqa: PTH208 - 256 folders, and paths take longer
        ours = [name for name in names if _HEX.fullmatch(name) and name.startswith(prefix)]
        others = sorted(name for name in set(names).difference(ours) if not is_temporary(name))
        return Folder(
            digests=tuple(Digest(name) for name in ours),
            strangers=tuple(folder / name for name in others),
        )

    def _beside_folders(self) -> list[Path]:
        above = self._folder.parent
        with reported("reading the folder", above):
            beside = [path for path in above.iterdir() if path != self._folder]
        with reported("reading the folder", self._folder):
            inside = [path for path in self._folder.iterdir() if path.name not in FAN_OUT]
        return sorted(path for path in (*beside, *inside) if not is_temporary(path.name))

    def _path(self, digest: Digest) -> Path:
        # As text: two steps down from a path take twice as long.
        return Path(f"{self._folder}/{digest.hex[:2]}/{digest.hex}")

    @contextlib.contextmanager
    def _reading(self, digest: Digest) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise ArtifactNotFoundError(f"no blob {digest} is held") from error
        except OSError as error:
            path = self._path(digest)
            if error.errno in _BROKEN:
                raise DamagedError(f"{path} can not be read: {error.strerror}") from error
            raise in_words("reading", path, error) from error
