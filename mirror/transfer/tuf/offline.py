"""What is done where the offline keys are: begin, renew, and have other keys follow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError, KeyRefusedError
from mirror.frozen import dataclass
from mirror.transfer.keys.node_keys import SECRET
from mirror.transfer.keys.secret import SecretKey
from mirror.transfer.tuf.roles import Keys, keys_of, make_root, make_targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from mirror.storage.files import Files
    from mirror.storage.tuf_folder import TufFolder

ROOT_KEY: Final = "tuf-root.key"
TARGETS_KEY: Final = "tuf-targets.key"
ONLINE_KEY: Final = "tuf-online.key"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The three keys."""

    root: SecretKey
    targets: SecretKey
    online: SecretKey

    @property
    def public(self) -> Keys:
        """Their public halves."""
        return Keys(self.root.public, self.targets.public, self.online.public)


def begin(folder: TufFolder, secrets: Secrets, now: datetime) -> bytes:
    """Write the first root and targets, and return the root, which clients are given by hand.

    Raises `ConfigurationError` when there is one already.
    """
    if folder.newest("root"):
        raise ConfigurationError("there is a TUF root already: mpmirror tuf renew")
    root = make_root(1, secrets.public, [secrets.root], now)
    targets = make_targets(1, secrets.online.public, secrets.targets, now)
    folder.write({"1.root.json": root, "1.targets.json": targets})
    return root


def renew(folder: TufFolder, before: Secrets, after: Secrets, now: datetime) -> int:
    """Write the next root and targets, for another year; return the version of the root.

    Root is signed by the root keys *before* and *after*, so that clients follow.  Raises
    `KeyRefusedError` when the root key before is not the one that the last root names.
    """
    version = folder.newest("root")
    last = keys_of(folder.read(f"{version}.root.json"))
    if last["root"] != before.root.public.point.hex():
        raise KeyRefusedError("that is another root key than the last root names")
    signers = [before.root] if before.root == after.root else [before.root, after.root]
    targets = folder.newest("targets") + 1
    folder.write(
        {
            f"{version + 1}.root.json": make_root(version + 1, after.public, signers, now),
            f"{targets}.targets.json": make_targets(
                targets, after.online.public, after.targets, now
            ),
        }
    )
    return version + 1


def with_new(secrets: Secrets, which: str, make: Callable[[], SecretKey]) -> Secrets:
    """Return *secrets* with another key for *which*: root, targets or online."""
    if which not in {"root", "targets", "online"}:
        raise ConfigurationError("--rotate takes root, targets or online")
    return replace(secrets, **{which: make()})


def write_secrets(
    secrets: Secrets,
    places: tuple[Path, Path],
    passphrase: str,
    files: Files,
    random: Callable[[int], bytes],
) -> None:
    """Write the offline keys below the first of *places*, under *passphrase*; online: the second.

    The online key signs by itself, so it has no passphrase.
    """
    offline, keys = places
    for path, secret, words in (
        (offline / ROOT_KEY, secrets.root, passphrase),
        (offline / TARGETS_KEY, secrets.targets, passphrase),
        (keys / ONLINE_KEY, secrets.online, None),
    ):
        files.write(path, secret.write(words, random), mode=SECRET)
