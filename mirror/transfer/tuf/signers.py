"""Keys of ours as TUF wants them: Ed25519, named by the SHA-256 of what they are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from securesystemslib.signer import Key, Signature, Signer, SSlibKey

from mirror.publication.canonical import canonical

if TYPE_CHECKING:
    from mirror.transfer.keys.minisign import PublicKey
    from mirror.transfer.keys.secret import SecretKey

_KIND = "ed25519"


def key_of(public: PublicKey) -> SSlibKey:
    """Return *public* as TUF names it."""
    value = {"public": public.point.hex()}
    fields = {"keytype": _KIND, "scheme": _KIND, "keyval": value}
    return SSlibKey(hashlib.sha256(canonical(fields)).hexdigest(), _KIND, _KIND, value)


class KeySigner(Signer):
    """Signs with a secret key of ours."""

    def __init__(self, secret: SecretKey) -> None:
        self._secret = secret
        self._key = key_of(secret.public)

    @property
    def public_key(self) -> Key:
        """The public half."""
        return self._key

    @classmethod
    def from_priv_key_uri(cls, *_: object) -> KeySigner:
        """Refuse: keys are read from files, by whoever may."""
        raise NotImplementedError

    def sign(self, payload: bytes) -> Signature:
        """Sign *payload*."""
        return Signature(self._key.keyid, self._secret.sign_raw(payload).hex())
