"""Rotation and revocation of a node's key, as documents that its recovery key signs.

Whoever trusts a key and knows the recovery key of its owner believes: this key follows that one,
or: that one counts no more.  The document names both keys whole, so it needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import rfc8785
from pydantic import TypeAdapter, ValidationError

from mirror.errors import KeyRefusedError, MirrorError
from mirror.publication.statements import Statement, Type
from mirror.transfer.keys.minisign import PublicKey, Signature
from mirror.transfer.keys.verifying import verify_statement

_MOST: Final = 65_536


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
    return rfc8785.dumps(_ROTATIONS.dump_python(rotation, mode="json"))


def encode_certificate(certificate: Certificate) -> bytes:
    """Return the file."""
    return _CERTIFICATES.dump_json(certificate, indent=1) + b"\n"


def statement_of(rotation: Rotation) -> Statement:
    """Return what the recovery key says of *rotation*."""
    return Statement(Type.ROTATION, rotation.lineage, 0)


def read_certificate(data: bytes, recovery: PublicKey) -> Rotation:
    """Return what *recovery* certifies; raise `KeyRefusedError` for anything else."""
    if len(data) > _MOST:
        raise KeyRefusedError("too long for a rotation")
    try:
        certificate = _CERTIFICATES.validate_json(data)
        document = certificate.document.encode()
        signature = Signature.parse(certificate.signature)
        verify_statement(document, signature, [recovery], Type.ROTATION)
        rotation = _ROTATIONS.validate_json(document)
        PublicKey.parse(rotation.new)
    except (ValidationError, MirrorError) as error:
        raise KeyRefusedError(f"no rotation that the recovery key signed: {error}") from error
    return rotation
