"""Ed25519 signatures, verification only, as RFC 8032 sections 5.1 and 6 have them.

Kept small, for `serve.py`, which has nothing but Python's own library: a few milliseconds each.
Nothing here is secret, so nothing is done in constant time.
"""

from __future__ import annotations

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
SIGN = 1 << 255
KEY_BYTES = 32
SIGNATURE_BYTES = 64


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether *signature* over *message* is that of the public *key*."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    whose, point = point_of(key), point_of(signature[:KEY_BYTES])
    number = int.from_bytes(signature[KEY_BYTES:], "little")
    if whose is None or point is None or number >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:KEY_BYTES] + key + message).digest()
    challenge = int.from_bytes(hashed, "little") % ORDER
    return same(multiply(number, BASE), add(point, multiply(challenge, whose)))


def add(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    """Add two points in extended coordinates."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(number: int, point: tuple[int, ...]) -> tuple[int, ...]:
    """Add *point* to itself so often."""
    found: tuple[int, ...] = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, point)
        point = add(point, point)
        number >>= 1
    return found


def same(one: tuple[int, ...], two: tuple[int, ...]) -> bool:
    """Whether two points are one."""
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 == (one[1] * two[2] - two[1] * one[2]) % P


def point_of(data: bytes) -> tuple[int, ...] | None:
    """Decode a point; None for what is none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y % SIGN
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(KEY_BYTES, "little")) or ()
