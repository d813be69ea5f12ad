"""Public keys and signatures as minisign writes them, and what it takes to believe one.

A signature is over the bytes (``Ed``) or over their BLAKE2b-512 (``ED``, what we write), and a
second one, the global signature, is over the first and the trusted comment.  Both must be right:
then the comment is the signer's word, and no other part of the file is.
The format: https://jedisct1.github.io/minisign/ (*Signature format*, *Public key format*).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final

from mirror.errors import KeyRefusedError, SignatureRefusedError
from mirror.frozen import dataclass

PURE: Final = b"Ed"
PREHASHED: Final = b"ED"

_UNTRUSTED: Final = "untrusted comment: "
_TRUSTED: Final = "trusted comment: "
_KEY_ID: Final = re.compile(r"[0-9A-F]{16}")
_ID_BYTES: Final = 8
_POINT_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_LONGEST: Final = 8192  # as minisign's own COMMENTMAXBYTES and TRUSTEDCOMMENTMAXBYTES
_FINGERPRINT_BYTES: Final = 20
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key with the id that signatures name it by, 16 hex digits."""

    key_id: str
    point: bytes

    def __post_init__(self) -> None:
        """Refuse what can be no key."""
        if _KEY_ID.fullmatch(self.key_id) is None or len(self.point) != _POINT_BYTES:
            raise KeyRefusedError("not a public key of minisign: its id or its length is wrong")

    @classmethod
    def parse(cls, text: str | bytes) -> PublicKey:
        """Read the file ``minisign.pub``, or its second line alone; raise `KeyRefusedError`."""
        lines = _lines(text, KeyRefusedError)
        if len(lines) == 2 and lines[0].startswith(_UNTRUSTED):  # noqa: PLR2004 - comment and key
            lines = lines[1:]
        if len(lines) != 1:
            raise KeyRefusedError("a public key is one line, or an untrusted comment and a line")
        data = _decode(lines[0], 2 + _ID_BYTES + _POINT_BYTES, KeyRefusedError)
        if data[:2] != PURE:
            raise KeyRefusedError("not an Ed25519 public key of minisign")
        return cls(write_id(data[2 : 2 + _ID_BYTES]), data[2 + _ID_BYTES :])

    @property
    def line(self) -> str:
        """The key in one line, as ``minisign -P`` takes it."""
        return base64.b64encode(self._data).decode("ascii")

    @property
    def text(self) -> str:
        """The key as the file that ``minisign -p`` takes."""
        return f"{_UNTRUSTED}minisign public key {self.key_id}\n{self.line}\n"

    @property
    def fingerprint(self) -> str:
        """What a person compares or types: 40 digits of the SHA-256 over all of the key."""
        digits = hashlib.sha256(self._data).hexdigest()[: 2 * _FINGERPRINT_BYTES]
        return "-".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))

    def has_fingerprint(self, typed: str) -> bool:
        """Whether somebody *typed* this key's fingerprint, whole; case and gaps do not count."""
        digits = re.sub(r"[\s:-]", "", typed).lower()
        return digits == self.fingerprint.replace("-", "")

    @property
    def _data(self) -> bytes:
        return PURE + read_id(self.key_id) + self.point


@dataclass(frozen=True, slots=True)
class Signature:
    """What stands in a ``.minisig`` file; nothing of it is believed before `verify`."""

    algorithm: bytes
    key_id: str
    signature: bytes
    trusted_comment: str
    global_signature: bytes

    @classmethod
    def parse(cls, text: str | bytes) -> Signature:
        """Read a ``.minisig`` file; raise `SignatureRefusedError`."""
        lines = _lines(text, SignatureRefusedError)
        if (
            len(lines) != 4  # noqa: PLR2004 - comment, signature, comment, signature
            or not lines[0].startswith(_UNTRUSTED)
            or not lines[2].startswith(_TRUSTED)
        ):
            raise SignatureRefusedError("not a signature of minisign: four lines are expected")
        size = 2 + _ID_BYTES + _SIGNATURE_BYTES
        data = _decode(lines[1], size, SignatureRefusedError)
        if data[:2] not in {PURE, PREHASHED}:
            raise SignatureRefusedError("a signature of an algorithm that is not minisign's")
        return cls(
            algorithm=data[:2],
            key_id=write_id(data[2 : 2 + _ID_BYTES]),
            signature=data[2 + _ID_BYTES :],
            trusted_comment=lines[2].removeprefix(_TRUSTED),
            global_signature=_decode(lines[3], _SIGNATURE_BYTES, SignatureRefusedError),
        )

    @property
    def text(self) -> str:
        """The signature as the file that ``minisign -x`` takes."""
        data = self.algorithm + read_id(self.key_id) + self.signature
        return (
            f"{_UNTRUSTED}signature by mpmirror, key {self.key_id}\n"
            f"{base64.b64encode(data).decode('ascii')}\n"
            f"{_TRUSTED}{self.trusted_comment}\n"
            f"{base64.b64encode(self.global_signature).decode('ascii')}\n"
        )

    def verify(self, data: bytes, key: PublicKey) -> None:
        """Return when *key* signed *data* and the trusted comment; else `SignatureRefusedError`."""
        self.verify_hashed(data, hashlib.blake2b(data).digest(), key)

    def verify_hashed(self, data: bytes, prehash: bytes, key: PublicKey) -> None:
        """Verify as `verify` does, with the BLAKE2b-512 of *data* made before."""
        if self.key_id != key.key_id:
            raise SignatureRefusedError(f"signed by key {self.key_id}, not by {key.key_id}")
        signed = data if self.algorithm == PURE else prehash
        comment = self.signature + self.trusted_comment.encode()
        if not _signed(key.point, self.signature, signed):
            raise SignatureRefusedError(f"other bytes than those that key {key.key_id} signed")
        if not _signed(key.point, self.global_signature, comment):
            raise SignatureRefusedError(
                f"another trusted comment than the one that key {key.key_id} signed"
            )


def write_id(data: bytes) -> str:
    """Return the id of a key as people and minisign write it: its bytes, last first."""
    return data[::-1].hex().upper()


def read_id(key_id: str) -> bytes:
    """Return the bytes of an id that `write_id` wrote."""
    return bytes.fromhex(key_id)[::-1]


def _signed(point: bytes, signature: bytes, data: bytes) -> bool:
    # Loaded when something is verified: most commands verify nothing.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        Ed25519PublicKey.from_public_bytes(point).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _lines(text: str | bytes, refused: type[KeyRefusedError | SignatureRefusedError]) -> list[str]:
    if len(text) > 3 * _LONGEST:
        raise refused("longer than any file of minisign")
    try:
        whole = text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError as error:
        raise refused("not a file of minisign: it is no text") from error
    # Not `splitlines`: that knows ends of lines that minisign does not.
    return [line.removesuffix("\r") for line in whole.removesuffix("\n").split("\n")]


def _decode(line: str, size: int, refused: type[KeyRefusedError | SignatureRefusedError]) -> bytes:
    try:
        data = base64.b64decode(line, validate=True)
    except (ValueError, binascii.Error) as error:
        raise refused("not a file of minisign: base64 is expected") from error
    if len(data) != size or base64.b64encode(data).decode("ascii") != line:
        raise refused(f"not a file of minisign: {size} bytes in base64 are expected")
    return data
