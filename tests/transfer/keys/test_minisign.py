"""Signatures and keys: what is signed is believed, and nothing else; minisign agrees."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import KeyRefusedError, SignatureRefusedError
from mirror.publication.statements import Statement, Type
from mirror.transfer.keys import PublicKey, Signature, verify_statement
from mirror.transfer.keys.minisign import PURE
from mirror.transfer.keys.secret import SecretKey
from tests.transfer.keys.samples import LINEAGE, key, minisign, needs_minisign, statement

if TYPE_CHECKING:
    from pathlib import Path

DATA = b"firmware of a board\n" * 100


def test_what_was_signed_is_believed() -> None:
    """The statement comes back as the signer said it."""
    signed = Signature.parse(key().sign(DATA, statement(42)).text)

    assert verify_statement(DATA, signed, [key().public], Type.PUBLICATION) == statement(42)


def test_signing_is_reproducible() -> None:
    """The same key, bytes and statement give the same file: no time and no chance is in it."""
    assert key().sign(DATA, statement()).text == key().sign(DATA, statement()).text


def test_the_key_of_somebody_else_is_not_trusted() -> None:
    """A whole signature of a key that is not among the trusted ones counts for nothing."""
    signed = key(2).sign(DATA, statement())
    with pytest.raises(SignatureRefusedError, match=r"which is not trusted here"):
        verify_statement(DATA, signed, [key(1).public], Type.PUBLICATION)


def test_another_key_under_a_trusted_id_is_not_believed() -> None:
    """The id is only a name: who takes that of a trusted key signs no better for it."""
    forger = SecretKey(key().key_id, key(2).seed)
    with pytest.raises(SignatureRefusedError, match=r"other bytes"):
        verify_statement(DATA, forger.sign(DATA, statement()), [key().public], Type.PUBLICATION)


@pytest.mark.parametrize("other", [one for one in Type if one is not Type.BUNDLE])
def test_the_type_is_required(other: Type) -> None:
    """What was signed as one thing passes for no other."""
    signed = key().sign(DATA, statement(wanted=other))
    with pytest.raises(SignatureRefusedError, match=r"where mpmirror\.bundle is expected"):
        verify_statement(DATA, signed, [key().public], Type.BUNDLE)


def test_a_signature_without_our_statement_is_refused() -> None:
    """Signed by the right key with minisign's own comment, it still does not say of which type."""
    signed = key().sign_hashed(b"\0" * 64, "timestamp:1\tfile:x\thashed")
    with pytest.raises(SignatureRefusedError):
        Statement.parse(signed.trusted_comment)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_signature_may_differ(place: int, bit: int) -> None:
    """One flipped bit anywhere that is signed or signs makes it no signature."""
    text = bytearray(key().sign(DATA, statement()).text.encode())
    start = text.index(b"\n") + 1  # the untrusted comment is just that
    text[start + place % (len(text) - start - 1)] ^= 1 << bit
    with pytest.raises(SignatureRefusedError):
        verify_statement(DATA, Signature.parse(bytes(text)), [key().public], Type.PUBLICATION)


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_any_text_is_read_or_refused(text: bytes | str) -> None:
    """No file makes the readers fail in another way."""
    with contextlib.suppress(SignatureRefusedError):
        Signature.parse(text)
    with contextlib.suppress(KeyRefusedError):
        PublicKey.parse(text)
    with contextlib.suppress(KeyRefusedError):
        SecretKey.parse(text if isinstance(text, bytes) else text.encode())


@given(st.binary(min_size=104, max_size=104), st.text(st.characters(codec="ascii"), max_size=40))
def test_a_signature_is_written_back(data: bytes, comment: str) -> None:
    """What is read is what was written."""
    comment = comment.replace("\n", "").replace("\r", "")
    made = Signature(b"ED", data[:8].hex().upper(), data[:64], comment, data[40:])

    assert Signature.parse(made.text) == made


def test_a_fingerprint_is_typed_from_paper() -> None:
    """Case and gaps do not count; every digit does."""
    public = key().public
    typed = public.fingerprint.upper().replace("-", " ")

    assert public.has_fingerprint(typed)
    assert not public.has_fingerprint(typed[:-1])
    assert not public.has_fingerprint("")
    assert not key(2).public.has_fingerprint(typed)


def test_public_keys_are_read_as_a_line_or_a_file() -> None:
    """Both are what minisign writes."""
    public = key().public

    assert PublicKey.parse(public.line) == PublicKey.parse(public.text) == public


def test_a_secret_key_is_hidden_under_its_passphrase() -> None:
    """Another passphrase, or none, does not open it."""
    file = key().write("correct horse", lambda count: b"s" * count)

    assert SecretKey.parse(file, lambda: "correct horse") == key()
    with pytest.raises(KeyRefusedError, match=r"the passphrase is wrong"):
        SecretKey.parse(file, lambda: "wrong horse")
    with pytest.raises(KeyRefusedError, match=r"none was given"):
        SecretKey.parse(file)
    assert key().seed not in file
    assert repr(key().seed) not in repr(key())


def test_a_machine_has_its_key_without_a_passphrase() -> None:
    """It is written and read back."""
    assert SecretKey.parse(key().write(None, lambda count: b"s" * count)) == key()


@needs_minisign
def test_minisign_verifies_what_we_signed(tmp_path: Path) -> None:
    """Debian's own program, with the key's file and with its line; and not other bytes."""
    (tmp_path / "SHA256SUMS").write_bytes(DATA)
    (tmp_path / "SHA256SUMS.minisig").write_text(key().sign(DATA, statement(7)).text)
    (tmp_path / "mirror.pub").write_text(key().public.text)

    by_file = minisign(tmp_path, "-Vm", "SHA256SUMS", "-p", "mirror.pub")
    by_line = minisign(tmp_path, "-Vm", "SHA256SUMS", "-P", key().public.line)
    (tmp_path / "SHA256SUMS").write_bytes(DATA + b"x")
    changed = minisign(tmp_path, "-Vm", "SHA256SUMS", "-p", "mirror.pub")

    assert by_file.returncode == 0, by_file.stderr
    assert f"origin:{LINEAGE}\tchannel:current\tsequence:7" in by_file.stdout
    assert by_line.returncode == 0
    assert changed.returncode != 0


@needs_minisign
@pytest.mark.parametrize("legacy", [True, False], ids=["legacy", "prehashed"])
def test_we_verify_what_minisign_signed(tmp_path: Path, *, legacy: bool) -> None:
    """With a key that minisign made: over the bytes, and over their hash."""
    (tmp_path / "data").write_bytes(DATA)
    minisign(tmp_path, "-G", "-W", "-p", "k.pub", "-s", "k.key")
    words = ["-S", "-s", "k.key", "-m", "data", "-t", str(statement(3))]
    done = minisign(tmp_path, *words, *(["-l"] if legacy else []))
    signed = Signature.parse((tmp_path / "data.minisig").read_bytes())
    public = PublicKey.parse((tmp_path / "k.pub").read_bytes())

    assert done.returncode == 0, done.stderr
    assert (signed.algorithm == PURE) is legacy
    assert verify_statement(DATA, signed, [public], Type.PUBLICATION) == statement(3)
    assert SecretKey.parse((tmp_path / "k.key").read_bytes()).public == public


@needs_minisign
@pytest.mark.parametrize("passphrase", ["horse", None])
def test_minisign_signs_with_our_keys(tmp_path: Path, passphrase: str | None) -> None:
    """A key that we wrote opens there, and its signature is ours."""
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "k.key").write_bytes(key().write(passphrase, lambda count: b"s" * count))
    done = minisign(tmp_path, "-S", "-s", "k.key", "-m", "data", said="horse\n")

    assert done.returncode == 0, done.stderr
    Signature.parse((tmp_path / "data.minisig").read_bytes()).verify(DATA, key().public)


@pytest.mark.long
@needs_minisign
def test_we_open_the_keys_of_minisign(tmp_path: Path) -> None:
    """A key that minisign hid under a passphrase, which takes it 1 GiB and seconds."""
    made = minisign(tmp_path, "-G", "-p", "k.pub", "-s", "k.key", said="horse\nhorse\n")
    opened = SecretKey.parse((tmp_path / "k.key").read_bytes(), lambda: "horse")

    assert made.returncode == 0, made.stderr
    assert opened.public == PublicKey.parse((tmp_path / "k.pub").read_bytes())
