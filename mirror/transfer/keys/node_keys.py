"""The keys of this node, outside of its data: made at the first start, used to sign.

``node.key`` signs publications; ``previous.key`` signs beside it while readers learn of a
rotation.  ``recovery.pub`` is the public half of a key that is on paper only: what it signs
outranks both.  The folder is for its owner alone (0700), and so is each secret (0600).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirror.errors import KeyRefusedError
from mirror.publication.keys import KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH
from mirror.storage.disk import reported
from mirror.transfer.keys.certificates import Certificate, decode_certificate, encode_rotations
from mirror.transfer.keys.minisign import PublicKey
from mirror.transfer.keys.secret import SecretKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mirror.publication.statements import Statement
    from mirror.storage.files import Files

SECRET: Final = 0o600
_FOLDER: Final = 0o700
_OTHERS: Final = 0o077
_FILE_BYTES: Final = 16_384
_ROTATION_BYTES: Final = 65_536
NODE: Final = "node.key"
PREVIOUS: Final = "previous.key"
RECOVERY: Final = "recovery.pub"
EXPORT: Final = "export.key"


@dataclass(frozen=True, slots=True)
class NodeSigner:
    """Signs with the present key of a node, and with the previous one while there is one.

    *recovery* and *rotations* are shown to clients, who follow the keys by them.
    """

    keys: tuple[SecretKey, ...]
    recovery: PublicKey | None = None
    rotations: tuple[Certificate, ...] = ()

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
        if self.rotations:
            papers[ROTATIONS_PATH] = encode_rotations(self.rotations)
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
        rotations=tuple(_find_rotations(folder)),
    )


def rotation_file(folder: Path, key: PublicKey) -> Path:
    """Return where the certificate lies that *key* followed another one."""
    return folder / f"rotation-{key.key_id}.json"


def _find_rotations(folder: Path) -> Iterator[Certificate]:
    with reported("reading", folder):
        for path in sorted(folder.glob("rotation-*.json")):
            with path.open("rb") as file:
                yield decode_certificate(file.read(_ROTATION_BYTES))


def write_node_key(
    folder: Path, key: SecretKey, files: Files, random: Callable[[int], bytes]
) -> None:
    """Make *key* the present one, durably; the caller has put away the one before."""
    # The secret first: a public half alone is of no use, and is written again at each start.
    files.write(folder / NODE, key.write(None, random), mode=SECRET)
    files.write(folder / "node.pub", key.public.text.encode())


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
