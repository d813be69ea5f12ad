"""`mpmirror sync`: one run now, by this process or by the daemon that holds the data."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from mirror.catalog.plan import SyncPlan
from mirror.cli.invocation import given, invocation_of
from mirror.cli.terminal import Steps, complain, say, say_json
from mirror.config import Settings
from mirror.daemon.memory import share_memory_among_threads
from mirror.errors import LockedError, MirrorError
from mirror.first_setup.estimate import typical_size
from mirror.sandbox import Sandbox
from mirror.sandbox.launch import Ahead
from mirror.shapes import Shape
from mirror.starting import loading
from mirror.sync.outcome import Outcome, Progress

_NEWS: Shape[Progress | Outcome] = Shape(Progress | Outcome)
_OUTCOME: Final = Shape(Outcome)
_TROUBLES: Final = 50


def sync(
    context: typer.Context,
    upstream: Annotated[str | None, typer.Option(help="Site to mirror.", metavar="URL")] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be fetched, and fetch nothing.")
    ] = False,
    accept_shrunken: Annotated[
        bool,
        typer.Option(
            "--accept-shrunken", help="Believe a catalog that lost more than the guard allows."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Ask upstream now: crawl, fetch, verify, publish."""
    invocation = invocation_of(context)
    settings = invocation.settings(given("upstream.url", "--upstream", upstream))
    if dry_run:
        planned = asyncio.run(_preview(settings, invocation.reader))
        _tell_plan(settings, planned, as_json=as_json)
        return
    outcome = asyncio.run(_sync(settings, invocation.reader, accept_shrunken=accept_shrunken))
    if as_json:
        say_json(_OUTCOME.dump_python(outcome, mode="json"))
    else:
        _tell(outcome)
    raise typer.Exit(outcome.exit_status)


async def _sync(settings: Settings, reader: Ahead | None, *, accept_shrunken: bool) -> Outcome:
    share_memory_among_threads()
    async with Sandbox(ahead=reader) as readers:
        if not settings.data_dir.exists():
            # A first run needs all of them: they start while the rest is loaded.
            readers.warm()
            await asyncio.sleep(0)
        return await _sync_with(readers, settings, accept_shrunken=accept_shrunken)


async def _sync_with(readers: Sandbox, settings: Settings, *, accept_shrunken: bool) -> Outcome:
    # Here, and not before the readers begin to start: it takes as long to load as they do.
    with loading():
        from mirror.cli.holder import store_or_holder  # noqa: PLC0415 - see above
        from mirror.daemon.log import logging_as  # noqa: PLC0415 - see above
        from mirror.daemon.once import sync_once  # noqa: PLC0415 - see above
        from mirror.daemon.reach import Reach  # noqa: PLC0415 - see above
        from mirror.daemon.tracing import tracing_command  # noqa: PLC0415 - see above

    with logging_as(settings.log), Steps() as steps:
        report = _reporting(steps)
        async with tracing_command(settings), store_or_holder(settings) as store:
            if store is not None:
                async with Reach(settings, store, readers) as reach:
                    return await sync_once(
                        settings, store, report, accept_shrunken=accept_shrunken, reach=reach
                    )
        if accept_shrunken:
            raise LockedError("stop the daemon first: it does not take --accept-shrunken")
        return await _ask_daemon(settings, report)


async def _ask_daemon(settings: Settings, report: Callable[[Progress], None]) -> Outcome:
    from mirror.control import stream  # noqa: PLC0415 - as above

    complain("A daemon holds the data: it runs the sync, and this shows how it goes.")
    async with aclosing(stream(settings.admin_listen.path, "POST", "/v1/sync")) as lines:
        async for line in lines:
            news = _read(line)
            if isinstance(news, Outcome):
                return news
            report(news)
    raise LockedError("the daemon ended before the run did")


def _read(line: bytes) -> Progress | Outcome:
    try:
        return _NEWS.validate_json(line)
    except ValidationError as error:
        raise MirrorError(f"the daemon says: {line[:500].decode(errors='replace')}") from error


def _reporting(steps: Steps) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        received = f"{_size(progress.received_bytes)} received" if progress.received_bytes else ""
        steps.show(progress.phase.value, progress.done, progress.total, received)

    return report


def _tell(outcome: Outcome) -> None:
    for trouble in outcome.troubles[:_TROUBLES]:
        complain(f"{trouble.subject}: {trouble.reason}")
    if len(outcome.troubles) > _TROUBLES:
        complain(f"… and {len(outcome.troubles) - _TROUBLES} more: mpmirror status --json")
    for waiting in outcome.awaiting[:_TROUBLES]:
        complain(waiting.text)
    for remark in outcome.remarks[:_TROUBLES]:
        complain(f"left out: {remark.subject}: {remark.text}")
    for one in outcome.aside[:_TROUBLES]:
        complain(f"beside the firmware: {one.subject}: {one.text}")
    for one in outcome.dealt_with[:_TROUBLES]:
        complain(f"dealt with: {one.subject}: {one.text}")
    say(f"{outcome.ending.value}: {outcome.message}")
    if outcome.cause and not outcome.wanted:
        # It ended before it knew what is asked for: that none of it is held would be false.
        say(f"nothing was fetched, and what is held is served; {_publication(outcome)}")
        return
    say(
        f"{outcome.held} of {outcome.wanted} files held, {outcome.fetched} of them new "
        f"({_size(outcome.received_bytes)}); {_publication(outcome)}"
    )


def _publication(outcome: Outcome) -> str:
    return f"publication {outcome.sequence or 'none yet'}"


async def _preview(settings: Settings, reader: Ahead | None) -> SyncPlan:
    from mirror.cli.holder import store_or_holder  # noqa: PLC0415 - as above
    from mirror.daemon.log import logging_as  # noqa: PLC0415 - as above
    from mirror.daemon.once import preview_once  # noqa: PLC0415 - as above

    with logging_as(settings.log), Steps() as steps:
        async with Sandbox(ahead=reader) as readers, store_or_holder(settings) as store:
            if store is None:
                raise LockedError("a daemon holds the data: mpmirror status says what is missing")
            return await preview_once(settings, store, _reporting(steps), readers)


def _tell_plan(settings: Settings, plan: SyncPlan, *, as_json: bool) -> None:
    names = [str(listing.name) for listing in plan.fetch]
    # Another mirror tells the sizes; the site does not.
    size = sum(
        listing.size or typical_size(listing.board, listing.name.kind) for listing in plan.fetch
    )
    rate = settings.upstream.requests_per_second
    takes = timedelta(seconds=round(len(names) / rate)) if rate else timedelta()
    if as_json:
        estimate = {"bytes_estimated": size, "seconds_at_rate": int(takes.total_seconds())}
        say_json({"files": names, "wanted": len(plan.wanted), **estimate})
        return
    for name in names:
        say(name)
    say(
        f"{len(names)} files to fetch of {len(plan.wanted)} wanted, about {_size(size)} "
        f"(estimated: upstream tells no sizes), at least {takes} at the set rate"
    )


def _size(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"
