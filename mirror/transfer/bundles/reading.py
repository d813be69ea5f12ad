"""Read a bundle as a stream, once: what does not stand where the manifest says is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from mirror.catalog.values import Digest
from mirror.errors import BundleRefusedError, UnreadableFileError
from mirror.frozen import dataclass
from mirror.publication.bundle import CERTIFICATES, MOST_BYTES, Piece
from mirror.storage.threads import to_end
from mirror.transfer.bundles.tar import BLOCK, END, header, padding, size_in
from mirror.transfer.keys.certificates import MOST_BYTES as MOST_CERTIFICATES

if TYPE_CHECKING:
    from mirror.publication.bundle import Manifest

_PORTION: Final = 1 << 20
# To hash less than this takes less than to hand it to a thread.
_LITTLE: Final = 1 << 16
_LONGEST_SIGNATURE: Final = 3 * 8192


#: A portion of a bundle, which may be a view of what was read ahead.
Bytes: TypeAlias = bytes | memoryview


class Medium(Protocol):
    """The bytes of a bundle, from a file or from volumes; it may block."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes, none at the end."""


class Sink(Protocol):
    """Where the bytes of one piece go, each hashed once on its way."""

    async def write(self, portion: Bytes, /) -> None:
        """Take *portion*, which follows what came before."""

    async def digest(self) -> Digest:
        """Return the digest of all that came."""


class Hashed:
    """A sink for bytes that nobody needs to keep."""

    def __init__(self) -> None:
        self._hashed = hashlib.sha256()

    async def write(self, portion: Bytes, /) -> None:
        """Hash *portion*."""
        if len(portion) < _LITTLE:
            self._hashed.update(portion)
        else:
            await to_end(self._hashed.update, portion)

    async def digest(self) -> Digest:
        """Return the digest of all that came."""
        return Digest(self._hashed.hexdigest())


@dataclass(frozen=True, slots=True)
class Head:
    """The first files of a bundle, as they came: nothing of them is believed yet."""

    manifest: bytes
    signature: bytes
    certificates: bytes | None


class Reader:
    """Reads *medium* in order; every refusal is a `BundleRefusedError` of one sentence.

    It reads ahead, up to 1 MiB at once: to wait for a medium costs a thread each time.
    """

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._ahead = memoryview(b"")

    async def head(self) -> Head:
        """Return manifest, signature, and the words about keys if there are any."""
        manifest = await self._file("manifest.json", MOST_BYTES)
        signature = await self._file("manifest.json.minisig", _LONGEST_SIGNATURE)
        following = await self._exactly(BLOCK)
        self._ahead = memoryview(following + self._ahead)
        if following[:100] != header(CERTIFICATES, 0)[:100]:
            return Head(manifest, signature, None)
        return Head(manifest, signature, await self._file(CERTIFICATES, MOST_CERTIFICATES))

    async def sums(self, manifest: Manifest, certificates: bytes | None) -> None:
        """Read past the list of sums; refuse what does not follow from *manifest*."""
        came = None if certificates is None else Piece.of(certificates)
        if came != manifest.certificates:
            raise BundleRefusedError(f"{CERTIFICATES} is not the one that the manifest names")
        expected = manifest.sums()
        if await self._file("SHA256SUMS", len(expected)) != expected:
            raise BundleRefusedError("SHA256SUMS is not the list that follows from the manifest")

    async def piece(self, path: str, piece: Piece, sink: Sink) -> None:
        """Give the bytes of *piece* to *sink*; refuse others than those of its digest."""
        if await self._exactly(BLOCK) != header(path, piece.size):
            raise BundleRefusedError(f"expected {path} next: reordered, or changed")
        left = piece.size
        while left:
            portion = await self._some(left)
            await sink.write(portion)
            left -= len(portion)
        if await sink.digest() != piece.digest:
            raise BundleRefusedError(f"{path}: other bytes than those of its digest")
        await self._zeros(padding(piece.size))

    async def end(self) -> None:
        """Refuse anything but the end of the archive."""
        if await self._exactly(len(END)) != END or self._ahead or await self._read():
            raise BundleRefusedError("something stands behind the last file of the manifest")

    async def _file(self, name: str, most: int) -> bytes:
        head = await self._exactly(BLOCK)
        size = size_in(head)
        if size is None or head != header(name, size):
            raise BundleRefusedError(f"expected {name} next: not a bundle, or changed")
        if size > most:
            raise BundleRefusedError(f"{name} has {size} bytes, at most {most} are expected")
        data = await self._exactly(size)
        await self._zeros(padding(size))
        return data

    async def _zeros(self, count: int) -> None:
        if await self._exactly(count) != bytes(count):
            raise BundleRefusedError("something stands between two files, where nothing should")

    async def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            found += await self._some(size - len(found))
        return bytes(found)

    async def _some(self, size: int) -> memoryview:
        """Return up to *size* bytes, at least one."""
        if not self._ahead:
            self._ahead = memoryview(await self._read())
        if not self._ahead:
            raise BundleRefusedError("the bundle is cut short")
        portion, self._ahead = self._ahead[:size], self._ahead[size:]
        return portion

    async def _read(self) -> bytes:
        try:
            return await to_end(self._medium.read, _PORTION)
        except OSError as error:
            raise UnreadableFileError(
                f"the bundle can not be read: {error.strerror or error}"
            ) from error
