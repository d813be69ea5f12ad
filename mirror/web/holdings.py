"""What serving needs of a store: `mirror.storage` gives it, and a test can give it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from mirror.catalog.values import Digest


class OpenFile(Protocol):
    """An open blob whose bytes were checked since its file was last touched."""

    @property
    def file(self) -> BinaryIO:
        """The open file, at its start."""

    @property
    def size(self) -> int:
        """How many bytes it has."""

    def close(self) -> None:
        """Close the file."""


class Blobs(Protocol):
    """Bytes by digest: `ArtifactNotFoundError` when absent, `DamagedError` when not sound."""

    async def open(self, digest: Digest) -> OpenFile:
        """Open a blob whose bytes were checked since its file was last touched."""

    async def read(self, digest: Digest, *, max_bytes: int) -> bytes:
        """Return the bytes of a blob, hashed now."""

    async def read_all(self, digests: Iterable[Digest], *, max_bytes: int) -> list[bytes]:
        """Return the bytes of each of them, hashed now, in this order."""


class Publications(Protocol):
    """Which publications there are, and where the channels point."""

    async def current(self, channel: str = ...) -> Digest | None:
        """Return the root that *channel* points to, or None when there is no such channel."""

    async def sequences(self) -> tuple[int, ...]:
        """Return the sequences up to the current one, lowest first."""

    async def root(self, sequence: int) -> Digest:
        """Return the root of a publication; `PublicationNotFoundError` for others."""

    async def channels(self) -> tuple[str, ...]:
        """Return the names of all channels."""

    def all_changed(self) -> Hashable:
        """Return a value that is another one after any pointer was moved."""

    def changed(self, channel: str = ...) -> Hashable:
        """Return a value that is another one after the pointer was moved."""


class Holdings(Protocol):
    """A store, opened for reading."""

    @property
    def blobs(self) -> Blobs:
        """The bytes."""

    @property
    def publications(self) -> Publications:
        """The publications and channels."""
