"""Believe a signed document: by a key that is trusted, and as the type that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import SignatureRefusedError
from mirror.publication.statements import Statement, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.transfer.keys.minisign import PublicKey, Signature


def verify_statement(
    data: bytes, signature: Signature, keys: Iterable[PublicKey], wanted: Type
) -> Statement:
    """Return what one of *keys* says of *data*, if that is a document of the *wanted* type.

    Raises `SignatureRefusedError` when none of *keys* signed it, or signed it as another type.
    """
    key = next((key for key in keys if key.key_id == signature.key_id), None)
    if key is None:
        raise SignatureRefusedError(f"signed by key {signature.key_id}, which is not trusted here")
    signature.verify(data, key)
    statement = Statement.parse(signature.trusted_comment)
    if statement.type is not wanted:
        raise SignatureRefusedError(f"signed as {statement.type}, where {wanted} is expected")
    return statement
