"""`mpmirror export`: write what is held in a form that crosses a gap, or that a tool reads."""

import asyncio
import shlex
from pathlib import Path
from typing import Annotated

import typer

from mirror.cli.export_bundle import Wish, export_bundle
from mirror.cli.export_site import export_site
from mirror.cli.invocation import invocation_of
from mirror.cli.statuses import COMPLETE, DAMAGED, REFUSED
from mirror.cli.terminal import Steps, complain, say, say_json
from mirror.config import Settings
from mirror.errors import ConfigurationError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.store import StoreReader
from mirror.transfer.mpflash_folder import Exported, export_folder


def export(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    bundle: Annotated[
        Path | None, typer.Argument(help="The bundle to write.", metavar="FILE")
    ] = None,
    *,
    since: Annotated[
        int | None,
        typer.Option("--since", help="Leave out what this publication had.", metavar="SEQUENCE"),
    ] = None,
    have: Annotated[
        str | None,
        typer.Option(
            "--have",
            help="What `mpmirror have` printed there, a file with it, or a receipt that came back.",
        ),
    ] = None,
    channel: Annotated[str, typer.Option("--channel", help="Of which channel.")] = "current",
    split: Annotated[
        str | None, typer.Option("--split", help="Size of a volume, as 700MB.", metavar="SIZE")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Secret key that signs; export.key in keys_dir unless given."),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="The key's passphrase, in a file.")
    ] = None,
    mpflash: Annotated[
        Path | None,
        typer.Option(
            "--mpflash", help="Folder to fill for mpflash without network.", metavar="DIR"
        ),
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(
            "--site", help="Folder to fill for a web server without a daemon.", metavar="DIR"
        ),
    ] = None,
    boards: Annotated[
        list[str] | None,
        typer.Option("--boards", help="Only these boards: a pattern; may be repeated."),
    ] = None,
    with_server: Annotated[
        bool,
        typer.Option("--with-server", help="Add serve.py, which serves the bundle by itself."),
    ] = False,
    with_software: Annotated[
        list[Path] | None,
        typer.Option(
            "--with-software",
            help="Add mpmirror itself: a folder that `make release` made; may be repeated.",
            metavar="WHEELHOUSE",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Write a signed bundle that crosses a gap, or a folder as another tool wants it."""
    settings = invocation_of(context).settings()
    if sum(given is not None for given in (bundle, mpflash, site)) != 1:
        raise ConfigurationError(
            "export needs to know for whom: a bundle's FILE, --mpflash DIR, or --site DIR"
        )
    if site is not None:
        export_site(settings, site.absolute(), as_json=as_json)
        return
    if bundle is not None:
        wish = Wish(
            path=bundle.absolute(),
            since=since,
            have=have,
            channel=channel,
            boards=tuple(boards or ()),
            split=split,
            key=key,
            passphrase_file=passphrase_file,
            server=with_server,
            software=tuple(path.absolute() for path in with_software or ()),
        )
        export_bundle(settings, wish, as_json=as_json)
        return
    assert mpflash is not None  # noqa: S101 - one of three
    folder = mpflash.absolute()
    done = asyncio.run(_export(settings, folder, boards or []))
    if as_json:
        say_json(_document(folder, done))
    else:
        _tell(folder, done)
    raise typer.Exit(_status(done))


async def _export(settings: Settings, folder: Path, boards: list[str]) -> Exported:
    """Export; this takes no lock and runs beside a daemon."""
    store = await StoreReader.open_for_reading(settings.data_dir)
    with Steps() as steps:
        return await export_folder(
            store,
            Files(Disk()),
            folder,
            boards,
            lambda done, total: steps.show("export", done, total),
        )


def _status(done: Exported) -> int:
    if done.damaged:
        return DAMAGED
    return REFUSED if done.unmatched else COMPLETE


def _document(folder: Path, done: Exported) -> dict[str, object]:
    return {
        "folder": str(folder),
        "publication": done.sequence,
        "files": done.files,
        "size": done.size,
        "written": done.written,
        "damaged": done.damaged,
        "unmatched": done.unmatched,
    }


def _tell(folder: Path, done: Exported) -> None:
    for sentence in done.damaged:
        complain(f"not exported: {sentence}")
    for pattern in done.unmatched:
        complain(f"nothing is held that mpflash could flash of a board like {pattern}")
    say(
        f"{done.files} files of publication {done.sequence}, {done.size / 1e6:,.1f} MB, "
        f"{done.written} of them written now"
    )
    say(f"to use them: MPFLASH_FIRMWARE={shlex.quote(str(folder))} mpflash flash …")
