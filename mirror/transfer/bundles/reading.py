"""Read a bundle as a stream, once: what does not stand where the manifest says is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from mirror.errors import BundleRefusedError, UnreadableFileError
from mirror.publication.bundle import CERTIFICATES, MOST_BYTES, Piece
from mirror.storage.threads import to_end
from mirror.transfer.bundles.tar import BLOCK, END, header, padding, size_in
from mirror.transfer.keys.certificates import MOST_BYTES as MOST_CERTIFICATES

if TYPE_CHECKING:
    from mirror.publication.bundle import Manifest

_PORTION: Final = 1 << 20
_LONGEST_SIGNATURE: Final = 3 * 8192

Sink = Callable[[bytes], Awaitable[None]]


class Medium(Protocol):
    """The bytes of a bundle, from a file or from volumes; it may block."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first files of a bundle, as they came: nothing of them is believed yet."""

    manifest: bytes
    signature: bytes
    certificates: bytes | None


class Reader:
    """Reads *medium* in order; every refusal is a `BundleRefusedError` of one sentence."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._ahead = b""

    async def head(self) -> Head:
        """Return manifest, signature, and the words about keys if there are any."""
        manifest = await self._file("manifest.json", MOST_BYTES)
        signature = await self._file("manifest.json.minisig", _LONGEST_SIGNATURE)
        self._ahead = await self._exactly(BLOCK)
        if self._ahead[:100] != header(CERTIFICATES, 0)[:100]:
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
        hashed = hashlib.sha256()
        left = piece.size
        while left:
            portion = await self._some(min(left, _PORTION))
            await to_end(hashed.update, portion)
            await sink(portion)
            left -= len(portion)
        if hashed.hexdigest() != piece.sha256:
            raise BundleRefusedError(f"{path}: other bytes than those of its digest")
        await self._zeros(padding(piece.size))

    async def end(self) -> None:
        """Refuse anything but the end of the archive."""
        if await self._exactly(len(END)) != END or await self._read(1):
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
        found = bytearray(self._ahead)
        self._ahead = b""
        while len(found) < size:
            found += await self._some(min(size - len(found), _PORTION))
        return bytes(found)

    async def _some(self, size: int) -> bytes:
        data = await self._read(size)
        if not data:
            raise BundleRefusedError("the bundle is cut short")
        return data

    async def _read(self, size: int) -> bytes:
        try:
            return await to_end(self._medium.read, size)
        except OSError as error:
            raise UnreadableFileError(
                f"the bundle can not be read: {error.strerror or error}"
            ) from error
