"""`mpmirror check`: hash everything that is held, and say what is damaged.

What is damaged is forgotten by the index, or told to the daemon that has the data, so that it
is fetched again; on a disk that is full or can only be read it is only said.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from mirror.cli.check_ledger import check_ledger
from mirror.cli.holder import refuse_unmade, store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import Steps, complain, say, say_json
from mirror.config import Settings
from mirror.control import ask
from mirror.errors import ConfigurationError, DiskFullError, LockedError, ReadOnlyDiskError
from mirror.storage.store import StoreReader, forget_index
from mirror.upkeep.check import Report, forget_damaged
from mirror.upkeep.check import check as check_store

# The daemon finds the rest by itself.
_MOST_TOLD: Final = 1000
# It hashes each blob before it answers.
_TO_LOOK: Final = 60.0


def check(
    context: typer.Context,
    *,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the database again from the files first.")
    ] = False,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Only follow the ledger's chain.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            help="With --ledger: write its lines to FILE, or to standard output (-).",
            metavar="FILE",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Hash every file held, walk every publication, follow the ledger."""
    settings = invocation_of(context).settings()
    if export is not None and not ledger:
        raise ConfigurationError("--export goes with --ledger")
    if ledger:
        if rebuild:
            raise ConfigurationError("--ledger changes nothing: --rebuild does not go with it")
        check_ledger(settings, export, as_json=as_json)
        return
    report, mender = asyncio.run(_check(settings, rebuild=rebuild))
    if as_json:
        damages = [{"subject": one.subject, "text": one.text} for one in report.damages]
        counts = {"blobs": report.blobs, "publications": report.publications}
        say_json({**counts, "ledger_lines": report.ledger_lines, "damages": damages})
    else:
        _tell(report, mender)
    raise typer.Exit(report.exit_status)


async def _check(settings: Settings, *, rebuild: bool) -> tuple[Report, str]:
    await refuse_unmade(settings.data_dir)
    if rebuild:
        await forget_index(settings.data_dir)
    with Steps() as steps:

        def progress(done: int, total: int) -> None:
            steps.show("check", done, total)

        try:
            if (report := await _check_own(settings, progress)) is not None:
                return report, "mpmirror sync"
        except (DiskFullError, ReadOnlyDiskError) as error:
            if rebuild:
                raise
            # Such a disk is one to be looked at.  The database, which can not be opened there,
            # only adds where the ledger ended.
            complain(f"{error}: what is there is checked all the same, and nothing is written")
            reader = await StoreReader.open_for_reading(settings.data_dir)
            return await check_store(reader, progress), "mpmirror sync"
        reader = await StoreReader.open_for_reading(settings.data_dir)
        report = await check_store(reader, progress)
        return report, await _tell_daemon(settings.admin_listen.path, report)


async def _check_own(settings: Settings, progress: Callable[[int, int], None]) -> Report | None:
    """Check the store and have it forget what is damaged; None while another process has it."""
    async with store_or_holder(settings) as store:
        if store is None:
            return None
        report = await check_store(store, progress, head=await store.index.position())
        await forget_damaged(store, report)
        return report


async def _tell_daemon(control: Path, report: Report) -> str:
    """Have the daemon heal what was found; return who fetches it again."""
    digests = [damage.digest for damage in report.damages if damage.digest is not None]
    try:
        for digest in digests[:_MOST_TOLD]:
            await ask(control, "POST", f"/v1/damaged/{digest}", seconds=_TO_LOOK)
    except LockedError as error:
        complain(f"what was found could not be told to the daemon: {error}")
        return "the next run"
    return "the daemon"


def _tell(report: Report, mender: str) -> None:
    for damage in report.damages:
        complain(f"{damage.subject}: {damage.text}")
    say(
        f"{report.blobs} blobs, {report.publications} publications and "
        f"{report.ledger_lines} lines of the ledger checked: "
        + (f"{len(report.damages)} damaged" if report.damages else "all sound")
    )
    if report.damages:
        say(f"What is damaged is not served; {mender} fetches it again.")
