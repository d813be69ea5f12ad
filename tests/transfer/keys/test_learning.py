"""What a recovery key says of keys counts for its owner's keys only, in any order."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from mirror.errors import KeyRefusedError
from mirror.transfer.keys.certificates import (
    Certificate,
    Revocation,
    Rotation,
    encode_certificates,
    encode_word,
    split_certificates,
    statement_of,
)
from mirror.transfer.keys.keyring import Keyring
from mirror.transfer.keys.learning import learn
from tests.transfer.keys.samples import LINEAGE, key

if TYPE_CHECKING:
    from mirror.transfer.keys.certificates import Word

NOW = "2026-04-07T06:00:00Z"
OWNER, THIEF = 8, 9


def signed(word: Word, by: int = OWNER) -> Certificate:
    """Return *word* by a key."""
    document = encode_word(word)
    return Certificate(document.decode(), key(by).sign(document, statement_of(word)).text)


def follows(old: int, new: int, *, revoked: bool = False, by: int = OWNER) -> Certificate:
    """Say that key *new* follows key *old*."""
    rotation = Rotation(
        lineage=LINEAGE,
        old=key(old).public.line,
        new=key(new).public.line,
        time=NOW,
        revoked=revoked,
    )
    return signed(rotation, by)


def ends(which: int, by: int = OWNER) -> Certificate:
    """Say that a key counts no more."""
    return signed(Revocation(lineage=LINEAGE, key=key(which).public.line, time=NOW), by)


def trusting(*numbers: int, owner: int | None = OWNER) -> Keyring:
    """Return a keyring with these keys of one owner."""
    keyring = Keyring({}, {})
    for number in numbers:
        recovery = None if owner is None else key(owner).public
        keyring = keyring.trusting(key(number).public, NOW, recovery)
    return keyring


@pytest.mark.parametrize(
    "order", list(permutations([follows(1, 2, revoked=True), follows(2, 3), ends(2)]))
)
def test_all_words_count_in_any_order(order: tuple[Certificate, ...]) -> None:
    """The third key counts in the end, and alone."""
    learned = learn(trusting(1), order, NOW)

    assert learned.keyring.trusted == (key(3).public,)
    assert {new for new, _ in learned.followed} == {key(2).key_id, key(3).key_id}
    assert set(learned.revoked) == {key(1).key_id, key(2).key_id}
    assert learn(learned.keyring, order, NOW).sentences == ()


@pytest.mark.parametrize(
    "word", [follows(1, 2, by=THIEF), ends(1, by=THIEF), follows(1, 2, by=1), follows(5, 6)]
)
def test_other_words_change_nothing(word: Certificate) -> None:
    """Of a thief, of the key itself, of a key that nobody trusts here."""
    assert learn(trusting(1), [word], NOW).keyring == trusting(1)


def test_an_owner_speaks_for_his_own_keys_only() -> None:
    """Both are trusted here, and one says that the other's key is his."""
    keyring = trusting(1).trusting(key(4).public, NOW, key(THIEF).public)
    words = [ends(1, by=THIEF), follows(1, 5, by=THIEF), ends(4)]

    assert learn(keyring, words, NOW).keyring == keyring


def test_without_a_recovery_key_nobody_is_followed() -> None:
    """Nor once a person here revoked the key himself."""
    alone, forsaken = trusting(1, owner=None), trusting(1).forsaking(key(1).key_id, NOW)

    assert learn(alone, [follows(1, 2)], NOW).keyring == alone
    assert learn(forsaken, [follows(1, 2)], NOW).keyring == forsaken
    assert forsaken.trusted == ()


def test_words_are_cut_as_they_were_joined() -> None:
    """And nothing else is cut."""
    words = (follows(1, 2), ends(2), follows(3, 4, by=THIEF))

    assert split_certificates(encode_certificates(words).encode()) == words
    for text in (b"x", b"\xff\n" * 5, b"\n" * 5 * 33, b"x" * 70_000):
        with pytest.raises(KeyRefusedError):
            split_certificates(text)
