"""Who is trusted, what is on paper, and whose key follows whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, KeyRefusedError, RolledBackError, SignatureRefusedError
from mirror.publication.statements import Type
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.transfer.keys.certificates import (
    Certificate,
    Rotation,
    encode_certificate,
    encode_word,
    read_certificate,
    statement_of,
)
from mirror.transfer.keys.keyring import Keyring, find_keyring, write_keyring
from mirror.transfer.keys.paper import read_paper, spell
from mirror.transfer.keys.rules import Rules, Seen
from tests.transfer.keys.samples import LINEAGE, key, statement

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-04-07T06:00:00Z"
SOME = Digest.of(b"content")


def test_a_keyring_is_read_back(tmp_path: Path) -> None:
    """For its owner alone; without a file nobody is trusted."""
    keyring = Keyring({}, {}).trusting(key().public, NOW, key(9).public)
    write_keyring(tmp_path, keyring, Files(Disk()))

    assert find_keyring(tmp_path) == keyring
    assert find_keyring(tmp_path / "none").trusted == ()
    assert (tmp_path / "trusted.json").stat().st_mode & 0o777 == 0o600


def test_a_damaged_keyring_trusts_nobody(tmp_path: Path) -> None:
    """It is damage, and no empty keyring."""
    (tmp_path / "trusted.json").write_bytes(b"{}")
    with pytest.raises(DamagedError):
        find_keyring(tmp_path)


def test_a_revoked_key_stays_revoked() -> None:
    """It is trusted no more, and can not be trusted again."""
    keyring = Keyring({}, {}).trusting(key().public, NOW, None).revoking(key().key_id, NOW)

    assert keyring.trusted == ()
    with pytest.raises(KeyRefusedError, match=r"was revoked here"):
        keyring.trusting(key().public, NOW, None)


@given(st.integers(min_value=0, max_value=10**6))
def test_a_key_comes_back_from_paper(number: int) -> None:
    assert read_paper(spell(key(number)).lower()) == key(number)


@pytest.mark.parametrize("place", range(0, 84, 5))
def test_a_slip_from_paper_is_noticed(place: int) -> None:
    written = spell(key())
    if written[place] != " ":
        other = "A" if written[place] != "A" else "B"
        with pytest.raises(KeyRefusedError):
            read_paper(written[:place] + other + written[place + 1 :])


def test_a_rotation_is_believed_by_the_recovery_key_only() -> None:
    """Not by the old key itself, which may be the thief's."""
    rotation = Rotation(lineage=LINEAGE, old=key(1).public.line, new=key(2).public.line, time=NOW)
    document = encode_word(rotation)

    def signed_by(number: int) -> bytes:
        signature = key(number).sign(document, statement_of(rotation)).text
        return encode_certificate(Certificate(document.decode(), signature))

    assert read_certificate(signed_by(9), key(9).public) == rotation
    with pytest.raises(KeyRefusedError):
        read_certificate(signed_by(1), key(9).public)
    with pytest.raises(KeyRefusedError):
        read_certificate(b"[]", key(9).public)


def test_the_rules_of_a_reader() -> None:
    """A lower sequence, another content under the same one, and a revoked key are refused."""
    place = (LINEAGE, "current")
    rules = Rules((key().public,), seen={place: Seen(5, SOME)})

    def believed(sequence: int) -> int:
        signed = key().sign(b"x", statement(sequence))
        return rules.believe(b"x", signed, Type.PUBLICATION).sequence

    assert [believed(5), believed(6)] == [5, 6]
    with pytest.raises(RolledBackError):
        believed(4)
    rules.refuse_other(statement(5), SOME)
    rules.refuse_other(statement(6), Digest.of(b"other"))
    with pytest.raises(RolledBackError, match=r"two under one number"):
        rules.refuse_other(statement(5), Digest.of(b"other"))
    revoked = Rules((key().public,), frozenset({key().key_id}))
    with pytest.raises(SignatureRefusedError, match=r"was revoked here"):
        revoked.believe(b"x", key().sign(b"x", statement()), Type.PUBLICATION)
    with pytest.raises(SignatureRefusedError, match=r"mpmirror key trust FILE --fingerprint"):
        Rules(()).believe(b"x", key().sign(b"x", statement()), Type.PUBLICATION)
