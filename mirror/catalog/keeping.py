"""What of the artifacts that are held stays held, and by which rule each does.

What is pinned stays, and what the policy wants.  Of the rest, what was held once, the newest
versions of each variant stay that ``keep_releases`` and ``keep_previews`` say, whatever
boards, kinds and depths the policy wants today.  A version counts once, with all its files,
and those that are wanted count too.  Only names decide: no clock, no page, no order.  So a
page that failed lets nothing go that these rules keep, and a rule that keeps more lets
nothing go that one with less had kept.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mirror.catalog.names import ArtifactName
from mirror.catalog.plan import NO_PINS, Pinned, Ruling, pin_rule
from mirror.catalog.policy import Keep, Newest, Policy, Reason, Rule
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from mirror.catalog.kinds import Maturity


@dataclass(frozen=True, slots=True)
class Keeping:
    """What becomes of one held artifact: whether it stays held, why, and by which setting."""

    name: ArtifactName
    reason: Reason
    rule: Rule

    @property
    def kept(self) -> bool:
        """Whether it stays held."""
        return self.reason.kept


def keeps(
    held: Iterable[ArtifactName],
    policy: Policy,
    *,
    port: str | None = None,
    rulings: Iterable[Ruling] = (),
    pinned: Pinned = NO_PINS,
) -> tuple[Keeping, ...]:
    """Return what becomes of each of *held*, the artifacts of one board, by name.

    *rulings* are those on what upstream lists of it (`mirror.catalog.plan.rule_on`), *port*
    is the board's.  With one exception the newest version of a variant is always kept: a
    setting of 0 keeps nothing that is not wanted.
    """
    wanted = {str(one.listing.name): one for one in rulings if one.wanted}
    found: list[Keeping] = []
    for series in _series(held, port):
        found.extend(_kept(series, policy))
    judged = (_outranked(keeping, wanted.get(str(keeping.name)), pinned) for keeping in found)
    return tuple(sorted(judged, key=lambda keeping: keeping.name))


def _outranked(keeping: Keeping, ruling: Ruling | None, pinned: Pinned) -> Keeping:
    pin = pinned.get(str(keeping.name))
    if pin is not None:
        return Keeping(keeping.name, Reason.PINNED, pin_rule(pin))
    return keeping if ruling is None else Keeping(keeping.name, ruling.reason, ruling.rule)


def _series(names: Iterable[ArtifactName], port: str | None) -> Iterable[Sequence[ArtifactName]]:
    """Part the artifacts of a board by variant and maturity."""
    found: dict[tuple[str | None, Maturity], list[ArtifactName]] = {}
    for name in sorted(set(names)):
        found.setdefault((name.present(port).variant, name.maturity), []).append(name)
    return found.values()


def _kept(series: Sequence[ArtifactName], policy: Policy) -> Iterator[Keeping]:
    keep, rule = policy.keep(series[0].maturity)
    newest = max(date.fromisoformat(name.date) for name in series)
    for place, version in enumerate(_versions(series)):
        for name in version:
            stays = _stays(keep, place, (newest - date.fromisoformat(name.date)).days)
            yield Keeping(name, Reason.KEPT if stays else Reason.LET_GO, rule)


def _stays(keep: Keep, place: int, older: int) -> bool:
    """Whether *keep* keeps the version at *place*, whose build is so many days *older*."""
    if isinstance(keep, Newest):
        return keep.count is None or place < keep.count
    return place == 0 or older <= keep.days


def _versions(series: Iterable[ArtifactName]) -> list[list[ArtifactName]]:
    """Part a series by version, newest first."""
    found: list[list[ArtifactName]] = []
    for name in sorted(series, key=lambda name: name.version, reverse=True):
        if found and found[-1][0].version.same_rank(name.version):
            found[-1].append(name)
        else:
            found.append([name])
    return found


def still_held(
    held: Iterable[str], policy: Policy, port: str | None, wanted: Container[str]
) -> frozenset[str]:
    """Return those of *held*, names of one board, that are *wanted* or kept."""
    judged = keeps(map(ArtifactName.parse, held), policy, port=port)
    return frozenset(str(one.name) for one in judged if one.kept or str(one.name) in wanted)
