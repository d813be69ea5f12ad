"""The keyring of this node while a bundle is judged that brings words about keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.errors import BundleRefusedError, KeyRefusedError
from mirror.storage.threads import to_end
from mirror.transfer.keys.certificates import split_certificates
from mirror.transfer.keys.keyring import find_keyring, write_keyring
from mirror.transfer.keys.learning import learn

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files
    from mirror.transfer.keys.certificates import Certificate
    from mirror.transfer.keys.rules import Rules


class Followed:
    """Learns of the keys that are trusted in *folder* at the moment *now*.

    ``sentences`` says what was learned.  Nothing is written before `keep`.
    """

    def __init__(self, folder: Path, files: Files, now: str) -> None:
        self._folder = folder
        self._files = files
        self._now = now
        self._certificates: tuple[Certificate, ...] = ()
        self.sentences: tuple[str, ...] = ()

    async def rules(self, rules: Rules, text: bytes) -> Rules:
        """Return *rules* with what is trusted and revoked after the words in *text*."""
        try:
            self._certificates = split_certificates(text)
        except KeyRefusedError as error:
            raise BundleRefusedError(f"the bundle's words about keys: {error}") from error
        keyring = await to_end(find_keyring, self._folder)
        learned = await to_end(learn, keyring, self._certificates, self._now)
        self.sentences = learned.sentences
        return replace(
            rules, trusted=learned.keyring.trusted, revoked=frozenset(learned.keyring.revoked)
        )

    async def keep(self) -> None:
        """Write down what was learned, durably."""
        if self.sentences:
            await to_end(self._keep)

    def _keep(self) -> None:
        # Read anew: somebody may have trusted another key meanwhile.
        keyring = find_keyring(self._folder)
        learned = learn(keyring, self._certificates, self._now).keyring
        if learned != keyring:
            write_keyring(self._folder, learned, self._files)
