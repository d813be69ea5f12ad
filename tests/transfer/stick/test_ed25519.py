"""The small Ed25519 of `serve.py` says what RFC 8032 and a large library say."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mirror.transfer.stick.ed25519 import ORDER, is_signed

#: RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
            "1cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
            "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
            "984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c6"
            "6431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_standard_pass(key: str, message: str, signature: str) -> None:
    """And not with any one bit of the signature changed in its first and last bytes."""
    point, said, proof = (bytes.fromhex(text) for text in (key, message, signature))

    assert is_signed(point, said, proof)
    assert not is_signed(point, said + b"\0", proof)
    for place in (0, 31, 32, 63):
        for bit in range(8):
            changed = bytearray(proof)
            changed[place] ^= 1 << bit
            assert not is_signed(point, said, bytes(changed))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=99), st.integers(0, 63))
def test_it_agrees_with_a_large_library(secret: bytes, message: bytes, place: int) -> None:
    """What that one signs passes here; with one byte changed it does not."""
    key = Ed25519PrivateKey.from_private_bytes(secret)
    point, proof = key.public_key().public_bytes_raw(), key.sign(message)
    changed = proof[:place] + bytes([proof[place] ^ 1]) + proof[place + 1 :]

    assert is_signed(point, message, proof)
    assert not is_signed(point, message, changed)


def test_a_number_beyond_the_order_is_no_signature() -> None:
    """The same equation would hold for it: RFC 8032 section 5.1.7 refuses it."""
    point, message, proof = (bytes.fromhex(text) for text in VECTORS[1])
    larger = int.from_bytes(proof[32:], "little") + ORDER

    assert not is_signed(point, message, proof[:32] + larger.to_bytes(32, "little"))


@given(st.binary(max_size=40), st.binary(max_size=70))
def test_any_bytes_are_no_signature(key: bytes, signature: bytes) -> None:
    """Of any length, whether they are a point or not."""
    assert not is_signed(key, b"message", signature)
