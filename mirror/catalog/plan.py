"""What of a catalog is to be held, and what of that is still to be fetched.

For each board and variant the policy's kinds are looked at, and of those the newest versions.
A *version* counts once, however often it is listed: the first build of it on the page is the
one that is wanted (``upstream.md`` U7 and U8: a second date of one version is listed below the
right one).  A later build of it is wanted only when it is held already: nothing that is held
is given up because of an order on a page.  Previews count per variant as well, so that a
variant which is no longer built keeps its last ones (U6), and a preview counts although its
release is out (U19).  Versions from before ``since`` do not count; dates decide nothing else.

What is pinned is wanted whatever the policy says.

Each listing has a ruling, which names the setting that decided; the plan is what the rulings
come to.  A plan is a value: the same catalog, holdings and policy give the same plan.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Maturity
from mirror.catalog.model import Catalog, CatalogBoard, Listing
from mirror.catalog.policy import FLASHABLE, Newest, Override, Policy, Reason, Rule, Terms
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from mirror.catalog.names import ArtifactName

__all__ = [
    "FLASHABLE",
    "Holds",
    "Newest",
    "Override",
    "Policy",
    "Reason",
    "Rule",
    "Ruling",
    "Skipped",
    "SyncPlan",
    "plan",
    "rule_on",
]

Holds = Callable[[str], bool] | Container[str]
"""Whether an artifact of this name is held and accepted."""

Pinned = Mapping[str, str]
"""The id of the pin by the name of each artifact that is pinned."""

NO_PINS: Pinned = MappingProxyType({})

_OF_BOARDS = (Reason.BOARD, Reason.PORT, Reason.VENDOR, Reason.MCU)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy says of one listing: whether it is wanted, why, and by which setting."""

    listing: Listing
    reason: Reason
    rule: Rule

    @property
    def wanted(self) -> bool:
        """Whether the listing is to be held."""
        return self.reason.wanted


@dataclass(frozen=True, slots=True)
class Skipped:
    """Listings that the plan leaves on demand, counted by the reason."""

    boards: int = 0
    kinds: int = 0
    older: int = 0
    repeated: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What to hold, in the order in which it is fetched, and what is missing of it.

    ``fetch`` is the part of ``wanted`` that is not held, each name once, in the same order:
    board by board, so that whole boards can be published early, and newest first within a
    board.
    """

    fetch: tuple[Listing, ...]
    wanted: tuple[Listing, ...]
    skipped: Skipped


def plan(catalog: Catalog, holds: Holds, policy: Policy, pinned: Pinned = NO_PINS) -> SyncPlan:
    """Return what *policy* and pins want of *catalog*, and what of that *holds* does not have.

    Boards come in the order of the policy's patterns, then those with less to fetch, then
    by id.
    """
    held = _held(holds)
    choices = [_chosen(board, held, policy, pinned) for board in catalog.boards]
    choices.sort(key=lambda choice: choice.order(held))
    wanted = tuple(itertools.chain.from_iterable(choice.wanted for choice in choices))
    return SyncPlan(
        fetch=_missing(wanted, held),
        wanted=wanted,
        skipped=_total(choice.skipped for choice in choices),
    )


def rule_on(
    board: CatalogBoard, holds: Holds, policy: Policy, pinned: Pinned = NO_PINS
) -> tuple[Ruling, ...]:
    """Return what *policy* and pins say of every listing of *board*, in the page's order."""
    rulings = _ruled_by_policy(board, holds, policy)
    return tuple(_outranked(ruling, pinned) for ruling in rulings) if pinned else rulings


def pin_rule(pin: str) -> Rule:
    """Return the rule that the pin with this id is."""
    return Rule("pin", pin)


def _outranked(ruling: Ruling, pinned: Pinned) -> Ruling:
    pin = pinned.get(str(ruling.listing.name))
    return ruling if pin is None else replace(ruling, reason=Reason.PINNED, rule=pin_rule(pin))


def _ruled_by_policy(board: CatalogBoard, holds: Holds, policy: Policy) -> tuple[Ruling, ...]:
    refusal = policy.refusal(board.facts)
    if refusal is not None:
        return tuple(Ruling(listing, *refusal) for listing in board.listings)
    terms = policy.terms(board.facts.board)
    usable = [listing for listing in board.listings if listing.name.kind in terms.kinds]
    rule = terms.kinds_rule()
    rulings = [
        Ruling(listing, Reason.KIND, rule)
        for listing in board.listings
        if listing.name.kind not in terms.kinds
    ]
    for series in _series(usable, board.facts.port):
        rulings.extend(_ruled(series, _held(holds), terms))
    return tuple(sorted(rulings, key=lambda ruling: ruling.listing.position))


def _held(holds: Holds) -> Callable[[str], bool]:
    return holds if callable(holds) else holds.__contains__


@dataclass(frozen=True, slots=True)
class _Choice:
    """The part of a plan that concerns one board."""

    board: str
    rank: int
    wanted: tuple[Listing, ...]
    skipped: Skipped

    def order(self, held: Callable[[str], bool]) -> tuple[int, int, str]:
        missing = sum(not held(str(listing.name)) for listing in self.wanted)
        return self.rank, missing, self.board


def _chosen(
    board: CatalogBoard, held: Callable[[str], bool], policy: Policy, pinned: Pinned
) -> _Choice:
    rulings = rule_on(board, held, policy, pinned)
    wanted = [ruling.listing for ruling in rulings if ruling.wanted]
    rank = policy.rank(board)
    skipped = _skipped(Counter(ruling.reason for ruling in rulings))
    return _Choice(board.facts.board, rank or 0, _newest_first(wanted), skipped)


def _skipped(counts: Counter[Reason]) -> Skipped:
    return Skipped(
        boards=sum(counts[reason] for reason in _OF_BOARDS),
        kinds=counts[Reason.KIND],
        older=counts[Reason.OLDER],
        repeated=counts[Reason.REPEATED],
        since=counts[Reason.SINCE],
    )


def _ruled(
    series: Sequence[Listing], held: Callable[[str], bool], terms: Terms
) -> Iterator[Ruling]:
    """Rule on the listings of one variant and maturity."""
    maturity = series[0].name.maturity
    depth, rule, since_rule = terms.depth(maturity), terms.depth_rule(maturity), terms.since_rule()
    counted = 0
    for version in _versions(series):
        # The build that is listed first stands for its version.
        first = min(version, key=lambda listing: listing.position)
        if terms.leaves_out(first.name):
            yield from (Ruling(listing, Reason.SINCE, since_rule) for listing in version)
            continue
        counted += 1
        for listing in version:
            fits = depth is None or counted <= depth
            reason = _reason(listing.name, first.name, held) if fits else Reason.OLDER
            yield Ruling(listing, reason, rule)


def _reason(name: ArtifactName, first: ArtifactName, held: Callable[[str], bool]) -> Reason:
    """Return why an artifact of a wanted version is wanted or left, by the build listed first."""
    if same_build(name, first):
        return Reason.NEWEST
    return Reason.HELD if held(str(name)) else Reason.REPEATED


def _series(listings: Iterable[Listing], port: str | None) -> Iterable[Sequence[Listing]]:
    """Part the listings of a board by variant and maturity."""
    found: dict[tuple[str | None, Maturity], list[Listing]] = {}
    for listing in listings:
        key = listing.name.present(port).variant, listing.name.maturity
        found.setdefault(key, []).append(listing)
    return found.values()


def _versions(series: Iterable[Listing]) -> list[list[Listing]]:
    """Part a series by version, newest version first, the page's order within each."""
    found: list[list[Listing]] = []
    by_page = sorted(series, key=lambda listing: listing.position)
    for listing in sorted(by_page, key=lambda listing: listing.name.version, reverse=True):
        if found and found[-1][0].name.version.same_rank(listing.name.version):
            found[-1].append(listing)
        else:
            found.append([listing])
    return found


def _missing(wanted: Iterable[Listing], held: Callable[[str], bool]) -> tuple[Listing, ...]:
    found: dict[str, Listing] = {}
    for listing in wanted:
        if not held(str(listing.name)):
            found.setdefault(str(listing.name), listing)
    return tuple(found.values())


def same_build(one: ArtifactName, other: ArtifactName) -> bool:
    """Whether both are files of one build, of whatever kind."""
    return (one.stem, one.date, one.version) == (other.stem, other.date, other.version)


def _newest_first(listings: Iterable[Listing]) -> tuple[Listing, ...]:
    """Releases before previews, newer before older, else the page's order."""
    ordered = sorted(listings, key=lambda listing: listing.position)
    ordered.sort(key=lambda listing: listing.name.version, reverse=True)
    ordered.sort(key=lambda listing: listing.name.maturity is Maturity.PREVIEW)
    return tuple(ordered)


def _total(parts: Iterable[Skipped]) -> Skipped:
    found = list(parts)
    return Skipped(
        boards=sum(part.boards for part in found),
        kinds=sum(part.kinds for part in found),
        older=sum(part.older for part in found),
        repeated=sum(part.repeated for part in found),
        since=sum(part.since for part in found),
    )
