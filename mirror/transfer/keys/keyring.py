"""Whom this node believes: the public keys that a person trusted here, and those revoked.

``trusted.json`` stands with the node's own keys, outside of the data: a backup of the data gives
nobody the power to say who is trusted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from mirror.errors import DamagedError, KeyRefusedError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes
from mirror.transfer.keys.minisign import PublicKey

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

KEYRING: Final = "trusted.json"
_FILE_BYTES: Final = 1 << 20

_KeyId = Annotated[str, Field(pattern=r"^[0-9A-F]{16}\z")]


@dataclass(frozen=True, slots=True)
class Trusted:
    """A key that is trusted since a time; *recovery* is the line of its owner's recovery key."""

    line: str
    since: str
    recovery: str | None = None

    @property
    def key(self) -> PublicKey:
        """The key itself."""
        return PublicKey.parse(self.line)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that are trusted, by id, and when which were revoked."""

    keys: dict[_KeyId, Trusted]
    revoked: dict[_KeyId, str]

    @property
    def trusted(self) -> tuple[PublicKey, ...]:
        """The keys that are believed now."""
        return tuple(one.key for key_id, one in self.keys.items() if key_id not in self.revoked)

    def trusting(self, key: PublicKey, since: str, recovery: PublicKey | None) -> Keyring:
        """Return this with *key*; raise `KeyRefusedError` for a revoked one, or another's id."""
        if key.key_id in self.revoked:
            raise KeyRefusedError(f"key {key.key_id} was revoked here, and stays so")
        known = self.keys.get(key.key_id)
        if known is not None and known.key != key:
            raise KeyRefusedError(f"another key with the id {key.key_id} is trusted already")
        line = recovery.line if recovery else known.recovery if known else None
        one = Trusted(key.line, known.since if known else since, line)
        return replace(self, keys={**self.keys, key.key_id: one})

    def revoking(self, key_id: str, when: str) -> Keyring:
        """Return this without belief in *key_id*; raise `KeyRefusedError` for an unknown one."""
        if key_id not in self.keys:
            raise KeyRefusedError(f"no key {key_id[:40]} is trusted here: mpmirror key show")
        return replace(self, revoked={key_id: when, **self.revoked})

    def forsaking(self, key_id: str, when: str) -> Keyring:
        """Return this without belief in *key_id* and in who its owner says follows it."""
        after = self.revoking(key_id, when)
        alone = replace(after.keys[key_id], recovery=None)
        return replace(after, keys={**after.keys, key_id: alone})


_KEYRINGS = Shape(Keyring)


def find_keyring(folder: Path) -> Keyring:
    """Read the keyring in *folder*, an empty one without a file; this blocks.

    Raises `DamagedError` for a file that is none: nobody is believed then.
    """
    path = folder / KEYRING
    text = find_bytes(path, _FILE_BYTES)
    if text is None:
        return Keyring({}, {})
    try:
        keyring = _KEYRINGS.validate_json(text)
        ids = {key_id: one.key.key_id for key_id, one in keyring.keys.items()}
    except (ValidationError, KeyRefusedError) as error:
        raise DamagedError(f"{path} does not say which keys are trusted") from error
    if any(key_id != found for key_id, found in ids.items()):
        raise DamagedError(f"{path} does not say which keys are trusted")
    return keyring


def write_keyring(folder: Path, keyring: Keyring, files: Files) -> None:
    """Keep *keyring*, durably; this blocks."""
    files.write(folder / KEYRING, _KEYRINGS.dump_json(keyring, indent=1) + b"\n", mode=0o600)
