"""Rotation and revocation of keys, as documents that the recovery key of their owner signs.

Whoever trusts a key and knows the recovery key of its owner believes: this key follows that one,
or: that one counts no more.  The document names its keys whole, so it needs nothing else.

All of them of a node are one text, which is read without a parser: of each a line with the
document, and the four lines of the signature.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final, TypeAlias

from pydantic import ValidationError

from mirror.errors import KeyRefusedError, MirrorError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.publication.statements import Statement, Type
from mirror.shapes import Shape
from mirror.transfer.keys.minisign import PublicKey, Signature
from mirror.transfer.keys.verifying import verify_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The most bytes of a text of them.
MOST_BYTES: Final = 65_536
_MOST_WORDS: Final = 32
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Since *time*, *key* (a line as ``minisign -P`` takes it) counts no more, and none follows."""

    lineage: str
    key: str
    time: str
    type: str = "mpmirror.revocation"
    format: int = 1


#: What an owner says of keys.
Word: TypeAlias = Rotation | Revocation


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an owner says as a file: the document, and the signature of the recovery key."""

    document: str
    signature: str


_WORDS: Final[dict[Type, Shape[Rotation] | Shape[Revocation]]] = {
    Type.ROTATION: Shape(Rotation),
    Type.REVOCATION: Shape(Revocation),
}
_CERTIFICATES = Shape(Certificate)


def encode_word(word: Word) -> bytes:
    """Return the canonical JSON (RFC 8785)."""
    return canonical(asdict(word))


def encode_certificate(certificate: Certificate) -> bytes:
    """Return the file."""
    return _CERTIFICATES.dump_json(certificate, indent=1) + b"\n"


def decode_certificate(data: bytes) -> Certificate:
    """Read the file, and believe nothing of it yet; raise `KeyRefusedError`."""
    if len(data) > MOST_BYTES:
        raise KeyRefusedError("too long for a word about a key")
    try:
        return _CERTIFICATES.validate_json(data)
    except ValidationError as error:
        raise KeyRefusedError(f"no word about a key: {error.error_count()} faults") from error


def encode_certificates(certificates: Iterable[Certificate]) -> str:
    """Return all *certificates* as one text."""
    return "".join(f"{one.document}\n{one.signature}" for one in certificates)


def split_certificates(text: bytes) -> tuple[Certificate, ...]:
    """Cut the text of `encode_certificates` into its parts, and believe nothing of them yet.

    Raises `KeyRefusedError` for what is no such text.
    """
    if len(text) > MOST_BYTES:
        raise KeyRefusedError("too long for words about keys")
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise KeyRefusedError("words about keys are text") from error
    if lines.pop() or len(lines) % _LINES or len(lines) > _LINES * _MOST_WORDS:
        raise KeyRefusedError("no words about keys: five lines for each are expected")
    return tuple(
        Certificate(lines[at], "".join(f"{line}\n" for line in lines[at + 1 : at + _LINES]))
        for at in range(0, len(lines), _LINES)
    )


def words_of(certificates: Iterable[Certificate], recovery: PublicKey) -> tuple[Word, ...]:
    """Return what *recovery* says in *certificates*, the earliest first; others' are left out."""
    found = []
    for one in certificates:
        try:
            found.append(_certified(one, recovery))
        except MirrorError:
            continue
    return tuple(sorted(found, key=lambda word: word.time))


def read_words(text: bytes, recovery: PublicKey, lineage: str) -> tuple[Word, ...]:
    """Return what *recovery* says of the keys of *lineage* in *text*, the earliest first.

    What somebody else signed is left out; raises `KeyRefusedError` for what is no such text.
    """
    words = words_of(split_certificates(text), recovery)
    return tuple(word for word in words if word.lineage == lineage)


def revoked_lines(words: Iterable[Word]) -> frozenset[str]:
    """Return the keys that count no more by *words*, as lines."""
    return frozenset(
        word.key if isinstance(word, Revocation) else word.old
        for word in words
        if isinstance(word, Revocation) or word.revoked
    )


def statement_of(word: Word) -> Statement:
    """Return what the recovery key says of *word*."""
    kind = Type.REVOCATION if isinstance(word, Revocation) else Type.ROTATION
    return Statement(kind, word.lineage, 0)


def read_certificate(data: bytes, recovery: PublicKey) -> Word:
    """Return what *recovery* certifies; raise `KeyRefusedError` for anything else."""
    try:
        return _certified(decode_certificate(data), recovery)
    except MirrorError as error:
        raise KeyRefusedError(f"nothing that the recovery key signed: {error}") from error


def _certified(certificate: Certificate, recovery: PublicKey) -> Word:
    signature = Signature.parse(certificate.signature)
    revokes = signature.trusted_comment.startswith(f"type:{Type.REVOCATION}\t")
    wanted = Type.REVOCATION if revokes else Type.ROTATION
    document = certificate.document.encode()
    said = verify_statement(document, signature, [recovery], wanted)
    # Nobody else's bytes any more: the owner of the keys has signed them.
    try:
        word = _WORDS[wanted].validate_json(document)
    except ValidationError as error:
        raise KeyRefusedError(f"no {wanted}: {error.error_count()} faults") from error
    if said.origin != word.lineage:
        raise KeyRefusedError(f"signed for {said.origin}, and about {word.lineage[:40]}")
    for line in (word.key,) if isinstance(word, Revocation) else (word.old, word.new):
        PublicKey.parse(line)
    return word
