"""A secret key on paper: letters and digits that a person can copy and type back.

The recovery key is never on a disk.  40 bytes (id and seed) and two of a check are written in the
letters of RFC 4648 base32, in groups of four; a slip is noticed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final

from mirror.errors import KeyRefusedError
from mirror.transfer.keys.minisign import read_id, write_id
from mirror.transfer.keys.secret import SecretKey

_BYTES: Final = 40
_CHECK: Final = 2
_GROUP: Final = 4


def spell(key: SecretKey) -> str:
    """Return *key* as it is written on paper."""
    data = read_id(key.key_id) + key.seed
    letters = base64.b32encode(data + _check(data)).decode("ascii").rstrip("=")
    return " ".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def read_paper(text: str) -> SecretKey:
    """Read what somebody typed from paper; raise `KeyRefusedError` for a slip."""
    letters = re.sub(r"[\s-]", "", text).upper()
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (ValueError, binascii.Error) as error:
        raise KeyRefusedError("not a recovery key: letters A to Z and digits 2 to 7") from error
    if len(data) != _BYTES + _CHECK or _check(data[:_BYTES]) != data[_BYTES:]:
        raise KeyRefusedError("a slip in the recovery key: its end disagrees with the rest")
    return SecretKey(write_id(data[:8]), data[8:_BYTES])


def _check(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_CHECK]
