"""Learn of an owner's keys by the word of his recovery key, which was trusted before.

A key that follows a trusted one is trusted, and one that was revoked is not.  Whom nobody trusts
here changes nothing, and no key speaks for the keys of another owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import KeyRefusedError
from mirror.frozen import dataclass
from mirror.transfer.keys.certificates import Revocation, Rotation, words_of
from mirror.transfer.keys.keyring import Keyring
from mirror.transfer.keys.minisign import PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.transfer.keys.certificates import Certificate, Word


@dataclass(frozen=True, slots=True)
class Learned:
    """A keyring afterwards; the keys that follow others, new and old; and those that were revoked.

    Keys are named by their ids.
    """

    keyring: Keyring
    followed: tuple[tuple[str, str], ...]
    revoked: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a person is told."""
        follows = [
            f"key {new} follows key {old}, by the word of its owner's recovery key: it is trusted"
            for new, old in self.followed
        ]
        ended = [
            f"key {key} was revoked by its owner: nothing that it signs is taken any more; what "
            f"came in under it: mpmirror key revoke {key}"
            for key in self.revoked
        ]
        return (*follows, *ended)


def learn(keyring: Keyring, certificates: Iterable[Certificate], now: str) -> Learned:
    """Return what *keyring* becomes by *certificates*, of which nothing is believed yet."""
    told, after = tuple(certificates), keyring
    followed: dict[str, str] = {}
    for line in {one.recovery for one in keyring.keys.values() if one.recovery}:
        owner = PublicKey.parse(line)
        words = words_of(told, owner)
        # Once for each, since the clock that dated them may have been wrong.
        for _ in words:
            for word in words:
                before, after = after, _with(after, word, owner, now)
                if isinstance(word, Rotation):
                    old = PublicKey.parse(word.old).key_id
                    followed |= dict.fromkeys(after.keys.keys() - before.keys.keys(), old)
    revoked = tuple(key for key in after.revoked if key not in keyring.revoked)
    return Learned(after, tuple(followed.items()), revoked)


def _with(keyring: Keyring, word: Word, owner: PublicKey, now: str) -> Keyring:
    old = PublicKey.parse(word.key if isinstance(word, Revocation) else word.old)
    known = keyring.keys.get(old.key_id)
    if known is None or known.key != old or known.recovery != owner.line:
        return keyring
    if isinstance(word, Revocation):
        return keyring.revoking(old.key_id, now)
    return _with_follower(keyring, word, owner, now)


def _with_follower(keyring: Keyring, word: Rotation, owner: PublicKey, now: str) -> Keyring:
    old, new = PublicKey.parse(word.old), PublicKey.parse(word.new)
    if new.key_id not in keyring.keys and new.key_id not in keyring.revoked:
        try:
            keyring = keyring.trusting(new, now, owner)
        except KeyRefusedError:
            return keyring
    return keyring.revoking(old.key_id, now) if word.revoked else keyring
