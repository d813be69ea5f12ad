"""`mpmirror status`: what is held, what is missing and why, and what happens next."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer

from mirror.cli.counts import completeness_lines, room_lines, say_ports
from mirror.cli.holder import refuse_unbegun, store_or_holder
from mirror.cli.hook_lines import hook_lines
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import hand_over, say
from mirror.config import Settings
from mirror.control import ask
from mirror.daemon.disk_levels import levels_of
from mirror.daemon.health import old_data
from mirror.daemon.hook_status import hook_alarms, hooks_on_disk
from mirror.daemon.parts import now
from mirror.daemon.pruning import doubt_now
from mirror.daemon.status import status_of
from mirror.daemon.status_document import (
    Alarm,
    Moment,
    PublicationStatus,
    Status,
    decode_status,
    encode_status,
)
from mirror.daemon.upstream_status import UpstreamHealth
from mirror.storage.store import Store
from mirror.storage.threads import to_end
from mirror.upstream.breaker import BreakerState


def status(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say what is held, what is missing and why, and when upstream is asked next."""
    found = asyncio.run(_status(invocation_of(context).settings()))
    if as_json:
        hand_over(encode_status(found))
    else:
        for line in _lines(found):
            say(line)
        say_ports(found)
    raise typer.Exit(found.exit_status)


async def _status(settings: Settings) -> Status:
    await refuse_unbegun(settings.data_dir)
    async with store_or_holder(settings) as store:
        if store is not None:
            return await status_of(
                store,
                settings.data_dir,
                settings.upstream.url,
                await _moment(settings, store),
                offline=settings.offline,
            )
    return decode_status((await ask(settings.admin_listen.path, "GET", "/v1/status.json")).body)


async def _moment(settings: Settings, store: Store) -> Moment:
    hooks = await to_end(hooks_on_disk, settings)
    return Moment(
        now=now(),
        doubt=doubt_now(store),
        levels=levels_of(settings),
        alarms=(*hook_alarms(hooks), *await to_end(old_data, settings, now())),
        hooks=hooks,
    )


def _lines(status: Status) -> Iterator[str]:
    yield from _holdings(status)
    yield _conclusion(status)
    yield from completeness_lines(status)
    yield from _last_run(status)
    yield from _next_run(status)
    for alarm in status.alarms:
        yield from _alarm(alarm)
    if status.recalled:
        yield f"recalled: {status.recalled} digests, never served, in /v1/feed.json with reason"
    if status.quarantined:
        yield f"quarantine: {status.quarantined} refused files, never served"
    for one in status.hooks:
        yield from hook_lines(one)
    yield from room_lines(status)


def _conclusion(status: Status) -> str:
    if status.complete:
        return "complete"
    whole = status.completeness is not None and status.completeness.whole
    return "not complete" + (": all is held, and what is wrong stands below" if whole else "")


def _holdings(status: Status) -> Iterator[str]:
    if status.publication is None:
        yield "nothing is published yet"
    else:
        yield _published(status.publication)
    for one in status.channels:
        shown = f"{one.sequence} of {one.published}" if one.sequence else "shows nothing yet"
        waits = f", {one.waiting} promotions wait for approval" if one.waiting else ""
        yield f"channel {one.channel}: {shown}{waits}"
    yield f"held: {status.held.artifacts} files, {status.held.size / 1e6:,.1f} MB"
    if status.pinned and status.pinned.pins:
        pinned = status.pinned
        yield f"pinned: {pinned.artifacts} files by {pinned.pins} pins"
        yield from _unpinned(status)
    if status.withdrawn:
        yield f"withdrawn: {status.withdrawn} of them, no longer listed upstream"


def _published(publication: PublicationStatus) -> str:
    # A clock that was set back makes no publication of the future.
    age = timedelta(seconds=max(0, publication.age_seconds))
    return f"publication {publication.sequence} of {publication.published}, {age} ago"


def _unpinned(status: Status) -> Iterator[str]:
    known = status.completeness.names if status.completeness else ()
    why = {one.name: f": {one.why}" for one in known}
    for name in status.pinned.missing if status.pinned else ():
        yield f"  {name}: it is pinned and not held{why.get(name, '')}"


def _next_run(status: Status) -> Iterator[str]:
    if status.running:
        running = status.running
        left = running.seconds_left
        more = "" if left is None else f", about {timedelta(seconds=left)} left of this phase"
        yield f"running: {running.phase.value}, {running.done} of {running.total}{more}"
    if status.offline:
        yield "offline: upstream is not asked"
    elif status.next_run:
        why = f", because of {status.next_run_why}" if status.next_run_why else ""
        yield f"next run: {status.next_run}{why}"
    if status.upstream_health:
        yield from _upstream(status.upstream_health)


def _upstream(health: UpstreamHealth) -> Iterator[str]:
    for host in health.hosts:
        if host.breaker != BreakerState.CLOSED:
            trial = f", tried again at {host.next_trial}" if host.next_trial else ""
            failed = f"failed {host.failures} times in a row"
            yield f"upstream: {host.host} {failed}{trial}: {host.reason}"
    if health.fallback:
        yield f"upstream: {health.fallback} stands in"
    if health.bytes_left is not None:
        again = f", more at {health.budget_at}" if health.budget_at else ""
        yield f"upstream: {health.bytes_left / 1e6:,.1f} MB left of this hour{again}"
    if health.stale and health.data_age is not None:
        yield f"the last complete crawl was {timedelta(seconds=health.data_age)} ago"


def _alarm(alarm: Alarm) -> Iterator[str]:
    if alarm.acknowledged is not None:
        yield f"acknowledged {alarm.id}: {alarm.name}: {alarm.alarm}: {alarm.acknowledged}"
        return
    yield f"alarm {alarm.id}: {alarm.name}: {alarm.alarm}, {alarm.text}"
    yield f"  {alarm.todo}"


def _last_run(status: Status) -> Iterator[str]:
    if status.last_run is None:
        yield "no run has ended yet"
        return
    outcome = status.last_run.outcome
    yield f"last run: {outcome.ending.value} at {status.last_run.ended}: {outcome.message}"
    alarms = {(alarm.name, alarm.text) for alarm in status.alarms}
    for trouble in outcome.troubles:
        if (trouble.subject, trouble.reason) not in alarms:
            yield f"  {trouble.subject}: {trouble.reason}"
    for one in outcome.dealt_with:
        yield f"  dealt with: {one.subject}: {one.text}"
    for waiting in outcome.awaiting:
        yield f"  {waiting.text}"
    for one in outcome.aside:
        yield f"  beside the firmware: {one.subject}: {one.text}"
    for remark in outcome.remarks:
        yield f"  left out: {remark.subject}: {remark.text}"
