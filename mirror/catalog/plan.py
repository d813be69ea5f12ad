"""What of a catalog is to be held, and what of that is still to be fetched.

For each board and variant the policy's kinds are looked at, and of those the newest versions.
A *version* counts once, however often it is listed: the first build of it on the page is the
one that is wanted (``upstream.md`` U7 and U8: a second date of one version is listed below the
right one).  A later build of it is wanted only when it is held already: nothing that is held
is given up because of an order on a page.  Previews count per variant as well, so that a
variant which is no longer built keeps its last ones (U6), and a preview counts although its
release is out (U19).  Dates decide nothing.

A plan is a value: the same catalog, holdings and policy give the same plan.
"""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.model import Catalog, CatalogBoard, Listing

if TYPE_CHECKING:
    from mirror.catalog.names import ArtifactName

FLASHABLE = tuple(kind for kind in Kind if kind.flashable)
"""The kinds that somebody puts on a board."""

Holds = Callable[[str], bool] | Container[str]
"""Whether an artifact of this name is held and accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What to hold: the newest *releases* and *previews* of every board and variant.

    ``boards`` and ``ports`` are patterns in which ``*``, ``?`` and ``[…]`` have their usual
    meaning, upper and lower case apart; no port named means every port, and a port that is
    not known matches ``*`` only.  ``None`` for a depth means all.  Boards of an earlier
    pattern are fetched first.
    """

    boards: tuple[str, ...] = ("*",)
    ports: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = FLASHABLE
    releases: int | None = 3
    previews: int | None = 1

    def rank(self, board: CatalogBoard) -> int | None:
        """Return the place of the pattern that wants *board*, or None when none does."""
        port = board.facts.port or ""
        if self.ports and not any(fnmatch.fnmatchcase(port, wanted) for wanted in self.ports):
            return None
        for place, pattern in enumerate(self.boards):
            if fnmatch.fnmatchcase(board.facts.board, pattern):
                return place
        return None

    def depth(self, maturity: Maturity) -> int | None:
        """Return how many versions of this maturity are wanted of each variant."""
        return self.releases if maturity is Maturity.RELEASE else self.previews


@dataclass(frozen=True, slots=True)
class Skipped:
    """Listings that the plan leaves on demand, counted by the reason."""

    boards: int = 0
    kinds: int = 0
    older: int = 0
    repeated: int = 0


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


def plan(catalog: Catalog, holds: Holds, policy: Policy) -> SyncPlan:
    """Return what *policy* wants of *catalog*, and what of that *holds* does not have.

    Boards come in the order of the policy's patterns, then those with less to fetch, then
    by id.
    """
    held = holds if callable(holds) else holds.__contains__
    choices = [_chosen(board, held, policy) for board in catalog.boards]
    choices.sort(key=lambda choice: choice.order(held))
    wanted = tuple(itertools.chain.from_iterable(choice.wanted for choice in choices))
    return SyncPlan(
        fetch=_missing(wanted, held),
        wanted=wanted,
        skipped=_total(choice.skipped for choice in choices),
    )


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


def _chosen(board: CatalogBoard, held: Callable[[str], bool], policy: Policy) -> _Choice:
    name, rank = board.facts.board, policy.rank(board)
    if rank is None:
        return _Choice(name, 0, (), Skipped(boards=len(board.listings)))
    usable = [listing for listing in board.listings if listing.name.kind in policy.kinds]
    wanted: list[Listing] = []
    older = repeated = 0
    for series in _series(usable, board.facts.port):
        versions = _versions(series)
        chosen = versions[: policy.depth(series[0].name.maturity)]
        older += sum(map(len, versions[len(chosen) :]))
        taken = [listing for version in chosen for listing in _taken(version, held)]
        repeated += sum(map(len, chosen)) - len(taken)
        wanted.extend(taken)
    kinds = len(board.listings) - len(usable)
    skipped = Skipped(kinds=kinds, older=older, repeated=repeated)
    return _Choice(name, rank, _newest_first(wanted), skipped)


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


def _taken(version: Sequence[Listing], held: Callable[[str], bool]) -> list[Listing]:
    """Return the files of the build that is listed first, and of others what is held."""
    first = min(version, key=lambda listing: listing.position).name
    return [
        listing
        for listing in version
        if _same_build(listing.name, first) or held(str(listing.name))
    ]


def _missing(wanted: Iterable[Listing], held: Callable[[str], bool]) -> tuple[Listing, ...]:
    found: dict[str, Listing] = {}
    for listing in wanted:
        if not held(str(listing.name)):
            found.setdefault(str(listing.name), listing)
    return tuple(found.values())


def _same_build(one: ArtifactName, other: ArtifactName) -> bool:
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
    )
