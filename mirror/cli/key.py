"""`mpmirror key show|trust|revoke|export|recovery|rotate`: whose word counts, and what signs."""

import asyncio
import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.passphrases import new_passphrase, passphrase_from
from mirror.cli.terminal import complain, say, say_json
from mirror.config import Settings
from mirror.errors import ConfigurationError, KeyRefusedError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.node import find_node
from mirror.sync.publish import stamp
from mirror.transfer.keys import PublicKey
from mirror.transfer.keys.certificates import (
    Certificate,
    Rotation,
    encode_certificate,
    encode_rotation,
    read_certificate,
    statement_of,
)
from mirror.transfer.keys.keyring import find_keyring, write_keyring
from mirror.transfer.keys.node_keys import (
    EXPORT,
    NODE,
    PREVIOUS,
    RECOVERY,
    SECRET,
    find_public,
    find_secret,
    make_keys_folder,
    rotation_file,
    write_node_key,
)
from mirror.transfer.keys.paper import read_paper, spell
from mirror.transfer.keys.secret import SecretKey
from mirror.transfer.receipts import Receipts


class Action(StrEnum):
    """What can be done with keys."""

    SHOW = "show"
    TRUST = "trust"
    REVOKE = "revoke"
    EXPORT = "export"
    RECOVERY = "recovery"
    ROTATE = "rotate"


def key(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    action: Annotated[
        Action,
        typer.Argument(metavar="show|trust|revoke|export|recovery|rotate", show_default=False),
    ],
    what: Annotated[
        str | None, typer.Argument(help="A file, or the id of a key.", metavar="FILE|ID")
    ] = None,
    *,
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help="Typed from paper, never from the medium.")
    ] = None,
    recovery: Annotated[
        Path | None,
        typer.Option(
            "--recovery",
            help="The owner's recovery key (trust), or a file with the "
            "letters from paper (rotate).",
            metavar="FILE",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="List what came in under the key since.", metavar="DATE"),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="The passphrase, in a file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say whose signatures count here, and look after the keys that sign."""
    settings = invocation_of(context).settings()
    match action:
        case Action.SHOW:
            _show(settings, as_json=as_json)
        case Action.TRUST:
            _trust(settings, _named(what, "trust FILE"), fingerprint, recovery)
        case Action.REVOKE:
            _revoke(settings, _named(what, "revoke ID"), since)
        case Action.EXPORT:
            _make_export_key(settings, passphrase_file)
        case Action.RECOVERY:
            make_recovery_key(settings)
        case Action.ROTATE:
            _rotate(settings, recovery)


def make_recovery_key(settings: Settings) -> None:
    """Make the recovery key and print it once: it is on no disk afterwards."""
    files = Files(Disk())
    make_keys_folder(settings.keys_dir, files)
    if find_public(settings.keys_dir / RECOVERY) is not None:
        raise ConfigurationError("there is a recovery key already; it was printed when it was made")
    made = SecretKey.make(os.urandom)
    files.write(settings.keys_dir / RECOVERY, made.public.text.encode())
    say("The recovery key, to be written on paper now; it is shown this once, and on no disk:")
    say(f"  {spell(made)}")
    say(f"  fingerprint of its public half: {made.public.fingerprint}")


def _named(what: str | None, usage: str) -> str:
    if what is None:
        raise ConfigurationError(f"mpmirror key {usage}")
    return what


def _show(settings: Settings, *, as_json: bool) -> None:
    folder = settings.keys_dir
    own = {
        name: found
        for name, path in (("node", "node.pub"), ("export", "export.pub"), ("recovery", RECOVERY))
        if (found := find_public(folder / path)) is not None
    }
    keyring = find_keyring(folder)
    if as_json:
        trusted = {one: _facts(trust.key) for one, trust in keyring.keys.items()}
        say_json(
            {
                **{name: _facts(found) for name, found in own.items()},
                "trusted": trusted,
                "revoked": keyring.revoked,
            }
        )
        return
    for name, found in own.items():
        say(f"{name} key {found.key_id}: {found.line}")
        say(f"  fingerprint {found.fingerprint}")
    if not own:
        say("no key was made yet: the first start makes the node's")
    for key_id, trust in keyring.keys.items():
        ended = f", revoked {keyring.revoked[key_id]}" if key_id in keyring.revoked else ""
        say(f"trusted key {key_id} since {trust.since}{ended}: {trust.key.fingerprint}")


def _facts(found: PublicKey) -> dict[str, str]:
    return {"id": found.key_id, "line": found.line, "fingerprint": found.fingerprint}


def _trust(settings: Settings, what: str, fingerprint: str | None, recovery: Path | None) -> None:
    data = _read(Path(what))
    if data.lstrip().startswith(b"{"):
        _follow(settings, data)
        return
    found = PublicKey.parse(data)
    if fingerprint is None:
        raise KeyRefusedError(
            "a key is trusted by its fingerprint, typed from paper: --fingerprint '…' (its owner "
            "sees it with `mpmirror key show`)"
        )
    if not found.has_fingerprint(fingerprint):
        raise KeyRefusedError(f"{what}: its fingerprint is another one than was typed")
    owner = PublicKey.parse(_read(recovery)) if recovery else None
    files = Files(Disk())
    make_keys_folder(settings.keys_dir, files)
    keyring = find_keyring(settings.keys_dir).trusting(found, stamp(datetime.now(UTC)), owner)
    write_keyring(settings.keys_dir, keyring, files)
    say(f"key {found.key_id} is trusted: what it signs can be imported here")


def _follow(settings: Settings, data: bytes) -> None:
    """Trust the key that follows a trusted one, as their owner's recovery key says."""
    keyring = find_keyring(settings.keys_dir)
    for key_id, trust in keyring.keys.items():
        if trust.recovery is None:
            continue
        owner = PublicKey.parse(trust.recovery)
        try:
            rotation = read_certificate(data, owner)
        except KeyRefusedError:
            continue
        if PublicKey.parse(rotation.old).key_id != key_id:
            continue
        now = stamp(datetime.now(UTC))
        new = PublicKey.parse(rotation.new)
        after = keyring.trusting(new, now, owner)
        if rotation.revoked:
            after = after.revoking(key_id, now)
        write_keyring(settings.keys_dir, after, Files(Disk()))
        say(f"key {new.key_id} follows key {key_id}, and is trusted")
        return
    raise KeyRefusedError("no key that is trusted here is followed by this, by its recovery key")


def _revoke(settings: Settings, key_id: str, since: str | None) -> None:
    now = stamp(datetime.now(UTC))
    keyring = find_keyring(settings.keys_dir).revoking(key_id.upper(), now)
    write_keyring(settings.keys_dir, keyring, Files(Disk()))
    say(f"key {key_id.upper()} is revoked: nothing that it signs is taken any more")
    receipts = asyncio.run(Receipts(settings.data_dir, Files(Disk())).all())
    came = [one for one in receipts if one.key == key_id.upper() and one.time >= (since or "")]
    for one in came:
        say(f"came in under it at {one.time}: publication {one.sequence} of {one.lineage}")
        for file in one.files:
            if file.new:
                say(f"  sha256:{file.sha256}  {file.name}")
    if not came:
        say("nothing came in under it")


def _make_export_key(settings: Settings, passphrase_file: Path | None) -> None:
    files, path = Files(Disk()), settings.keys_dir / EXPORT
    make_keys_folder(settings.keys_dir, files)
    if path.exists():
        raise ConfigurationError(f"{path} is there already: move it away first")
    made = SecretKey.make(os.urandom)
    passphrase = new_passphrase(passphrase_file)
    files.write(path, made.write(passphrase, os.urandom), mode=SECRET)
    files.write(settings.keys_dir / "export.pub", made.public.text.encode())
    say(f"export key {made.key_id} is made: {path}")
    say(f"for the far side, on paper: fingerprint {made.public.fingerprint}")
    say(f"and by any way: {settings.keys_dir / 'export.pub'}")


def _rotate(settings: Settings, recovery: Path | None) -> None:
    folder, files = settings.keys_dir, Files(Disk())
    known, old = find_public(folder / RECOVERY), find_secret(folder / NODE)
    node = find_node(settings.data_dir)
    if old is None or node is None:
        raise ConfigurationError("there is no node key to rotate: the first start makes it")
    if known is None:
        raise ConfigurationError("no recovery key was made: mpmirror key recovery")
    typed = read_paper(passphrase_from(recovery, "Recovery key, from paper")())
    if typed.public != known:
        raise KeyRefusedError("that is another recovery key than was made here")
    new = SecretKey.make(os.urandom)
    rotation = Rotation(
        lineage=node.lineage,
        old=old.public.line,
        new=new.public.line,
        time=stamp(datetime.now(UTC)),
    )
    document = encode_rotation(rotation)
    signature = typed.sign(document, statement_of(rotation)).text
    certificate = encode_certificate(Certificate(document.decode(), signature))
    path = rotation_file(folder, new.public)
    files.write(path, certificate)
    # The old key first, under its new name: at every instant one of both files has it.
    files.write(folder / PREVIOUS, old.write(None, os.urandom), mode=SECRET)
    write_node_key(folder, new, files, os.urandom)
    say(f"node key {new.key_id} follows {old.key_id}; both sign until {PREVIOUS} is removed")
    say(f"for those who trust the old one: {path} (mpmirror key trust FILE)")
    say("clients follow by themselves, if they met this mirror since its recovery key was made")
    complain("A daemon that runs signs with the new key from its next start on.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()[: 1 << 20]
    except OSError as error:
        raise ConfigurationError(f"{path} can not be read: {error.strerror or error}") from error
