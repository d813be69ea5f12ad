"""`mpmirror prune`: let go of what nobody needs, or say what that would be, and why."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Annotated, Final

import typer

from mirror.cli.holder import refuse_unbegun, store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import complain, say, say_json
from mirror.config import Settings
from mirror.config.units import describe_size, format_duration
from mirror.control import ask, refusal_of
from mirror.daemon.last_prune import remember_prune
from mirror.daemon.parts import now
from mirror.daemon.pruning import pruner_of, rules_of
from mirror.upkeep.prune import Leaving
from mirror.upkeep.pruner import Report

_MOST_NAMED: Final = 20
# Every blob's name is looked at, and every document of a publication read.
_SECONDS: Final = 600.0


def prune(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Let go of what no publication, channel or policy keeps any more."""
    settings = invocation_of(context).settings()
    report = asyncio.run(_prune(settings, dry_run=dry_run))
    if as_json:
        say_json(_document(report))
    else:
        _tell(report, format_duration(settings.policy.grace))


async def _prune(settings: Settings, *, dry_run: bool) -> Report:
    await refuse_unbegun(settings.data_dir)
    async with store_or_holder(settings) as store:
        if store is not None:
            report = await pruner_of(settings, store).prune(dry_run=dry_run)
            if not dry_run:
                await remember_prune(store.index, report, now())
            return report
    by = (
        "looks by the settings of this command"
        if dry_run
        else "prunes by the settings that it was started with"
    )
    complain(f"A daemon holds the data: it {by}.")
    path = f"/v1/prune?dry_run={'yes' if dry_run else 'no'}"
    rules = rules_of(settings).to_json() if dry_run else b""
    reply = await ask(settings.admin_listen.path, "POST", path, seconds=_SECONDS, body=rules)
    if reply.status != HTTPStatus.OK:
        raise refusal_of(reply)
    return Report.from_json(reply.body)


def _document(report: Report) -> dict[str, object]:
    return {
        "dry_run": report.dry_run,
        "size": report.size,
        "gone": [_spelled(one) for one in report.gone],
        "forgotten": list(report.forgotten),
        "later": [_spelled(one) for one in report.later],
        "remarks": list(report.remarks),
        "interrupted": report.interrupted,
    }


def _spelled(one: Leaving) -> dict[str, object]:
    return {
        "digest": str(one.digest),
        "names": list(one.names),
        "size": one.size,
        "reason": one.reason,
        "waits": one.waits,
    }


def _tell(report: Report, grace: str) -> None:
    for remark in report.remarks:
        complain(remark)
    _tell_of("would go now" if report.dry_run else "gone", report.gone)
    if report.forgotten:
        verb = "would be forgotten" if report.dry_run else "forgotten"
        say(f"{verb}: {len(report.forgotten)} superseded publications")
    for waits, some in _grouped(report.later, lambda one: one.waits or ""):
        _tell_of(f"goes later ({waits}; grace is {grace} of service)", some)
    if report.interrupted:
        say("a new publication came meanwhile: the rest waits for the next prune")
    if not report.gone and not report.later:
        say("nothing is to go" if report.dry_run else "nothing had to go")


def _tell_of(verb: str, leaving: Iterable[Leaving]) -> None:
    for reason, some in _grouped(leaving, lambda one: one.reason):
        size = describe_size(sum(one.size for one in some))
        files = "1 file" if len(some) == 1 else f"{len(some)} files"
        say(f"{verb}: {files}, {size}: {reason}")
        names = [name for one in some for name in one.names]
        for name in names[:_MOST_NAMED]:
            say(f"  {name}")
        if len(names) > _MOST_NAMED:
            say(f"  and {len(names) - _MOST_NAMED} more")


def _grouped(
    leaving: Iterable[Leaving], key: Callable[[Leaving], str]
) -> list[tuple[str, list[Leaving]]]:
    found: defaultdict[str, list[Leaving]] = defaultdict(list)
    for one in leaving:
        found[key(one)].append(one)
    return sorted(found.items())
