"""Rotation and revocation of a node's key, as documents that its recovery key signs.

Whoever trusts a key and knows the recovery key of its owner believes: this key follows that one,
or: that one counts no more.  The document names both keys whole, so it needs nothing else.

All rotations of a node are one text, which is read without a parser: of each a line with the
document, and the four lines of the signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from mirror.errors import KeyRefusedError, MirrorError
from mirror.publication.canonical import canonical
from mirror.publication.statements import Statement, Type
from mirror.transfer.keys.minisign import PublicKey, Signature
from mirror.transfer.keys.verifying import verify_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST: Final = 65_536
_MOST_ROTATIONS: Final = 32
_LINES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Since *time*, key *new* (a line as ``minisign -P`` takes it) follows key *old*.

    *revoked* says that *old* counts no more; else both do until it is revoked.
    """

    lineage: str
    old: str
    new: str
    time: str
    revoked: bool = False
    type: str = "mpmirror.rotation"
    format: int = 1


@dataclass(frozen=True, slots=True)
class Certificate:
    """A rotation as a file: the document, and the signature of the recovery key."""

    document: str
    signature: str


_ROTATIONS = TypeAdapter(Rotation)
_CERTIFICATES = TypeAdapter(Certificate)


def encode_rotation(rotation: Rotation) -> bytes:
    """Return the canonical JSON (RFC 8785)."""
    return canonical(_ROTATIONS.dump_python(rotation, mode="json"))


def encode_certificate(certificate: Certificate) -> bytes:
    """Return the file."""
    return _CERTIFICATES.dump_json(certificate, indent=1) + b"\n"


def decode_certificate(data: bytes) -> Certificate:
    """Read the file, and believe nothing of it yet; raise `KeyRefusedError`."""
    if len(data) > _MOST:
        raise KeyRefusedError("too long for a rotation")
    try:
        return _CERTIFICATES.validate_json(data)
    except ValidationError as error:
        raise KeyRefusedError(f"no rotation: {error.error_count()} faults") from error


def encode_rotations(certificates: Iterable[Certificate]) -> str:
    """Return all *certificates* as one text."""
    return "".join(f"{one.document}\n{one.signature}" for one in certificates)


def read_rotations(text: bytes, recovery: PublicKey, lineage: str) -> tuple[Rotation, ...]:
    """Return what *recovery* says of the keys of *lineage* in *text*, the earliest first.

    What somebody else signed is left out; raises `KeyRefusedError` for what is no such text.
    """
    if len(text) > _MOST:
        raise KeyRefusedError("too long for rotations of a key")
    lines = text.split(b"\n")
    if lines.pop() or len(lines) % _LINES or len(lines) > _LINES * _MOST_ROTATIONS:
        raise KeyRefusedError("no rotations of a key: five lines for each are expected")
    found = []
    for at in range(0, len(lines), _LINES):
        try:
            signature = Signature.parse(b"\n".join(lines[at + 1 : at + _LINES]))
            found.append(_certified(lines[at], signature, recovery))
        except MirrorError:
            continue
    ours = (rotation for rotation in found if rotation.lineage == lineage)
    return tuple(sorted(ours, key=lambda rotation: rotation.time))


def statement_of(rotation: Rotation) -> Statement:
    """Return what the recovery key says of *rotation*."""
    return Statement(Type.ROTATION, rotation.lineage, 0)


def read_certificate(data: bytes, recovery: PublicKey) -> Rotation:
    """Return what *recovery* certifies; raise `KeyRefusedError` for anything else."""
    certificate = decode_certificate(data)
    try:
        signature = Signature.parse(certificate.signature)
        return _certified(certificate.document.encode(), signature, recovery)
    except MirrorError as error:
        raise KeyRefusedError(f"no rotation that the recovery key signed: {error}") from error


def _certified(document: bytes, signature: Signature, recovery: PublicKey) -> Rotation:
    said = verify_statement(document, signature, [recovery], Type.ROTATION)
    # Nobody else's bytes any more: the owner of the keys has signed them.
    try:
        rotation = _ROTATIONS.validate_json(document)
    except ValidationError as error:
        raise KeyRefusedError(f"no rotation: {error.error_count()} faults") from error
    if said.origin != rotation.lineage:
        raise KeyRefusedError(f"signed for {said.origin}, and about {rotation.lineage[:40]}")
    PublicKey.parse(rotation.old)
    PublicKey.parse(rotation.new)
    return rotation
