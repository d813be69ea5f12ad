"""`mpmirror tuf init|renew|show`: the mirror for clients of The Update Framework."""

import asyncio
import hashlib
import os
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.passphrases import new_passphrase, passphrase_from
from mirror.cli.terminal import say
from mirror.config import Settings
from mirror.daemon.parts import now
from mirror.daemon.tuf import MISSING, renew_tuf
from mirror.errors import ConfigurationError
from mirror.storage.crawled import find_last_crawl
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.node import find_node
from mirror.storage.store import StoreReader
from mirror.storage.tuf_folder import TufFolder
from mirror.transfer.keys.node_keys import make_keys_folder, read_secret
from mirror.transfer.keys.secret import SecretKey

if TYPE_CHECKING:
    from mirror.transfer.tuf.offline import Secrets


class Action(StrEnum):
    """What can be done."""

    INIT = "init"
    RENEW = "renew"
    SHOW = "show"


def tuf(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(metavar="init|renew|show", show_default=False)],
    *,
    offline: Annotated[
        Path | None,
        typer.Option("--offline", help="Folder of the root and targets keys.", metavar="DIR"),
    ] = None,
    rotate: Annotated[
        str | None,
        typer.Option("--rotate", help="Have another key follow (renew).", metavar="KEY"),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="The passphrase, in a file.")
    ] = None,
) -> None:
    """Serve the same files to clients of TUF, below /tuf/ (setting tuf)."""
    settings = invocation_of(context).settings()
    if find_spec("tuf") is None:
        raise ConfigurationError(MISSING)
    folder = TufFolder(settings.data_dir, Files(Disk()))
    if action is Action.SHOW:
        _show(folder)
        return
    place = (offline or settings.keys_dir).absolute()
    if action is Action.INIT:
        _init(settings, folder, place, passphrase_file)
    else:
        _renew(settings, folder, place, (rotate, passphrase_file))
    asyncio.run(_sign(settings))


def _init(settings: Settings, folder: TufFolder, place: Path, words: Path | None) -> None:
    from mirror.transfer.tuf.offline import (  # noqa: PLC0415 - an extra
        ROOT_KEY,
        Secrets,
        begin,
        write_secrets,
    )

    if (place / ROOT_KEY).exists():
        raise ConfigurationError(f"{place / ROOT_KEY} is there already")
    if find_node(settings.data_dir) is None:
        raise ConfigurationError("this node has no data yet: the first start makes them")
    files = Files(Disk())
    make_keys_folder(settings.keys_dir, files)
    make_keys_folder(place, files)
    secrets = Secrets(*(SecretKey.make(os.urandom) for _ in range(3)))
    places = (place, settings.keys_dir)
    write_secrets(secrets, places, new_passphrase(words), files, os.urandom)
    begin(folder, secrets, now())
    say(f"the keys of root and targets lie in {place}: take them off this machine")
    _show(folder)


def _renew(
    settings: Settings, folder: TufFolder, place: Path, wanted: tuple[str | None, Path | None]
) -> None:
    from mirror.transfer.tuf.offline import renew, with_new, write_secrets  # noqa: PLC0415

    rotate, words = wanted
    ask = passphrase_from(words, "Passphrase of the offline keys")
    passphrase = ask()
    before = _secrets(settings, place, passphrase)
    after = before
    if rotate is not None:
        after = with_new(before, rotate, lambda: SecretKey.make(os.urandom))
    # The documents first: keys that no root names are of no use.
    version = renew(folder, before, after, now())
    if rotate is not None:
        write_secrets(after, (place, settings.keys_dir), passphrase, Files(Disk()), os.urandom)
    say(f"root {version} counts for a year, and so does what it delegates to")


def _secrets(settings: Settings, place: Path, passphrase: str) -> "Secrets":
    from mirror.transfer.tuf.offline import (  # noqa: PLC0415 - an extra
        ONLINE_KEY,
        ROOT_KEY,
        TARGETS_KEY,
        Secrets,
    )

    paths = (place / ROOT_KEY, place / TARGETS_KEY, settings.keys_dir / ONLINE_KEY)
    return Secrets(*(read_secret(path, lambda: passphrase) for path in paths))


async def _sign(settings: Settings) -> None:
    """Say what is shown now, if anything is."""
    crawl = await asyncio.to_thread(find_last_crawl, settings.data_dir)
    if crawl is None:
        say("nothing was published yet: the first sync or import signs what there is")
        return
    store = await StoreReader.open_for_reading(settings.data_dir)
    await renew_tuf(settings, store, crawl.at)
    if not settings.tuf:
        say("`tuf = true` in the settings has it served, and kept up")


def _show(folder: TufFolder) -> None:
    version = folder.newest("root")
    if not version:
        raise ConfigurationError("there is no TUF root: mpmirror tuf init")
    for number in dict.fromkeys((1, version)):
        digest = hashlib.sha256(folder.read(f"{number}.root.json")).hexdigest()
        say(f"{number}.root.json, for paper: sha256 {digest}")
    say("clients begin with 1.root.json, given to them by hand, and ask /tuf/metadata/")
