"""`mpmirror status`: what is held, what is missing and why, and what happens next."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import typer

from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import say
from mirror.config import Settings
from mirror.control import ask
from mirror.daemon.parts import now
from mirror.daemon.status import Moment, Status, decode_status, encode_status, status_of


def status(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say what is held, what is missing and why, and when upstream is asked next."""
    found = asyncio.run(_status(invocation_of(context).settings()))
    if as_json:
        typer.echo(encode_status(found))
    else:
        for line in _lines(found):
            say(line)
    raise typer.Exit(found.exit_status)


async def _status(settings: Settings) -> Status:
    async with store_or_holder(settings) as store:
        if store is not None:
            return await status_of(
                store,
                settings.data_dir,
                settings.upstream.url,
                Moment(now=now()),
                offline=settings.offline,
            )
    return decode_status((await ask(settings.admin_listen.path, "GET", "/v1/status.json")).body)


def _lines(status: Status) -> Iterator[str]:
    publication = status.publication
    yield (
        f"publication {publication.sequence} of {publication.published}"
        if publication
        else "nothing is published yet"
    )
    yield f"held: {status.held.artifacts} files, {status.held.size / 1e6:,.1f} MB"
    yield "complete" if status.complete else "not complete"
    yield from _last_run(status)
    if status.running:
        running = status.running
        yield f"running: {running.phase.value}, {running.done} of {running.total}"
    if status.offline:
        yield "offline: upstream is not asked"
    elif status.next_run:
        yield f"next run: {status.next_run}"
    yield from (f"alarm: {alarm.name}: {alarm.alarm}, {alarm.text}" for alarm in status.alarms)
    if status.quarantined:
        yield f"quarantine: {status.quarantined} refused files, never served"
    yield f"disk: {status.disk.free / 1e9:,.1f} GB free of {status.disk.total / 1e9:,.1f} GB"


def _last_run(status: Status) -> Iterator[str]:
    if status.last_run is None:
        yield "no run has ended yet"
        return
    outcome = status.last_run.outcome
    yield f"last run: {outcome.ending.value} at {status.last_run.ended}: {outcome.message}"
    for trouble in outcome.troubles:
        yield f"  {trouble.subject}: {trouble.text}"
    for waiting in outcome.awaiting:
        yield f"  {waiting.text}"
    for remark in outcome.remarks:
        yield f"  left out: {remark.subject}: {remark.text}"
