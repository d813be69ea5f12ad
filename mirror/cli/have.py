"""`mpmirror have`: what came from the other side so far, for its next export."""

import asyncio
from typing import Annotated

import typer

from mirror.catalog.values import Digest
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import say, say_json
from mirror.config import Settings
from mirror.errors import IncompleteError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.senders import Senders
from mirror.storage.store import StoreReader
from mirror.transfer.have import Have, prefixes_of
from mirror.transfer.holding import is_whole, recalled_here


def have(
    context: typer.Context,
    *,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Add a compact set of everything that is held, also where the line says enough.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Print what this node holds of each sender: type it, scan it, or carry it back."""
    found = asyncio.run(_have(invocation_of(context).settings(), full=full))
    if not found:
        raise IncompleteError("no bundle came in yet: the first one has to bring everything")
    if as_json:
        say_json([_document(one) for one in found])
        return
    for one in found:
        for line in one.text.splitlines():
            say(line)


async def _have(settings: Settings, *, full: bool) -> list[Have]:
    store = await StoreReader.open_for_reading(settings.data_dir)
    senders = await Senders(settings.data_dir, Files(Disk())).all()
    return [
        Have(
            lineage=lineage,
            channel=channel,
            sequence=sender.sequence,
            content=sender.content,
            ledger=sender.ledger[-1].number if sender.ledger else 0,
            prefixes=await _held(store, sender.content, full=full),
        )
        for (lineage, channel), sender in senders.items()
    ]


async def _held(store: StoreReader, content: Digest, *, full: bool) -> frozenset[bytes]:
    """Return the compact set, where the line alone would say too much or it is wished for."""
    if not full and await is_whole(store, content):
        return frozenset()
    unwanted = await recalled_here(store)
    return prefixes_of([*unwanted, *[digest async for digest in store.blobs.digests()]])


def _document(one: Have) -> dict[str, object]:
    return {
        "type": "mpmirror.have",
        "lineage": one.lineage,
        "channel": one.channel,
        "sequence": one.sequence,
        "content": str(one.content),
        "ledger": one.ledger,
        "text": one.text,
    }
