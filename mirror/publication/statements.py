"""What a signature says: of which type the document is, whose, and which one in the row.

The trusted comment is ``type:T<tab>origin:LINEAGE<tab>channel:C<tab>sequence:N``.  A signature
without it, or of another type than the reader wants, counts for nothing: so a signed list of sums
never passes for a bundle, nor an old publication for a new one.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from mirror.errors import SignatureRefusedError
from mirror.frozen import dataclass


class Type(StrEnum):
    """What is signed, each for its own readers."""

    PUBLICATION = "mpmirror.publication"
    CONTENT = "mpmirror.content"
    SUMS = "mpmirror.sums"
    FRESHNESS = "mpmirror.freshness"
    BUNDLE = "mpmirror.bundle"
    RECEIPT = "mpmirror.receipt"
    ROTATION = "mpmirror.rotation"
    REVOCATION = "mpmirror.revocation"
    APPROVAL = "mpmirror.approval"
    SOFTWARE = "mpmirror.software"


_COMMENT: Final = re.compile(
    r"type:(?P<type>[a-z.]{1,40})\torigin:(?P<origin>[0-9a-f]{32})"
    r"\tchannel:(?P<channel>[a-z0-9][a-z0-9-]{0,62})\tsequence:(?P<sequence>0|[1-9][0-9]{0,17})"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """The signer's word on a document: *origin* is a lineage, 32 hex digits."""

    type: Type
    origin: str
    sequence: int
    channel: str = "current"

    def __post_init__(self) -> None:
        """Refuse what would not be read back as it was."""
        if _COMMENT.fullmatch(str(self)) is None:
            raise SignatureRefusedError(f"nothing that can be signed: {str(self)!r}")

    @classmethod
    def parse(cls, comment: str) -> Statement:
        """Read a trusted comment; raise `SignatureRefusedError` for any that is not ours."""
        found = _COMMENT.fullmatch(comment)
        if found is None or found["type"] not in set(Type):
            raise SignatureRefusedError("the trusted comment does not say what was signed")
        return cls(Type(found["type"]), found["origin"], int(found["sequence"]), found["channel"])

    def __str__(self) -> str:
        """Return the trusted comment."""
        return (
            f"type:{self.type}\torigin:{self.origin}\tchannel:{self.channel}"
            f"\tsequence:{self.sequence}"
        )
