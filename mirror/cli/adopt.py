"""`mpmirror adopt`: take in a folder of upstream's files that somebody kept."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from pydantic import ValidationError

from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import complain, say, say_json
from mirror.config import Settings
from mirror.control import stream
from mirror.daemon.bringing import ADOPTED, hands_of
from mirror.errors import LockedError, MirrorError
from mirror.sync.adopting import Adopted, Adoption, Fate
from mirror.sync.adopting import adopt as adopt_folder

_TOLD = 50


def adopt(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder with files of upstream.", metavar="DIR")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Take files that somebody kept in, each judged as if it were fetched; none is moved."""
    settings = invocation_of(context).settings()
    files, end = asyncio.run(_adopt(settings, folder.absolute()))
    if as_json:
        say_json(_document(files, end))
    else:
        _tell(files, end)
    raise typer.Exit(end.exit_status)


async def _adopt(settings: Settings, folder: Path) -> tuple[list[Adopted], Adoption]:
    async with store_or_holder(settings) as store:
        if store is not None:
            async with hands_of(settings, store) as hands:
                return await _collected(adopt_folder(hands, folder))
    complain("A daemon holds the data: it reads the folder, as its own user.")
    return await _collected(_ask_daemon(settings, folder))


async def _ask_daemon(settings: Settings, folder: Path) -> AsyncGenerator[Adopted | Adoption, None]:
    path = f"/v1/adopt?folder={quote(str(folder), safe='')}"
    async with aclosing(stream(settings.admin_listen.path, "POST", path)) as lines:
        async for line in lines:
            try:
                yield ADOPTED.validate_json(line)
            except ValidationError as error:
                said = line[:500].decode(errors="replace")
                raise MirrorError(f"the daemon says: {said}") from error


async def _collected(
    news: AsyncGenerator[Adopted | Adoption, None],
) -> tuple[list[Adopted], Adoption]:
    """Return what needs a word, and the end; of what went well there may be very many."""
    files: list[Adopted] = []
    async with aclosing(news):
        async for one in news:
            if isinstance(one, Adoption):
                return files, one
            if one.fate not in {Fate.ADOPTED, Fate.HELD}:
                files.append(one)
    raise LockedError("the daemon ended before the folder was adopted")


def _document(files: list[Adopted], end: Adoption) -> dict[str, object]:
    left = [{"file": one.file, "fate": one.fate.value, "text": one.text} for one in files]
    counts = {fate.value: getattr(end, fate.value) for fate in Fate}
    return {**counts, "publication": end.sequence, "left_out": left}


def _tell(files: list[Adopted], end: Adoption) -> None:
    for one in files[:_TOLD]:
        reason = one.text.removeprefix(f"{one.file}: ")
        complain(f"{one.fate.value}: {one.file}: {reason}")
    if len(files) > _TOLD:
        complain(f"… and {len(files) - _TOLD} more: --json names all")
    published = f"publication {end.sequence}" if end.sequence else "nothing new to publish"
    say(f"{end.adopted} adopted, {end.held} held already; {published}")
    left = ", ".join(
        f"{count} {fate.value}"
        for fate in (Fate.REFUSED, Fate.UNREADABLE, Fate.UNRECOGNISED)
        if (count := getattr(end, fate.value))
    )
    if left:
        say(f"left out: {left}")
