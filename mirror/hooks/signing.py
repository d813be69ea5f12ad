"""Signatures of the Standard Webhooks convention (1.0), symmetric: HMAC-SHA256, version ``v1``.

Signed are the id of the message, the second at which it is sent, and the body, with dots between;
so nobody can send an old message as a new one.  A secret is ``whsec_`` and base64 of 24 to 64
random bytes.  Where there are several, each signs: that is how a receiver is given a new one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import field
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX: Final = "whsec_"
_BYTES: Final = range(24, 65)
_NEW: Final = 32
_MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one hook, which no text of it shows; none: nothing is signed."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, text: str) -> Secrets:
        """Read one secret a line; raise `ConfigurationError`, which never shows the text."""
        lines = text.split()
        if not lines or len(lines) > _MOST:
            raise ConfigurationError(f"expected one to {_MOST} secrets, a line each")
        return cls(tuple(map(_key, lines)))

    def headers(self, message: str, second: int, body: bytes) -> dict[str, str]:
        """Return the headers of *message*, sent at this *second* since 1970."""
        found = {"webhook-id": message, "webhook-timestamp": str(second)}
        if self.keys:
            signed = [_signature(key, message, second, body) for key in self.keys]
            found["webhook-signature"] = " ".join(signed)
        return found


def make_secret(random: Callable[[int], bytes]) -> str:
    """Return a new secret, as `Secrets.parse` reads it."""
    return _PREFIX + base64.b64encode(random(_NEW)).decode("ascii")


def _key(line: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(_PREFIX) or len(key) not in _BYTES:
        raise ConfigurationError(
            "a secret is whsec_ and base64 of 24 to 64 bytes: mpmirror hooks secret makes one"
        )
    return key


def _signature(key: bytes, message: str, second: int, body: bytes) -> str:
    signed = f"{message}.{second}.".encode("ascii") + body
    digest = hmac.digest(key, signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode("ascii")
