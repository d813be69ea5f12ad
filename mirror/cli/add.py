"""`mpmirror add`: publish a build of one's own, apart from upstream's."""

import asyncio
import json
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer
from pydantic import ValidationError

from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import complain, say, say_json
from mirror.config import Settings
from mirror.control import Reply, ask
from mirror.daemon.bringing import ADDED, hands_of, wish_fields
from mirror.errors import ConfigurationError, MirrorError, RefusedError
from mirror.sync.own_builds import Added, OwnBuildWish
from mirror.sync.own_builds import add as add_build

# A run that is under way comes first.
_PATIENCE = 3600.0


def add(  # noqa: PLR0913 - each is an option of the command
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The build.", metavar="FILE")],
    board: Annotated[str, typer.Option(help="Board that it is for; upstream need not know it.")],
    version: Annotated[str, typer.Option(help="Its version, such as v1.28.0-lab.3.")],
    why: Annotated[str, typer.Option(help="Why it is added, for the ledger.")],
    *,
    variant: Annotated[str | None, typer.Option(help="Variant of the board.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind, unless the file's ending says.")] = None,
    port: Annotated[str | None, typer.Option(help="MicroPython port, such as rp2.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Add a build of your own; it is judged, kept and published apart from upstream's."""
    settings = invocation_of(context).settings()
    wish = OwnBuildWish(
        board=board, version=version, why=why, variant=variant, kind=kind, port=port
    )
    added = asyncio.run(_add(settings, file.absolute(), wish))
    if as_json:
        say_json(ADDED.dump_python(added, mode="json"))
        return
    published = f"publication {added.sequence}" if added.sequence else "nothing new to publish"
    say(f"{added.name}: {'added' if added.new else 'held already'}; {published}")


async def _add(settings: Settings, path: Path, wish: OwnBuildWish) -> Added:
    async with store_or_holder(settings) as store:
        if store is not None:
            async with hands_of(settings, store) as hands:
                return await add_build(hands, path, wish)
    complain("A daemon holds the data: it reads the file, as its own user.")
    query = urlencode(wish_fields(path, wish))
    reply = await ask(settings.admin_listen.path, "POST", f"/v1/add?{query}", seconds=_PATIENCE)
    return _read(reply)


def _read(reply: Reply) -> Added:
    try:
        if reply.status == HTTPStatus.OK:
            return ADDED.validate_json(reply.body)
        said = json.loads(reply.body)
        message, status = str(said["message"]), said["exit_status"]
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        words = reply.body[:500].decode(errors="replace")
        raise MirrorError(f"the daemon says: {reply.status} {words}") from error
    kinds = {2: ConfigurationError, 4: RefusedError}
    raise kinds.get(status, MirrorError)(message)
