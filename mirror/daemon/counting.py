"""Count for a status what is held, on demand, withdrawn, quarantined and missing, by port.

What upstream lists is as the last run saw it, what is held is as of now.  Nothing is asked of
upstream, and no document is read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

from mirror.catalog.names import ArtifactName
from mirror.daemon.counted import (
    MOST_NAMED,
    Amount,
    Completeness,
    Missing,
    PortStatus,
    share_of,
)
from mirror.errors import MirrorError
from mirror.frozen import dataclass
from mirror.storage.entries import Refusal
from mirror.sync.census import Census, find_census
from mirror.sync.wanted import wanted_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.storage.counts import Counted
    from mirror.storage.index import Index
    from mirror.storage.store import Store

_NEXT: Final = "the next run fetches it"


@dataclass(frozen=True, slots=True)
class Count:
    """What there is of each port, and how much is held; None of both before the first run."""

    ports: tuple[PortStatus, ...] = ()
    completeness: Completeness | None = None

    @property
    def known(self) -> bool:
        """Whether it is known how much is held of what is asked for."""
        return self.completeness is not None

    @property
    def total(self) -> PortStatus:
        """All ports together."""
        return reduce(add, self.ports, PortStatus(None))


@dataclass(frozen=True, slots=True)
class Known:
    """What else a status knows by then.

    ``pinned`` are all names of pins, ``unpinned`` those of them that are not held;
    ``acknowledged`` the subjects of alarms that somebody judged; ``notes`` what lies in
    quarantine; ``reasons`` why names did not come.
    """

    pinned: Collection[str]
    unpinned: Collection[str]
    acknowledged: Collection[str]
    notes: Collection[Refusal]
    reasons: dict[str, str]


async def count(store: Store, known: Known) -> Count:
    """Count; raises `StorageError`."""
    index = store.index
    census = await find_census(index)
    recalled = await index.recalled_names()
    wanted = ((await wanted_names(index)) | set(known.pinned)) - recalled.keys()
    offered = _offered(census or Census(), wanted, recalled)
    counted = await index.count_held(offered, wanted)
    absent = counted.absent | (set(known.unpinned) - recalled.keys())
    ports = _by_port(census or Census(), counted, offered, absent - set(known.acknowledged), known)
    if census is None:
        return Count(ports)
    return Count(ports, await _completeness(index, wanted, absent, census, known))


async def _completeness(
    index: Index,
    wanted: Collection[str],
    absent: Collection[str],
    census: Census,
    known: Known,
) -> Completeness:
    awaiting = (await index.pending_of(absent)).keys()
    dealt_with = set(absent) & set(known.acknowledged) - awaiting
    missing = sorted(set(absent) - dealt_with)
    held = len(wanted) - len(absent)
    shown = missing[:MOST_NAMED]
    reasons = {trouble.subject: trouble.text for trouble in census.troubles}
    reasons |= known.reasons
    reasons |= await _reasons_now(index, shown, awaiting)
    return Completeness(
        wanted=len(wanted),
        held=held,
        awaiting=len(awaiting),
        dealt_with=len(dealt_with),
        missing=len(missing) - len(awaiting),
        share=share_of(held + len(dealt_with), len(wanted)),
        names=tuple(
            Missing(name, reasons.get(name, f"not fetched yet: {_NEXT}")) for name in shown
        ),
    )


async def _reasons_now(
    index: Index, names: Collection[str], awaiting: Collection[str]
) -> dict[str, str]:
    refused = await index.refusals_of(names)
    seen = await index.first_digests(names)
    lost = dict.fromkeys(
        seen, "it was held, and its bytes are damaged or gone: it is fetched again"
    )
    words = {
        name: f"refused: {'; '.join(reason.text for reason in refusal.reasons)}"
        for name, refusal in refused.items()
        if refusal.reasons
    }
    return lost | words | dict.fromkeys(awaiting, "it awaits a second look")


def _offered(census: Census, wanted: Collection[str], recalled: Collection[str]) -> dict[str, str]:
    """Return the board of each name on demand; what was pinned since is that no longer."""
    offered = census.offered()
    for name in offered.keys() & (set(wanted) | set(recalled)):
        del offered[name]
    return offered


def _by_port(
    census: Census,
    counted: Counted,
    offered: Mapping[str, str],
    absent: Iterable[str],
    known: Known,
) -> tuple[PortStatus, ...]:
    ports = census.ports
    found: defaultdict[str | None, PortStatus] = defaultdict(lambda: PortStatus(None))
    for group, artifacts in counted.artifacts.items():
        amount = Amount(artifacts, counted.size[group])
        found[ports.get(group.board)] += PortStatus(
            None,
            held=Amount() if group.on_demand else amount,
            cached=amount if group.on_demand else Amount(),
            withdrawn=amount if group.withdrawn else Amount(),
        )
    for board, names in Counter(offered.values()).items():
        found[ports.get(board)] += PortStatus(None, on_demand=names)
    for port, names in Counter(_port_of(name, ports) for name in absent).items():
        found[port] += PortStatus(None, missing=names)
    for note in known.notes:
        amount = Amount(1, note.size or 0)
        found[_port_of(note.name, ports)] += PortStatus(None, quarantined=amount)
    named = [PortStatus(port) + part for port, part in found.items()]
    return tuple(sorted(named, key=lambda one: (one.port is None, one.port or "")))


def _port_of(name: str, ports: Mapping[str, str | None]) -> str | None:
    try:
        return ports.get(ArtifactName.parse(name).board)
    except MirrorError:
        # An own build, or a name that upstream never had.
        return None
