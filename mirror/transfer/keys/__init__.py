"""Keys and signatures in minisign's format, and the rules of those who read signed documents.

Who only verifies needs `PublicKey.parse`, `Signature.parse` and `verify_statement`, which gives
the signer's `Statement`: its type, origin, channel and sequence.  These read no clock, no disk
and no network.
"""

from mirror.publication.statements import Statement, Type
from mirror.transfer.keys.minisign import PublicKey, Signature
from mirror.transfer.keys.verifying import verify_statement

__all__ = ["PublicKey", "Signature", "Statement", "Type", "verify_statement"]
