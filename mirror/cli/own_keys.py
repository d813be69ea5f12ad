"""The keys of this node, as a person looks after them: make, rotate, revoke."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mirror.cli.passphrases import new_passphrase, passphrase_from
from mirror.cli.terminal import complain, say
from mirror.config import Settings
from mirror.errors import ConfigurationError, KeyRefusedError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.node import find_node
from mirror.sync.publish import stamp
from mirror.transfer.keys import PublicKey
from mirror.transfer.keys.certificates import (
    Certificate,
    Revocation,
    Rotation,
    Word,
    encode_certificate,
    encode_word,
    statement_of,
    words_of,
)
from mirror.transfer.keys.node_keys import (
    EXPORT,
    EXPORT_PUBLIC,
    NODE,
    NODE_PUBLIC,
    PREVIOUS,
    RECOVERY,
    SECRET,
    find_certificates,
    find_public,
    find_secret,
    make_keys_folder,
    revocation_file,
    rotation_file,
    write_node_key,
)
from mirror.transfer.keys.paper import read_paper, spell
from mirror.transfer.keys.secret import SecretKey

WHICH: Final = ("node", "export")


def make_recovery_key(settings: Settings, path: Path | None = None) -> None:
    """Make the recovery key and print it once: on no disk, unless it shall be written to *path*."""
    files = Files(Disk())
    make_keys_folder(settings.keys_dir, files)
    if find_public(settings.keys_dir / RECOVERY) is not None:
        raise ConfigurationError("there is a recovery key already; it was printed when it was made")
    if path is not None and path.exists():
        raise ConfigurationError(f"{path} is there already: the recovery key goes to a new file")
    made = SecretKey.make(os.urandom)
    if path is not None:
        files.write(path.absolute(), f"{spell(made)}\n".encode(), mode=SECRET)
        say(f"The recovery key is in {path}: take it off this machine.")
    else:
        say("The recovery key, to be written on paper now; it is shown this once, and on no disk:")
        say(f"  {spell(made)}")
    # Last: whoever stops before this has seen no key that counts.
    files.write(settings.keys_dir / RECOVERY, made.public.text.encode())
    say(f"  fingerprint of its public half: {made.public.fingerprint}")


def has_recovery_key(settings: Settings) -> bool:
    """Whether one was made."""
    return find_public(settings.keys_dir / RECOVERY) is not None


def make_export_key(settings: Settings, passphrase_file: Path | None) -> None:
    """Make the key that a person signs bundles with."""
    files, path = Files(Disk()), settings.keys_dir / EXPORT
    make_keys_folder(settings.keys_dir, files)
    if path.exists():
        raise ConfigurationError(
            f"{path} is there already: `mpmirror key rotate export` has another one follow it"
        )
    made = SecretKey.make(os.urandom)
    _write_export_key(settings.keys_dir, made, new_passphrase(passphrase_file), files)
    say(f"export key {made.key_id} is made: {path}")
    say(f"for the far side, on paper: fingerprint {made.public.fingerprint}")
    say(f"and by any way: {settings.keys_dir / EXPORT_PUBLIC}")
    recovery = find_public(settings.keys_dir / RECOVERY)
    if recovery is not None:
        say(f"with it, for the day when it is lost: {settings.keys_dir / RECOVERY}")


def rotate(
    settings: Settings,
    which: str,
    paper: Path | None,
    passphrase_file: Path | None,
    *,
    revoke: bool,
) -> None:
    """Have a new key follow the present one of *which*; with *revoke* that counts no more."""
    if which not in WHICH:
        raise ConfigurationError("mpmirror key rotate [node|export]")
    owner = _owner(settings, paper)
    if which == "node":
        _rotate_node(settings, owner, revoke=revoke)
    else:
        _rotate_export(settings, owner, passphrase_file, revoke=revoke)
    say("bundles bring it to the far side: who trusts the old key with --recovery takes it by them")


def _rotate_node(settings: Settings, owner: SecretKey, *, revoke: bool) -> None:
    folder, files = settings.keys_dir, Files(Disk())
    old = find_secret(folder / NODE)
    if old is None:
        raise ConfigurationError("there is no node key to rotate: the first start makes it")
    new = SecretKey.make(os.urandom)
    path = _certify(settings, owner, _rotation(settings, old.public, new.public, revoke=revoke))
    if not revoke:
        # The old key first, under its new name: at every instant one of both files has it.
        files.write(folder / PREVIOUS, old.write(None, os.urandom), mode=SECRET)
    write_node_key(folder, new, files, os.urandom)
    both = "which counts no more" if revoke else f"; both sign until {PREVIOUS} is removed"
    say(f"node key {new.key_id} follows {old.key_id}{', ' if revoke else ''}{both}")
    say(f"for those who trust the old one: {path} (mpmirror key trust FILE)")
    say("clients follow by themselves, if they met this mirror since its recovery key was made")
    complain("A daemon that runs signs with the new key from its next start on.")


def _rotate_export(
    settings: Settings, owner: SecretKey, passphrase_file: Path | None, *, revoke: bool
) -> None:
    folder, files = settings.keys_dir, Files(Disk())
    old = find_public(folder / EXPORT_PUBLIC)
    if old is None:
        raise ConfigurationError("there is no export key to rotate: mpmirror key export")
    new = SecretKey.make(os.urandom)
    passphrase = new_passphrase(passphrase_file)
    path = _certify(settings, owner, _rotation(settings, old, new.public, revoke=revoke))
    retired = folder / f"export-{old.key_id}.key"
    if (folder / EXPORT).exists():
        files.move(folder / EXPORT, retired)
    _write_export_key(folder, new, passphrase, files)
    say(f"export key {new.key_id} follows {old.key_id}{', which counts no more' * revoke}")
    say(f"the old one lies in {retired}")
    say(f"for those who trust the old one: {path} (mpmirror key trust FILE)")


def _write_export_key(folder: Path, key: SecretKey, passphrase: str, files: Files) -> None:
    files.write(folder / EXPORT, key.write(passphrase, os.urandom), mode=SECRET)
    files.write(folder / EXPORT_PUBLIC, key.public.text.encode())


def _rotation(settings: Settings, old: PublicKey, new: PublicKey, *, revoke: bool) -> Rotation:
    return Rotation(
        lineage=_lineage(settings), old=old.line, new=new.line, time=_now(), revoked=revoke
    )


def find_own(settings: Settings, key_id: str) -> PublicKey | None:
    """Return the own key, present or past, with this id; None for anybody else's."""
    folder = settings.keys_dir
    found = [find_public(folder / name) for name in (NODE_PUBLIC, EXPORT_PUBLIC)]
    recovery = find_public(folder / RECOVERY)
    words = words_of(find_certificates(folder), recovery) if recovery else ()
    lines = [line for word in words if isinstance(word, Rotation) for line in (word.old, word.new)]
    keys = (*filter(None, found), *map(PublicKey.parse, lines))
    return next((key for key in keys if key.key_id == key_id), None)


def revoke_own(settings: Settings, key: PublicKey, paper: Path | None) -> None:
    """Certify that an own key counts no more, without another one that follows it."""
    folder, files = settings.keys_dir, Files(Disk())
    if key == find_public(folder / NODE_PUBLIC):
        raise ConfigurationError(
            "the node signs with this key: `mpmirror key rotate --revoke` has another one follow it"
        )
    word = Revocation(lineage=_lineage(settings), key=key.line, time=_now())
    path = _certify(settings, _owner(settings, paper), word)
    previous = find_secret(folder / PREVIOUS)
    if previous is not None and previous.public == key:
        files.remove(folder / PREVIOUS)
        complain("A daemon that runs signs with it until it is started anew.")
    say(f"key {key.key_id} of this node is revoked: {path}")
    say("bundles and publications bring it to who trusts the key with the recovery key")


def _owner(settings: Settings, paper: Path | None) -> SecretKey:
    """Return the recovery key, typed from paper or in a file; it is written nowhere."""
    known = find_public(settings.keys_dir / RECOVERY)
    if known is None:
        raise ConfigurationError("no recovery key was made: mpmirror key recovery")
    typed = read_paper(passphrase_from(paper, "Recovery key, from paper")())
    if typed.public != known:
        raise KeyRefusedError("that is another recovery key than was made here")
    return typed


def _certify(settings: Settings, owner: SecretKey, word: Word) -> Path:
    """Write what *owner* says; return where."""
    document = encode_word(word)
    signature = owner.sign(document, statement_of(word)).text
    path = (
        rotation_file(settings.keys_dir, PublicKey.parse(word.new))
        if isinstance(word, Rotation)
        else revocation_file(settings.keys_dir, PublicKey.parse(word.key).key_id)
    )
    Files(Disk()).write(path, encode_certificate(Certificate(document.decode(), signature)))
    return path


def _lineage(settings: Settings) -> str:
    node = find_node(settings.data_dir)
    if node is None:
        raise ConfigurationError("this node has no data yet: the first start makes them")
    return node.lineage


def _now() -> str:
    return stamp(datetime.now(UTC))
