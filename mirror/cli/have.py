"""`mpmirror have`: what came from the other side so far, for its next export."""

import asyncio
from typing import Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import say, say_json
from mirror.config import Settings
from mirror.errors import IncompleteError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.senders import Senders
from mirror.storage.store import StoreReader
from mirror.transfer.have import Have, prefixes_of


def have(
    context: typer.Context,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Add a compact set of everything that is held.")
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
    held = prefixes_of([digest async for digest in store.blobs.digests()]) if full else frozenset()
    senders = await Senders(settings.data_dir, Files(Disk())).all()
    return [
        Have(
            lineage=lineage,
            channel=channel,
            sequence=sender.sequence,
            content=sender.content,
            ledger=sender.ledger[-1].number if sender.ledger else 0,
            prefixes=held,
        )
        for (lineage, channel), sender in senders.items()
    ]


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
