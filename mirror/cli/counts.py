"""The counts of `mpmirror status`: how complete the mirror is, and what there is of each port.

A table on a terminal, a line for each port elsewhere.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from mirror.cli.terminal import say, say_table
from mirror.config.units import describe_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.daemon.counted import Amount, Completeness, PortStatus
    from mirror.daemon.status_document import Status

_MOST_NAMED: Final = 20
_HEADS: Final = (
    "port",
    "held",
    "MB",
    "on demand",
    "fetched",
    "MB",
    "withdrawn",
    "quarantined",
    "missing",
)


def completeness_lines(status: Status) -> Iterator[str]:
    """Yield how much is held of what is asked for, and what is not and is named nowhere else."""
    found = status.completeness
    if found is None:
        return
    yield _share(found)
    said = {alarm.name for alarm in status.alarms}
    if status.last_run:
        said |= {one.subject for one in status.last_run.outcome.awaiting}
    if status.pinned:
        said |= set(status.pinned.missing)
    names = [one for one in found.names if one.name not in said]
    yield from (f"  {one.name}: {one.why}" for one in names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        yield f"  and {found.missing + found.awaiting - _MOST_NAMED} more: mpmirror status --json"


def room_lines(status: Status) -> Iterator[str]:
    """Yield how full the disk is, what may be on it, and what the last prune did."""
    disk, levels = status.disk, status.disk.levels
    kept = f", of which {describe_size(levels.keep_free)} stay free" if levels else ""
    yield f"disk: {describe_size(disk.free)} free of {describe_size(disk.total)}{kept}"
    bound = ""
    if levels and levels.high_water is not None and levels.low_water is not None:
        high, low = describe_size(levels.high_water), describe_size(levels.low_water)
        bound = f" of at most {high} (then down to {low})"
    cached = f", {describe_size(disk.on_demand)} of it on demand" if disk.on_demand else ""
    yield f"files: {describe_size(disk.held)}{bound}{cached}"
    prune = status.last_prune
    if prune is None:
        return
    if prune.failure:
        yield f"last prune: {prune.ended}: not done: {prune.failure}"
        return
    later = f", {describe_size(prune.later_size)} go later" if prune.later else ""
    yield f"last prune: {prune.ended}: {prune.files} files, {describe_size(prune.size)}{later}"


def say_ports(status: Status) -> None:
    """Say what there is of each port, and of all."""
    rows = [*status.ports, *([status.total] if status.total and len(status.ports) > 1 else [])]
    if not rows:
        return
    if not sys.stdout.isatty():
        for row in rows:
            say(_line(row, _name(row, status)))
        return
    say_table(_HEADS, [_row(row, _name(row, status)) for row in rows])


def _share(found: Completeness) -> str:
    parts = [f"{found.held} of {found.wanted} files that are asked for are held"]
    if found.missing:
        parts.append(f"{found.missing} missing")
    if found.awaiting:
        parts.append(f"{found.awaiting} awaiting a second look")
    if found.dealt_with:
        parts.append(f"{found.dealt_with} dealt with")
    return f"completeness: {found.share:.2%}: {', '.join(parts)}"


def _name(row: PortStatus, status: Status) -> str:
    if row is status.total:
        return "all"
    return row.port or "none known"


def _row(row: PortStatus, name: str) -> tuple[str, ...]:
    return (
        name,
        str(row.held.artifacts),
        _megabytes(row.held),
        str(row.on_demand),
        str(row.cached.artifacts),
        _megabytes(row.cached),
        str(row.withdrawn.artifacts),
        str(row.quarantined.artifacts),
        str(row.missing),
    )


def _line(row: PortStatus, name: str) -> str:
    return (
        f"port {name}: {row.held.artifacts} held ({_megabytes(row.held)} MB), "
        f"{row.on_demand} on demand ({row.cached.artifacts} fetched, {_megabytes(row.cached)} MB), "
        f"{row.withdrawn.artifacts} withdrawn, {row.quarantined.artifacts} quarantined, "
        f"{row.missing} missing"
    )


def _megabytes(amount: Amount) -> str:
    return f"{amount.size / 1e6:,.1f}"
