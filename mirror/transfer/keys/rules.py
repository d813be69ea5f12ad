"""The rules of a reader of signed documents, all of them, and nothing else.

No file, socket or clock is opened here: what is trusted and what was seen before is given, what
is believed is returned.  Refused are: no signature of a trusted key, a revoked key, a signature
of another type, a sequence below one that was seen of that lineage and channel, and other
content under a sequence that was seen.  Age is no rule: a wrong clock blocks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import RolledBackError, SignatureRefusedError
from mirror.frozen import dataclass
from mirror.transfer.keys.minisign import PublicKey, Signature
from mirror.transfer.keys.verifying import verify_statement

if TYPE_CHECKING:
    from mirror.publication.statements import Statement, Type


@dataclass(frozen=True, slots=True)
class Seen:
    """The highest publication that was seen of one lineage and channel."""

    sequence: int
    content: Digest


@dataclass(frozen=True, slots=True)
class Rules:
    """What one reader trusts, has revoked, and has seen, by lineage and channel."""

    trusted: tuple[PublicKey, ...]
    revoked: frozenset[str] = frozenset()
    seen: Mapping[tuple[str, str], Seen] = field(default_factory=dict)

    def believe(self, data: bytes, signature: Signature, wanted: Type) -> Statement:
        """Return what a trusted key says of *data*; raise a `RefusedError` otherwise."""
        if signature.key_id in self.revoked:
            raise SignatureRefusedError(f"signed by key {signature.key_id}, which was revoked here")
        if signature.key_id not in {key.key_id for key in self.trusted}:
            raise SignatureRefusedError(
                f"signed by key {signature.key_id}, which is not trusted here: mpmirror key trust "
                "FILE --fingerprint, typed from paper, has it trusted"
            )
        statement = verify_statement(data, signature, self.trusted, wanted)
        seen = self.seen.get((statement.origin, statement.channel))
        if seen is not None and statement.sequence < seen.sequence:
            raise RolledBackError(
                f"publication {statement.sequence} of {statement.origin}, of which "
                f"{seen.sequence} came already: replayed, or out of order"
            )
        return statement

    def refuse_other(self, statement: Statement, content: Digest) -> None:
        """Raise `RolledBackError` when this sequence was seen with another content."""
        seen = self.seen.get((statement.origin, statement.channel))
        if seen is not None and seen.sequence == statement.sequence and seen.content != content:
            raise RolledBackError(
                f"publication {statement.sequence} of {statement.origin} came before with another "
                "content: its sender published two under one number"
            )
