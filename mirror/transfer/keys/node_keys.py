"""The keys of this node, outside of its data: made at the first start, used to sign.

``node.key`` signs publications; ``previous.key`` signs beside it while readers learn of a
rotation.  ``recovery.pub`` is the public half of a key that is on paper only: what it signs
outranks both, and lies beside them as ``rotation-ID.json`` and ``revocation-ID.json``.  The folder
is for its owner alone (0700), and so is each secret (0600).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import KeyRefusedError
from mirror.frozen import dataclass
from mirror.publication.keys import KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH
from mirror.storage.disk import reported
from mirror.transfer.keys.certificates import (
    MOST_BYTES,
    Certificate,
    decode_certificate,
    encode_certificates,
    revoked_lines,
    words_of,
)
from mirror.transfer.keys.minisign import PublicKey
from mirror.transfer.keys.secret import SecretKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirror.publication.statements import Statement
    from mirror.storage.files import Files

SECRET: Final = 0o600
_FOLDER: Final = 0o700
_OTHERS: Final = 0o077
_FILE_BYTES: Final = 16_384
NODE: Final = "node.key"
PREVIOUS: Final = "previous.key"
RECOVERY: Final = "recovery.pub"
EXPORT: Final = "export.key"
NODE_PUBLIC: Final = "node.pub"
EXPORT_PUBLIC: Final = "export.pub"


@dataclass(frozen=True, slots=True)
class NodeSigner:
    """Signs with the present key of a node, and with the previous one while there is one.

    *recovery* and *certificates*, its words, are shown to clients, who follow the keys by them.
    """

    keys: tuple[SecretKey, ...]
    recovery: PublicKey | None = None
    certificates: tuple[Certificate, ...] = ()

    @property
    def key_id(self) -> str:
        """The id of the present key."""
        return self.keys[0].key_id

    @property
    def public_key(self) -> str:
        """The public half of the present key, as minisign writes it."""
        return self.keys[0].public.text

    @property
    def papers(self) -> dict[str, str]:
        """What clients are told of the keys, by the path that it is served at."""
        papers = {KEY_PATH: self.public_key}
        if self.recovery is not None:
            papers[RECOVERY_PATH] = self.recovery.text
        if self.certificates:
            papers[ROTATIONS_PATH] = encode_certificates(self.certificates)
        return papers

    def sign(self, data: bytes, statement: Statement) -> dict[str, str]:
        """Return a ``.minisig`` file for each key, by its id, the present one first."""
        return {key.key_id: key.sign(data, statement).text for key in self.keys}


def make_keys_folder(folder: Path, files: Files) -> None:
    """Make *folder* for its owner alone, if it is missing; this blocks."""
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    files.make_folders(reversed(missing))
    with reported("looking at", folder):
        if missing:
            folder.chmod(_FOLDER)


def find_or_make_signer(folder: Path, files: Files, random: Callable[[int], bytes]) -> NodeSigner:
    """Return who signs with the keys in *folder*; the first is made now; this blocks.

    Raises `KeyRefusedError` for a file that is no key or that others may read, and
    `StorageError` when the disk refuses.
    """
    make_keys_folder(folder, files)
    key = find_secret(folder / NODE)
    if key is None:
        key = SecretKey.make(random)
        write_node_key(folder, key, files, random)
    previous = find_secret(folder / PREVIOUS)
    return NodeSigner(
        keys=(key,) if previous is None else (key, previous),
        recovery=find_public(folder / RECOVERY),
        certificates=find_certificates(folder),
    )


def rotation_file(folder: Path, key: PublicKey) -> Path:
    """Return where the certificate lies that *key* followed another one."""
    return folder / f"rotation-{key.key_id}.json"


def revocation_file(folder: Path, key_id: str) -> Path:
    """Return where the certificate lies that the key *key_id* counts no more."""
    return folder / f"revocation-{key_id}.json"


def find_certificates(folder: Path) -> tuple[Certificate, ...]:
    """Read what the recovery key said of the keys in *folder*; this blocks."""
    found = []
    with reported("reading", folder):
        for path in sorted((*folder.glob("rotation-*.json"), *folder.glob("revocation-*.json"))):
            with path.open("rb") as file:
                found.append(decode_certificate(file.read(MOST_BYTES)))
    return tuple(found)


def revoked_own(folder: Path) -> frozenset[str]:
    """Return the own keys, as lines, that their recovery key revoked; this blocks."""
    recovery = find_public(folder / RECOVERY)
    return revoked_lines(words_of(find_certificates(folder), recovery)) if recovery else frozenset()


def write_node_key(
    folder: Path, key: SecretKey, files: Files, random: Callable[[int], bytes]
) -> None:
    """Make *key* the present one, durably; the caller has put away the one before."""
    # The secret first: a public half alone is of no use, and is written again at each start.
    files.write(folder / NODE, key.write(None, random), mode=SECRET)
    files.write(folder / NODE_PUBLIC, key.public.text.encode())


def find_secret(path: Path) -> SecretKey | None:
    """Read an unencrypted secret key; None without the file; this blocks."""
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                mode, text = path.stat().st_mode, file.read(_FILE_BYTES)
        except FileNotFoundError:
            return None
    if mode & _OTHERS:
        raise KeyRefusedError(f"{path} can be read by others: chmod 600 it, or make another key")
    try:
        return SecretKey.parse(text)
    except KeyRefusedError as error:
        raise KeyRefusedError(f"{path}: {error}") from error


def read_secret(path: Path, passphrase: Callable[[], str]) -> SecretKey:
    """Read a secret key that may have a passphrase; raise `KeyRefusedError`; this blocks."""
    with reported("reading", path), path.open("rb") as file:
        mode, text = path.stat().st_mode, file.read(_FILE_BYTES)
    if mode & _OTHERS:
        raise KeyRefusedError(f"{path} can be read by others: chmod 600 it, or make another key")
    try:
        return SecretKey.parse(text, passphrase)
    except KeyRefusedError as error:
        raise KeyRefusedError(f"{path}: {error}") from error


def find_public(path: Path) -> PublicKey | None:
    """Read a public key; None without the file; this blocks."""
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                return PublicKey.parse(file.read(_FILE_BYTES))
        except FileNotFoundError:
            return None
