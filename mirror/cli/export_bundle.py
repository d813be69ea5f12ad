"""`mpmirror export FILE`: write a signed bundle, whole or only what the far side lacks."""

import asyncio
from pathlib import Path

from mirror.catalog.values import Digest
from mirror.channels.content import find_source
from mirror.channels.orders import Source
from mirror.cli.passphrases import passphrase_from
from mirror.cli.terminal import Steps, complain, say, say_json
from mirror.config import Settings
from mirror.config.units import parse_size
from mirror.daemon.tracing import tracing_command
from mirror.errors import ConfigurationError
from mirror.frozen import dataclass
from mirror.publication.freshness import decode_freshness
from mirror.publication.statements import Statement
from mirror.spans import span
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.freshness import find_freshness
from mirror.storage.store import StoreReader
from mirror.storage.threads import to_end
from mirror.transfer.bundles.exporting import Export, Request, holds_nothing, plan_export
from mirror.transfer.bundles.software import find_software, wheelhouses
from mirror.transfer.bundles.writing import Written, write_bundle
from mirror.transfer.have import Have, parse_have
from mirror.transfer.keys.certificates import encode_certificates
from mirror.transfer.keys.keyring import find_keyring
from mirror.transfer.keys.node_keys import (
    EXPORT,
    NODE,
    find_certificates,
    read_secret,
    revoked_own,
)
from mirror.transfer.keys.secret import SecretKey
from mirror.transfer.returned import check_returned
from mirror.transfer.stick.building import NAME as SERVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is typed: where to write, what the far side holds, of what, who signs; and what else."""

    path: Path
    since: int | None
    have: str | None
    channel: str
    boards: tuple[str, ...]
    split: str | None
    key: Path | None
    passphrase_file: Path | None
    server: bool = False
    software: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Signer:
    key: SecretKey

    def sign(self, data: bytes, statement: Statement) -> str:
        return self.key.sign(data, statement).text


def export_bundle(settings: Settings, wish: Wish, *, as_json: bool) -> None:
    """Write the bundle, and say what is in it."""
    if wish.since is not None and wish.have is not None:
        raise ConfigurationError("--since and --have both say what the far side holds: give one")
    if wish.server and (wish.since is not None or wish.have is not None):
        raise ConfigurationError(
            "--with-server is for a whole bundle: leave out --since and --have"
        )
    split = parse_size(wish.split) if wish.split else None
    key = _key(settings, wish)
    export, written = asyncio.run(_traced(settings, wish, key, split))
    if as_json:
        say_json(_document(export, written, key))
    else:
        _tell(export, written, key)


def _key(settings: Settings, wish: Wish) -> SecretKey:
    path = wish.key or settings.keys_dir / EXPORT
    if wish.key is None and not path.exists():
        path = settings.keys_dir / NODE
        complain(
            "No export key was made (`mpmirror key export`): the node's own key signs, which the "
            "far side must trust for that."
        )
    key = read_secret(path, passphrase_from(wish.passphrase_file, f"Passphrase of {path}"))
    if key.public.line in revoked_own(settings.keys_dir):
        raise ConfigurationError(
            f"key {key.key_id} was revoked: mpmirror key export, or --key with another one"
        )
    return key


async def _traced(
    settings: Settings, wish: Wish, key: SecretKey, split: int | None
) -> tuple[Export, Written]:
    async with tracing_command(settings):
        with span("export", channel=wish.channel) as note:
            export, written = await _export(settings, wish, key, split)
            note("bytes", written.size)
        return export, written


async def _export(
    settings: Settings, wish: Wish, key: SecretKey, split: int | None
) -> tuple[Export, Written]:
    store = await StoreReader.open_for_reading(settings.data_dir)
    have = await _have(settings, store, wish)
    base = have.content if have else await _content_of(store, wish)
    if have is not None and have.prefixes:
        base = None  # the compact set says what of that content is held
    page = await to_end(find_freshness, settings.data_dir)
    request = Request(
        channel=wish.channel,
        boards=wish.boards,
        base=base,
        held=have.holds if have else holds_nothing,
        marked=(have.ledger,) if have else (),
        checked=decode_freshness(page.page.encode()).checked if page else None,
        certificates=encode_certificates(await to_end(find_certificates, settings.keys_dir)),
        software=await to_end(find_software, wish.software),
        server=wish.server,
    )
    export = await plan_export(store, _Signer(key), request)
    with Steps() as steps:
        written = await write_bundle(
            store,
            export,
            wish.path,
            split,
            lambda done, total: steps.show("write", done, total),
        )
    if wish.server:
        program = export.extras[SERVER]
        assert isinstance(program, bytes)  # noqa: S101 - it is made here
        await to_end(Files(Disk()).write, wish.path.with_name(SERVER), program)
    return export, written


async def _have(settings: Settings, store: StoreReader, wish: Wish) -> Have | None:
    if wish.have is None:
        return None
    text, signature = await to_end(_read_have, wish.have)
    if signature is None:
        return parse_have(text.decode(errors="replace"))
    keyring = await to_end(find_keyring, settings.keys_dir)
    returned = await check_returned(store, text, signature, keyring.trusted)
    receipt = returned.receipt
    complain(
        f"the receipt of {receipt.time}: publication {receipt.sequence}, "
        f"{len(receipt.files)} files, as it was published here"
    )
    if not returned.proved:
        complain(f"its key {returned.key} is not trusted here: nobody proved who wrote it")
    return returned.have


def _read_have(typed: str) -> tuple[bytes, bytes | None]:
    """Return what is typed, or in the file that it names; and the signature of a receipt."""
    path = Path(typed)
    try:
        text = path.read_bytes() if path.is_file() else typed.encode()
        if not text.lstrip().startswith(b"{"):
            return text, None
        return text, path.with_name(f"{path.name}.minisig").read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} and its .minisig can not be read") from error


async def _content_of(store: StoreReader, wish: Wish) -> Digest | None:
    """Return the content that the channel had with the sequence of ``--since``."""
    if wish.since is None:
        return None
    return (await find_source(store, Source(wish.channel, wish.since))).root.content


def _document(export: Export, written: Written, key: SecretKey) -> dict[str, object]:
    manifest = export.manifest
    return {
        "files": [str(path) for path in written.files],
        "size": written.size,
        "lineage": manifest.lineage,
        "channel": manifest.channel,
        "publication": manifest.sequence,
        "content": manifest.content,
        "base": manifest.base,
        "documents": len(manifest.documents),
        "blobs": len(manifest.blobs),
        "subtrees": list(manifest.subtrees),
        "left": list(export.left),
        "server": next((one.sha256 for one in manifest.extras if one.path == SERVER), None),
        "software": wheelhouses(manifest.extras),
        "key": key.key_id,
        "fingerprint": key.public.fingerprint,
    }


def _tell(export: Export, written: Written, key: SecretKey) -> None:
    manifest = export.manifest
    what = "what is new in" if manifest.base else "all of"
    say(
        f"{what} publication {manifest.sequence}: {len(manifest.blobs)} files and "
        f"{len(manifest.documents)} documents, {written.size / 1e6:,.1f} MB"
    )
    for path in written.files[:5]:
        say(f"  {path}")
    if len(written.files) > 5:  # noqa: PLR2004 - the first five show the rest
        say(f"  … {len(written.files)} volumes")
    say(f"signed by key {key.key_id}, fingerprint {key.public.fingerprint}")
    for extra in manifest.extras:
        if extra.path == SERVER:
            say(f"{SERVER} beside it serves it: python3 {SERVER} {written.files[0].name} KEY")
            say(f"note its SHA-256 on paper: {extra.sha256}")
    for name, sha256 in wheelhouses(manifest.extras).items():
        say(f"mpmirror itself is in software/{name}; on paper, the SHA-256 of its SHA256SUMS:")
        say(f"  {sha256}")
    for sentence in export.left:
        complain(sentence)
    say("It is not encrypted: whoever finds it can read it, and change nothing unnoticed.")
