"""`mpmirror key show|trust|revoke|export|recovery|rotate`: whose word counts, and what signs."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.own_keys import (
    find_own,
    make_export_key,
    make_recovery_key,
    revoke_own,
    rotate,
)
from mirror.cli.terminal import say, say_json
from mirror.config import Settings
from mirror.errors import ConfigurationError, KeyRefusedError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.sync.publish import stamp
from mirror.transfer.keys import PublicKey
from mirror.transfer.keys.certificates import decode_certificate, split_certificates
from mirror.transfer.keys.keyring import find_keyring, write_keyring
from mirror.transfer.keys.learning import learn
from mirror.transfer.keys.node_keys import (
    EXPORT_PUBLIC,
    NODE_PUBLIC,
    RECOVERY,
    find_public,
    make_keys_folder,
)
from mirror.transfer.receipts import Receipts

#: How a certificate begins, and a text of several.
_FILE, _TEXT = b"{\n", b'{"'
_OWN = (("node", NODE_PUBLIC), ("export", EXPORT_PUBLIC), ("recovery", RECOVERY))


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
        str | None,
        typer.Argument(help="A file, the id of a key, or node or export.", metavar="FILE|ID|WHICH"),
    ] = None,
    *,
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help="Typed from paper, never from the medium.")
    ] = None,
    recovery: Annotated[
        Path | None,
        typer.Option(
            "--recovery",
            help="The owner's recovery key (trust); a file with the letters from paper (rotate, "
            "revoke); a file to write them to (recovery).",
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
    revoke: Annotated[
        bool, typer.Option("--revoke", help="The old key counts no more (rotate).")
    ] = False,
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
            _revoke(settings, _named(what, "revoke ID").upper(), since, recovery)
        case Action.EXPORT:
            make_export_key(settings, passphrase_file)
        case Action.RECOVERY:
            make_recovery_key(settings, recovery)
        case Action.ROTATE:
            rotate(settings, what or "node", recovery, passphrase_file, revoke=revoke)


def _named(what: str | None, usage: str) -> str:
    if what is None:
        raise ConfigurationError(f"mpmirror key {usage}")
    return what


def _show(settings: Settings, *, as_json: bool) -> None:
    folder = settings.keys_dir
    own = {name: found for name, path in _OWN if (found := find_public(folder / path)) is not None}
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
    if data.lstrip().startswith((_FILE, _TEXT)):
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
    """Learn what the recovery key of a trusted key's owner says of it."""
    one = data.lstrip().startswith(_FILE)
    certificates = (decode_certificate(data),) if one else split_certificates(data)
    keyring = find_keyring(settings.keys_dir)
    learned = learn(keyring, certificates, stamp(datetime.now(UTC)))
    if learned.keyring == keyring:
        raise KeyRefusedError(
            "nothing new of a key that is trusted here, by the recovery key of its owner"
        )
    write_keyring(settings.keys_dir, learned.keyring, Files(Disk()))
    for sentence in learned.sentences:
        say(sentence)


def _revoke(settings: Settings, key_id: str, since: str | None, paper: Path | None) -> None:
    own = find_own(settings, key_id)
    if own is not None:
        revoke_own(settings, own, paper)
    keyring = find_keyring(settings.keys_dir)
    if key_id in keyring.revoked:
        say(f"key {key_id} was revoked {keyring.revoked[key_id]}, and stays so")
    elif own is None or key_id in keyring.keys:
        now = stamp(datetime.now(UTC))
        write_keyring(settings.keys_dir, keyring.forsaking(key_id, now), Files(Disk()))
        say(f"key {key_id} is revoked: nothing that it signs is taken any more, and none follows")
    receipts = asyncio.run(Receipts(settings.data_dir, Files(Disk())).all())
    came = [one for one in receipts if one.key == key_id and one.time >= (since or "")]
    for one in came:
        say(f"came in under it at {one.time}: publication {one.sequence} of {one.lineage}")
        for file in one.files:
            if file.new:
                say(f"  sha256:{file.sha256}  {file.name}")
    if not came:
        say("nothing came in under it")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()[: 1 << 20]
    except OSError as error:
        raise ConfigurationError(f"{path} can not be read: {error.strerror or error}") from error
