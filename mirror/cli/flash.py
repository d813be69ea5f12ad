"""`mpmirror flash`: a verified file from a mirror onto the board at this machine."""

import os
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from mirror.cli.terminal import Steps, complain, plain, say, say_json
from mirror.cli.told import document_of, reporting, tell
from mirror.cli.wishes import (
    DEFAULT_CHANNEL,
    AsJson,
    Channel,
    From,
    Key,
    NewLineage,
    OfKind,
    OfMaturity,
    Variant,
    Version,
    asked,
    meant,
    run,
)
from mirror.client.boards import Running
from mirror.client.choosing import Wish
from mirror.client.flasher import Aim, Choice, Flasher
from mirror.client.getting import Got, get_chosen
from mirror.client.memory import cache_folder
from mirror.client.session import Session
from mirror.client.tools import Tools
from mirror.client.trust import Trust
from mirror.errors import ConfigurationError


def flash(  # noqa: PLR0913 - an option each
    build: Annotated[
        str, typer.Argument(help="Board, or a variant of it.", metavar="BOARD[-VARIANT]")
    ],
    address: From,
    *,
    variant: Variant = None,
    version: Version = None,
    maturity: OfMaturity = None,
    kind: OfKind = None,
    channel: Channel = DEFAULT_CHANNEL,
    port: Annotated[
        str | None, typer.Option(help="Serial port of the board.", metavar="DEVICE")
    ] = None,
    serial: Annotated[
        str | None, typer.Option(help="USB serial number of the board.", metavar="NUMBER")
    ] = None,
    volume: Annotated[
        Path | None, typer.Option(help="Volume of the board's UF2 boot loader.", metavar="DIR")
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Erase the whole flash first.")] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Ask the board afterwards what it runs.")
    ] = True,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the board, each time.")] = 60,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    key: Key = None,
    new_lineage: NewLineage = False,
    as_json: AsJson = False,
) -> None:
    """Flash a verified file onto the board at this machine, and ask the board what it runs."""
    wish = Wish(variant=variant, version=version, maturity=maturity, kind=kind)
    if not (yes or dry_run or sys.stdin.isatty()):
        raise ConfigurationError("nobody can be asked here whether to write: say --yes")
    choice = Choice(port, serial, volume, erase=erase, check=check, seconds=wait)
    conversation = asked(address, channel, key, new_lineage=new_lineage)
    got, trust = run(_get(conversation, build, wish, cache_folder(os.environ)))
    if not as_json:
        tell(got, trust)
    flasher = Flasher(Tools(os.environ), complain)
    aim = flasher.aim(got, choice)
    if not dry_run and not yes:
        _ask(aim)
    running = None if dry_run else flasher.flash(aim)
    if as_json:
        say_json({**document_of(got, trust), **_document(aim, running, flashed=not dry_run)})
    else:
        _tell(aim, running, dry_run=dry_run)


async def _get(
    conversation: AbstractAsyncContextManager[Session], build: str, wish: Wish, folder: Path
) -> tuple[Got, Trust]:
    board, exact = meant(build, wish)
    async with conversation as session:
        with Steps() as steps:
            got = await get_chosen(session, board, exact, folder, reporting(steps))
        return got, session.trust


def _ask(aim: Aim) -> None:
    for step in aim.steps:
        complain(f"to {step.does}: {step.quoted()}")
    where = aim.volume or aim.port or "the board"
    typer.confirm(plain(f"Write {aim.got.file.name} to {where}?"), abort=True, err=True)


def _document(aim: Aim, running: Running | None, *, flashed: bool) -> dict[str, object]:
    return {
        "commands": [list(step.words) for step in aim.steps],
        "flashed": flashed,
        "confirmed": running is not None,
        "runs": running.version if running else None,
    }


def _tell(aim: Aim, running: Running | None, *, dry_run: bool) -> None:
    if dry_run:
        say("It would run:")
        for step in aim.steps:
            say(f"  {step.quoted()}")
    elif running is None:
        say(f"{aim.got.file.name} was flashed; the board was not asked (--no-check)")
    else:
        say(f"{aim.got.file.name} was flashed, and the board runs {running.version}")
