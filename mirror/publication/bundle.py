"""The manifest of a bundle: everything that is in it, by digest and size, and what it goes on from.

It stands first in the bundle and its signature second, so whoever reads on knows every byte that
must come.  It has upstream's facts and no others: no address of a client, no name of an operator.
"""

from __future__ import annotations

import json
from dataclasses import fields as dataclass_fields
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from mirror.catalog.texts import one_line
from mirror.catalog.values import Digest
from mirror.errors import BundleRefusedError, MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPE: Final = "mpmirror.bundle"
#: The format without subtrees: readable by every mpmirror, and written where it says enough.
PLAIN: Final = 1
FORMAT: Final = 2
MOST_BOARDS: Final = 5001
#: A content, boards, packages, and the tops of the subtrees.
MOST_DOCUMENTS: Final = 10_100
MOST_FILES: Final = 200_000
MOST_BYTES: Final = 64 * 1024 * 1024

_MOST_NAMED: Final = 5

_Lineage = Annotated[str, Field(pattern=r"^[0-9a-f]{32}\z")]
_Channel = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\z")]
_Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]
_Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\z")]
_KeyId = Annotated[str, Field(pattern=r"^[0-9A-F]{16}\z")]
_Board = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\z")]
_Minisig = Annotated[str, Field(max_length=9000)]
_Number = Annotated[int, Field(ge=0, lt=10**18)]
#: What the recovery key says of keys, for who decides whose signature counts: it stands before the
#: list of sums.
CERTIFICATES: Final = "certificates.txt"
#: The folder with mpmirror itself, in wheelhouses.
SOFTWARE: Final = "software"
_ExtraPath = Annotated[
    str,
    Field(
        pattern=r"^(?:serve\.py|server/[a-z0-9][a-z0-9.-]{0,60}"
        r"|software/[A-Za-z0-9][A-Za-z0-9._+-]{0,59}/[A-Za-z0-9][A-Za-z0-9._+-]{0,99})\z"
    ),
]
#: What stands beside the boards in a content.
Subtree = Literal["packages", "photographs"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes in a bundle: the SHA-256 in hex, and how many they are."""

    sha256: _Hex
    size: Annotated[int, Field(ge=0, lt=1 << 40)]

    @classmethod
    def of(cls, data: bytes) -> Piece:
        """Return what *data* is as a piece."""
        return cls(Digest.of(data).hex, len(data))

    @property
    def digest(self) -> Digest:
        """The name of the bytes in a store."""
        return Digest(self.sha256)


@dataclass(frozen=True, slots=True)
class Extra:
    """A file for people in a bundle, which no store takes in.

    What serves a bundle by itself, and mpmirror to be installed.
    """

    path: _ExtraPath
    sha256: _Hex
    size: Annotated[int, Field(ge=0, lt=1 << 40)]

    @property
    def piece(self) -> Piece:
        """Its bytes."""
        return Piece(self.sha256, self.size)


@dataclass(frozen=True, slots=True)
class Mark:
    """The hash of one line of the sender's ledger: who rewrites history changes all later ones."""

    number: _Number
    sha256: _Hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle brings of publication *sequence* of *channel* of the sender's *lineage*.

    ``content`` is the root of the tree, the first of ``documents``; ``base`` is the content that
    the receiver is taken to hold, null for none; ``boards`` are those whose documents and files
    the bundle is about, null for all; ``subtrees`` are those that it brings whole, as far as the
    receiver has them not; ``extras`` stand before the documents.  ``checked`` is when the sender
    last crawled to the end.
    ``packed`` are the documents as they travel if they are compressed, in their order, else empty.
    ``certificates`` are the bytes of `CERTIFICATES`.
    ``signed`` are ``.minisig`` files of the content by its maker.  ``ledger`` are lines of the
    sender's ledger by their hash, the last line among them.
    """

    lineage: _Lineage
    channel: _Channel
    sequence: Annotated[int, Field(ge=1, lt=10**18)]
    published: _Time
    checked: _Time | None
    content: _Hex
    base: _Hex | None
    boards: Annotated[tuple[_Board, ...], Field(max_length=MOST_BOARDS)] | None
    documents: Annotated[tuple[Piece, ...], Field(min_length=1, max_length=MOST_DOCUMENTS)]
    blobs: Annotated[tuple[Piece, ...], Field(max_length=MOST_FILES)]
    ledger: Annotated[tuple[Mark, ...], Field(max_length=100_000)]
    signed: Annotated[dict[_KeyId, _Minisig], Field(max_length=16)]
    subtrees: Annotated[tuple[Subtree, ...], Field(max_length=2)] = ()
    extras: Annotated[tuple[Extra, ...], Field(max_length=MOST_BOARDS + 10)] = ()
    certificates: Piece | None = None
    packed: Annotated[tuple[Piece, ...], Field(max_length=MOST_DOCUMENTS)] = ()
    type: str = TYPE
    format: int = PLAIN
    critical: tuple[str, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Everything behind the list of sums, in the order of the bundle."""
        return tuple(piece for _, piece in self.paths())

    @property
    def size(self) -> int:
        """How many bytes it brings, unpacked."""
        return sum(piece.size for piece in (*self.documents, *self.blobs))

    @property
    def unpacked(self) -> dict[str, Piece]:
        """What is in the documents that travel compressed, by their paths."""
        return {document_path(piece, packed=True): piece for piece in self.documents if self.packed}

    def paths(self) -> list[tuple[str, Piece]]:
        """Return where each piece stands in the bundle."""
        extras = [(extra.path, extra.piece) for extra in self.extras]
        places = [document_path(piece, packed=bool(self.packed)) for piece in self.documents]
        documents = list(zip(places, self.packed or self.documents, strict=True))
        return extras + documents + [(blob_path(piece), piece) for piece in self.blobs]

    def sums(self) -> bytes:
        """Return what ``sha256sum -c`` reads."""
        first = [(CERTIFICATES, self.certificates)] if self.certificates else []
        paths = [*first, *self.paths()]
        return "".join(f"{piece.sha256}  {path}\n" for path, piece in paths).encode()


MANIFEST: Final = Shape(Manifest)
# What has fields of its own.
_PARTS: Final[dict[str, type[Piece | Extra | Mark]]] = {
    "documents": Piece,
    "blobs": Piece,
    "packed": Piece,
    "certificates": Piece,
    "extras": Extra,
    "ledger": Mark,
}


def document_path(piece: Piece, *, packed: bool) -> str:
    """Return where a document stands in a bundle, compressed or not."""
    return f"documents/{piece.sha256}.json{'.gz' if packed else ''}"


def blob_path(piece: Piece) -> str:
    """Return where a file stands in a bundle, as in a data folder."""
    return f"blobs/sha256/{piece.sha256[:2]}/{piece.sha256}"


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the canonical JSON (RFC 8785)."""
    fields: dict[str, Any] = MANIFEST.dump_python(manifest, mode="json")
    if manifest.format == PLAIN:
        del fields["subtrees"], fields["extras"]
    if manifest.certificates is None:
        del fields["certificates"]
    if not manifest.packed:
        del fields["packed"]
    return canonical(fields)


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest; raise `BundleRefusedError` for any that `encode_manifest` never wrote."""
    try:
        manifest = MANIFEST.validate_json(data)
    except (ValidationError, MalformedValueError, RecursionError) as error:
        raise _unreadable(data, "the manifest is not that of a bundle") from error
    if manifest.type != TYPE or manifest.format < PLAIN:
        raise BundleRefusedError("the manifest is not that of a bundle")
    if manifest.critical:
        words = [one_line(word, 40) for word in manifest.critical[:_MOST_NAMED]]
        raise BundleRefusedError(
            f"a bundle with the critical fields {words}: a newer mpmirror is needed"
        )
    if manifest.format > FORMAT:
        raise BundleRefusedError(
            f"a bundle of format {manifest.format}: a newer mpmirror is needed"
        )
    if encode_manifest(manifest) != data:
        raise _unreadable(data, "the manifest is not in canonical form")
    _refuse_disorder(manifest)
    return manifest


def _unreadable(data: bytes, otherwise: str) -> BundleRefusedError:
    """Return why *data*, which is not written as here, is refused: for *otherwise*, or as newer.

    Newer is a format, or a field of the manifest or of its parts, that this version does not know.
    """
    try:
        fields = json.loads(data)
        is_ours = isinstance(fields, dict) and fields.get("type") == TYPE
        if not is_ours or canonical(fields) != data:
            return BundleRefusedError(otherwise)
    except (ValueError, RecursionError):
        return BundleRefusedError(otherwise)
    more = [one_line(name, 60) for name in islice(_unknown(fields), _MOST_NAMED)]
    number = fields.get("format")
    if isinstance(number, int) and number > FORMAT:
        return BundleRefusedError(f"a bundle of format {number}: a newer mpmirror is needed")
    if more:
        return BundleRefusedError(
            f"a bundle whose manifest has the unknown fields {more}: a newer mpmirror is needed"
        )
    return BundleRefusedError(otherwise)


def _unknown(fields: dict[str, Any]) -> Iterator[str]:
    """Yield the fields that no manifest of this version has; those of its parts as `blobs.x`."""
    yield from sorted(fields.keys() - _names(Manifest))
    for name, kind in _PARTS.items():
        value = fields.get(name)
        parts = value if isinstance(value, list) else [value]
        keys = {key for part in parts if isinstance(part, dict) for key in part}
        yield from (f"{name}.{key}" for key in sorted(keys - _names(kind)))


def _names(kind: type[Manifest | Piece | Extra | Mark]) -> set[str]:
    return {field.name for field in dataclass_fields(kind)}


def _refuse_disorder(manifest: Manifest) -> None:
    # Of the extras the same bytes may stand at two paths.
    names = [piece.sha256 for piece in (*manifest.documents, *manifest.blobs)]
    names += [extra.path for extra in manifest.extras]
    if len(set(names)) != len(names) or len(set(manifest.subtrees)) != len(manifest.subtrees):
        raise BundleRefusedError("the manifest names something twice")
    if manifest.certificates is not None and manifest.format == PLAIN:
        raise BundleRefusedError("a bundle of format 1 has no certificates")
    if manifest.packed and (
        manifest.format == PLAIN or len(manifest.packed) != len(manifest.documents)
    ):
        raise BundleRefusedError("the manifest packs other documents than it names")
    if manifest.documents[0].sha256 != manifest.content:
        raise BundleRefusedError("the first document is not the content that the manifest names")
    blobs = [piece.sha256 for piece in manifest.blobs]
    if blobs != sorted(blobs):
        raise BundleRefusedError("the files of the manifest are not in order")
    if any(piece.size > MOST_BYTES for piece in (*manifest.documents, *manifest.packed)):
        raise BundleRefusedError("a document of the manifest is larger than any document")
