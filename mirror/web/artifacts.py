"""What serving needs to know of each artifact, read out of a board document.

Of a board document only the fields below are looked at, and each artifact takes about 300
bytes of memory.  What could not stand in a path or a header is refused with the document.
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

from pydantic import Field, ValidationError

from mirror.catalog.kinds import Kind
from mirror.catalog.values import Digest
from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.shapes import Shape

_SHA256_BYTES: Final = 32

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}\z")]
_Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,79}\z")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]
_Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}\z")]


class Artifact(NamedTuple):
    """One file of a board: its name, its bytes by digest, and what their answer's head says.

    ``size`` and ``flash_offset`` are in bytes; ``sums`` are the SHA-256 and, if known, the
    MD5 behind it.  There are many artifacts, and all are made before the first is served:
    therefore sums are packed, and this is a tuple, which is made in a third of the time.
    """

    name: str
    board: str
    version: str
    kind: Kind
    size: int
    flash_offset: int | None
    sums: bytes

    @property
    def digest(self) -> Digest:
        """The name of the bytes in the store."""
        return Digest(self.sums[:_SHA256_BYTES].hex())

    @property
    def md5(self) -> str | None:
        """The MD5 of the bytes in hex, where it is known."""
        return self.sums[_SHA256_BYTES:].hex() or None


@dataclass(frozen=True, slots=True)
class BoardNames:
    """The artifacts of one board, and what the feed can be filtered by.

    ``on_demand`` are the names of what is not held and can be fetched.
    """

    board: str
    port: str | None
    mcu: str | None
    vendor: str
    artifacts: tuple[Artifact, ...]
    on_demand: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hashes:
    sha256: _Sha256
    md5: _Md5 | None = None


@dataclass(frozen=True, slots=True)
class _Flash:
    offset: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True, slots=True)
class _File:
    name: _Name
    kind: Kind
    size: Annotated[int, Field(ge=0)]
    hashes: _Hashes
    flash: _Flash


@dataclass(frozen=True, slots=True)
class _Release:
    version: _Version
    files: tuple[_File, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    name: _Name


@dataclass(frozen=True, slots=True)
class _Board:
    board: _Name
    port: str | None
    mcu: str | None
    vendor: str
    releases: tuple[_Release, ...]
    local: tuple[_Release, ...] = ()
    on_demand: tuple[_Offer, ...] = ()


_BOARD = Shape(_Board)


def read_names(document: bytes) -> BoardNames:
    """Read a board document; raise `MalformedValueError` when it can not be served."""
    try:
        board = _BOARD.validate_json(document)
    except ValidationError as error:
        raise MalformedValueError(
            f"not a board document that can be served: {error.error_count()} fields do not "
            f"fit, first {error.errors()[0]['loc']}"
        ) from error
    artifacts = tuple(
        Artifact(
            file.name,
            board.board,
            release.version,
            file.kind,
            file.size,
            file.flash.offset,
            bytes.fromhex(file.hashes.sha256 + (file.hashes.md5 or "")),
        )
        for release in (*board.releases, *board.local)
        for file in release.files
    )
    offers = tuple(offer.name for offer in board.on_demand)
    return BoardNames(board.board, board.port, board.mcu, board.vendor, artifacts, offers)
