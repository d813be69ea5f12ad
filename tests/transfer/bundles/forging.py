"""Bundles as an attacker makes them: from a real one, changed anywhere, and signed anew or not."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import rfc8785

from mirror.catalog.values import Digest
from mirror.publication.bundle import (
    CERTIFICATES,
    FORMAT,
    Manifest,
    Piece,
    blob_path,
    document_path,
    encode_manifest,
    read_manifest,
)
from mirror.publication.statements import Statement, Type
from mirror.transfer.bundles.tar import END, header, padding
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mirror.transfer.keys.secret import SecretKey


@dataclass(frozen=True)
class Parts:
    """A bundle in pieces: its manifest, all bytes by digest in hex, and its words about keys."""

    manifest: Manifest
    bytes_of: Mapping[str, bytes]
    certificates: bytes | None = None

    @classmethod
    def of(cls, bundle: bytes) -> Parts:
        """Take a bundle apart; what travels compressed is plain afterwards."""
        with tarfile.open(fileobj=io.BytesIO(bundle)) as tar:
            members = {one.name: read(tar, one) for one in tar.getmembers()}
        manifest = read_manifest(members["manifest.json"])
        found = {
            manifest.unpacked.get(path, piece).sha256: (
                gzip.decompress(members[path]) if path in manifest.unpacked else members[path]
            )
            for path, piece in manifest.paths()
        }
        return cls(replace(manifest, packed=()), found, members.get(CERTIFICATES))

    def with_document(self, old: str, change: Callable[[Any], Any]) -> Parts:
        """Change a document (JSON), and every digest above it."""
        return self.with_bytes(old, rfc8785.dumps(change(json.loads(self.bytes_of[old]))))

    def with_bytes(self, old: str, data: bytes) -> Parts:
        """Put *data* in place of a piece, and its digest wherever the old one stands."""
        new = Digest.of(data).hex
        pieces = {**self.bytes_of, new: data}
        del pieces[old]
        manifest = replace(
            self.manifest,
            content=new if self.manifest.content == old else self.manifest.content,
            documents=swapped(self.manifest.documents, old, Piece(new, len(data))),
            blobs=tuple(
                sorted(
                    swapped(self.manifest.blobs, old, Piece(new, len(data))),
                    key=lambda piece: piece.sha256,
                )
            ),
        )
        parts = Parts(manifest, pieces, self.certificates)
        for name, text in list(pieces.items()):
            if name != new and old.encode() in text and name in documents_of(manifest):
                return parts.with_bytes(name, text.replace(old.encode(), new.encode()))
        return parts

    def board(self, name: str) -> str:
        """Return the digest of a board's document."""
        boards = json.loads(self.bytes_of[self.manifest.content])["boards"]
        return str(boards[name]).removeprefix("sha256:")

    def packed(self, bodies: Sequence[bytes]) -> bytes:
        """Return the bundle with *bodies* where its documents are expected compressed."""
        one = replace(self.manifest, packed=tuple(map(Piece.of, bodies)), format=FORMAT)
        data = encode_manifest(one)
        said = Statement(Type.BUNDLE, one.lineage, one.sequence, one.channel)
        found = {
            document_path(piece, packed=True): body
            for piece, body in zip(one.documents, bodies, strict=False)
        }
        paths = [(blob_path(piece), self.bytes_of[piece.sha256]) for piece in one.blobs]
        sums = "".join(
            f"{Digest.of(body).hex}  {path}\n" for path, body in [*found.items(), *paths]
        )
        files = [
            ("manifest.json", data),
            ("manifest.json.minisig", key().sign(data, said).text.encode()),
            ("SHA256SUMS", sums.encode()),
            *found.items(),
            *paths,
        ]
        return joined(files)

    def sealed(
        self,
        secret: SecretKey | None = None,
        said: Statement | None = None,
        manifest: bytes | None = None,
    ) -> bytes:
        """Return the bundle, signed by *secret*, the trusted key unless another is given."""
        one = self.manifest
        data = encode_manifest(one) if manifest is None else manifest
        told = said or Statement(Type.BUNDLE, one.lineage, one.sequence, one.channel)
        signature = (secret or key()).sign(data, told).text.encode()
        files = [
            ("manifest.json", data),
            ("manifest.json.minisig", signature),
            *([] if self.certificates is None else [(CERTIFICATES, self.certificates)]),
            ("SHA256SUMS", one.sums()),
            *(
                (f"documents/{piece.sha256}.json", self.bytes_of[piece.sha256])
                for piece in one.documents
            ),
            *((blob_path(piece), self.bytes_of[piece.sha256]) for piece in one.blobs),
        ]
        return joined(files)


def joined(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return *files* as a tar."""
    members = (header(name, len(body)) + body + bytes(padding(len(body))) for name, body in files)
    return b"".join(members) + END


def documents_of(manifest: Manifest) -> set[str]:
    """Return the digests of the documents."""
    return {piece.sha256 for piece in manifest.documents}


def swapped(pieces: tuple[Piece, ...], old: str, new: Piece) -> tuple[Piece, ...]:
    """Return *pieces* with *new* in place of the one of digest *old*."""
    return tuple(new if piece.sha256 == old else piece for piece in pieces)


def read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return the bytes of a member."""
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def members(bundle: bytes) -> list[bytes]:
    """Cut a bundle into its members, each with header and padding, and the end."""
    found, at = [], 0
    while bundle[at : at + 512] != bytes(512):
        size = int(bundle[at + 124 : at + 135], 8)
        room = 512 + size + padding(size)
        found.append(bundle[at : at + room])
        at += room
    return [*found, bundle[at:]]


def renamed(member: bytes, name: str, kind: bytes = b"0", link: str = "") -> bytes:
    """Return *member* with another name, type and link, and a right checksum."""
    head = bytearray(member[:512])
    head[:100] = name.encode().ljust(100, b"\0")
    head[156:157] = kind
    head[157:257] = link.encode().ljust(100, b"\0")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + member[512:]
