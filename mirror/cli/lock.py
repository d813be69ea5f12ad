"""`mpmirror lock`: write down exactly which files a line, a course or a workshop flashes."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from mirror.cli.terminal import say, say_json
from mirror.cli.wishes import (
    DEFAULT_CHANNEL,
    AsJson,
    Channel,
    From,
    Key,
    NewLineage,
    OfKind,
    OfMaturity,
    Version,
    asked,
    meant,
    run,
)
from mirror.client.choosing import Wish
from mirror.client.getting import chosen
from mirror.client.lockfile import LOCK_NAME, LockedFile, locked_file, render_lock
from mirror.client.session import Session
from mirror.errors import ConfigurationError
from mirror.storage.disk import Disk
from mirror.storage.files import Files


def lock(  # noqa: PLR0913 - an option each
    builds: Annotated[
        list[str], typer.Argument(help="Boards, or variants of them.", metavar="BOARD[-VARIANT]...")
    ],
    address: From,
    *,
    version: Version = None,
    maturity: OfMaturity = None,
    kind: OfKind = None,
    channel: Channel = DEFAULT_CHANNEL,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The lock to write.", metavar="FILE")
    ] = Path(LOCK_NAME),
    key: Key = None,
    new_lineage: NewLineage = False,
    as_json: AsJson = False,
) -> None:
    """Write down which files are flashed, by digest; get --locked takes exactly these."""
    wish = Wish(version=version, maturity=maturity, kind=kind)
    conversation = asked(address, channel, key, new_lineage=new_lineage)
    if output.is_dir():
        raise ConfigurationError(f"{output} is a folder, and a lock is a file")
    data, files, words = run(_write(conversation, builds, wish, output.absolute()))
    if as_json:
        say_json(json.loads(data))
        return
    for one in files:
        place = "" if one.offset is None else f" at {one.offset:#x}"
        say(f"{one.build} {one.version}: {one.name}, {one.chip or 'no chip told'}{place}")
    say(f"{output} locks {len(files)} files; published: {words}")


async def _write(
    conversation: AbstractAsyncContextManager[Session],
    builds: list[str],
    wish: Wish,
    output: Path,
) -> tuple[bytes, list[LockedFile], str]:
    async with conversation as session:
        files = []
        for build in builds:
            board, exact = meant(build, wish)
            _, file = await chosen(session, board, exact)
            files.append(locked_file(board, file))
        root = session.publication.root
        data = render_lock(files, root.lineage, root.sequence)
        await asyncio.to_thread(Files(Disk()).write, output, data)
        return data, files, session.trust.words
