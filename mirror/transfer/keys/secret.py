"""Secret keys in minisign's format: with a passphrase (scrypt), or without for a machine.

The file holds key id, seed, public key and a BLAKE2b checksum of them; with a passphrase all of
that is hidden under a stream that scrypt makes of it.  What minisign wrote is read, and minisign
reads what is written here.  The format: https://jedisct1.github.io/minisign/ (*Secret key format*).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import field
from typing import TYPE_CHECKING, Final

from mirror.errors import KeyRefusedError
from mirror.frozen import dataclass
from mirror.transfer.keys.minisign import (
    PREHASHED,
    PURE,
    PublicKey,
    Signature,
    read_id,
    write_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.publication.statements import Statement

_NO_KDF: Final = b"\0\0"
_SCRYPT: Final = b"Sc"
_BLAKE2B: Final = b"B2"
_SALT_BYTES: Final = 32
_SEED: Final = slice(8, 40)
_HIDDEN_BYTES: Final = 8 + 64 + 32
_ALL_BYTES: Final = 6 + _SALT_BYTES + 16 + _HIDDEN_BYTES
_R: Final = 8
# 2^17 rounds and 128 MiB: minisign's own 1 GiB is more than many a machine of a lab has.
_OPERATIONS: Final = 1 << 22
_MEMORY: Final = 1 << 28
# What minisign itself takes at most ("sensitive"): more would only exhaust the machine.
_MOST_MEMORY: Final = 1 << 30
_HEAD: Final = "untrusted comment: "


@dataclass(frozen=True, slots=True)
class SecretKey:
    """An Ed25519 key that signs; *seed* never appears in a message or a ``repr``."""

    key_id: str
    seed: bytes = field(repr=False)

    @classmethod
    def make(cls, random: Callable[[int], bytes]) -> SecretKey:
        """Return a new key; *random* gives so many unpredictable bytes."""
        return cls(write_id(random(8)), random(32))

    @classmethod
    def parse(cls, text: bytes, passphrase: Callable[[], str] | None = None) -> SecretKey:
        """Read a secret key file; *passphrase* is asked where it has one.

        Raises `KeyRefusedError` for another file, or a wrong passphrase.
        """
        data = _decode(text)
        hidden, kdf = data[-_HIDDEN_BYTES:], data[2:4]
        if kdf == _SCRYPT:
            if passphrase is None:
                raise KeyRefusedError("this key has a passphrase, and none was given")
            hidden = _xor(hidden, _stream(passphrase(), data[6:-_HIDDEN_BYTES]))
        elif kdf != _NO_KDF:
            raise KeyRefusedError("a secret key of minisign with an unknown way to hide it")
        # minisign -W writes no checksum: the public half shows damage there too.
        unchecked = kdf == _NO_KDF and hidden[-32:] == bytes(32)
        if not unchecked and not hmac.compare_digest(_checksum(hidden), hidden[-32:]):
            raise KeyRefusedError("the passphrase is wrong" if kdf == _SCRYPT else "a damaged key")
        key = cls(write_id(hidden[:8]), hidden[_SEED])
        if key.public.point != hidden[40:72]:
            raise KeyRefusedError("a secret key whose public half is another key's")
        return key

    def write(self, passphrase: str | None, random: Callable[[int], bytes]) -> bytes:
        """Return the file of this key, hidden under *passphrase* if there is one."""
        body = read_id(self.key_id) + self.seed + self.public.point
        hidden = body + _checksum(body)
        if passphrase is None:
            kdf, terms, words = _NO_KDF, bytes(_SALT_BYTES + 16), "secret key"
        else:
            kdf, words = _SCRYPT, "encrypted secret key"
            terms = random(_SALT_BYTES) + _number(_OPERATIONS) + _number(_MEMORY)
            hidden = _xor(hidden, _stream(passphrase, terms))
        line = base64.b64encode(PURE + kdf + _BLAKE2B + terms + hidden)
        return f"{_HEAD}minisign {words} of mpmirror, key {self.key_id}\n".encode() + line + b"\n"

    @property
    def public(self) -> PublicKey:
        """The half that others are given."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        point = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return PublicKey(self.key_id, point)

    def sign(self, data: bytes, statement: Statement) -> Signature:
        """Sign *data* and the *statement* about it; the same input gives the same signature."""
        return self.sign_hashed(hashlib.blake2b(data).digest(), str(statement))

    def sign_hashed(self, prehash: bytes, comment: str) -> Signature:
        """Sign what has this BLAKE2b-512, and *comment*."""
        signature = self.sign_raw(prehash)
        over_all = self.sign_raw(signature + comment.encode())
        return Signature(PREHASHED, self.key_id, signature, comment, over_all)

    def sign_raw(self, data: bytes) -> bytes:
        """Return the plain Ed25519 signature (RFC 8032) of *data*."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(data)


def _decode(text: bytes) -> bytes:
    lines = text.removesuffix(b"\n").split(b"\n")
    if len(lines) != 2 or not lines[0].startswith(_HEAD.encode()):  # noqa: PLR2004 - comment, key
        raise KeyRefusedError("not a secret key of minisign: two lines are expected")
    try:
        data = base64.b64decode(lines[1].removesuffix(b"\r"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise KeyRefusedError("not a secret key of minisign: base64 is expected") from error
    if len(data) != _ALL_BYTES or data[:2] != PURE or data[4:6] != _BLAKE2B:
        raise KeyRefusedError("not a secret key of minisign")
    return data


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(PURE + body[:72], digest_size=32).digest()


def _number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _stream(passphrase: str, terms: bytes) -> bytes:
    salt = terms[:_SALT_BYTES]
    operations = int.from_bytes(terms[_SALT_BYTES : _SALT_BYTES + 8], "little")
    memory = int.from_bytes(terms[_SALT_BYTES + 8 :], "little")
    if memory > _MOST_MEMORY or operations > _MOST_MEMORY:
        raise KeyRefusedError("a secret key that takes more memory than minisign ever does")
    rounds, parallel = _costs(operations, memory)
    return hashlib.scrypt(
        passphrase.encode(),
        salt=salt,
        n=rounds,
        r=_R,
        p=parallel,
        maxmem=128 * _R * (rounds + parallel + 8),
        dklen=_HIDDEN_BYTES,
    )


def _costs(operations: int, memory: int) -> tuple[int, int]:
    """Return N and p of scrypt as libsodium picks them: ``pickparams`` in its scryptsalsa208."""
    operations = max(operations, 32768)
    if operations < memory // 32:
        return 1 << _power(operations // (_R * 4)), 1
    rounds = 1 << _power(memory // (_R * 128))
    most = min((operations // 4) // rounds, 0x3FFFFFFF)
    return rounds, max(1, most // _R)


def _power(most: int) -> int:
    power = 1
    while power < 63 and (1 << power) <= most // 2:  # noqa: PLR2004 - of a 64-bit number
        power += 1
    return power
