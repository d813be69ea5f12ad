"""`mpmirror check`: hash everything that is held, and say what is damaged."""

import asyncio
from typing import Annotated

import typer

from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import Steps, complain, say, say_json
from mirror.config import Settings
from mirror.storage.store import StoreReader, forget_index
from mirror.upkeep import Report, forget_damaged
from mirror.upkeep import check as check_store


def check(
    context: typer.Context,
    *,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the database again from the files first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Hash every file held, walk every publication, follow the ledger."""
    settings = invocation_of(context).settings()
    report = asyncio.run(_check(settings, rebuild=rebuild))
    if as_json:
        damages = [{"subject": one.subject, "text": one.text} for one in report.damages]
        counts = {"blobs": report.blobs, "publications": report.publications}
        say_json({**counts, "ledger_lines": report.ledger_lines, "damages": damages})
    else:
        _tell(report)
    raise typer.Exit(report.exit_status)


async def _check(settings: Settings, *, rebuild: bool) -> Report:
    if rebuild:
        await forget_index(settings.data_dir)
    with Steps() as steps:

        def progress(done: int, total: int) -> None:
            steps.show("check", done, total)

        async with store_or_holder(settings) as store:
            if store is not None:
                head = await store.index.position()
                report = await check_store(store, progress, head=head)
                await forget_damaged(store, report)
                return report
        return await check_store(await StoreReader.open_for_reading(settings.data_dir), progress)


def _tell(report: Report) -> None:
    for damage in report.damages:
        complain(f"{damage.subject}: {damage.text}")
    say(
        f"{report.blobs} blobs, {report.publications} publications and "
        f"{report.ledger_lines} lines of the ledger checked: "
        + (f"{len(report.damages)} damaged" if report.damages else "all sound")
    )
    if report.damages:
        say("What is damaged is not served; mpmirror sync fetches it again.")
