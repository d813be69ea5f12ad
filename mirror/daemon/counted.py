"""The counts of a status as values: by port, and how much of what is asked for is held."""

from __future__ import annotations

from typing import Final

from mirror.frozen import dataclass

#: So many names that are asked for and not held are listed; the number is exact.
MOST_NAMED: Final = 100


@dataclass(frozen=True, slots=True)
class Amount:
    """So many artifacts, and their bytes together."""

    artifacts: int = 0
    size: int = 0

    def __add__(self, other: Amount) -> Amount:
        """Return both together."""
        return Amount(self.artifacts + other.artifacts, self.size + other.size)


@dataclass(frozen=True, slots=True)
class PortStatus:
    """What there is of one port; None stands for what no page tells the port of.

    ``held`` is what the policy, pins or a publication hold, of which ``withdrawn`` is no longer
    listed upstream.  ``on_demand`` counts names that are fetched at the first request; ``cached``
    of them were.  ``quarantined`` was refused, ``missing`` is asked for and not held.
    """

    port: str | None
    held: Amount = Amount()
    on_demand: int = 0
    cached: Amount = Amount()
    withdrawn: Amount = Amount()
    quarantined: Amount = Amount()
    missing: int = 0

    def __add__(self, other: PortStatus) -> PortStatus:
        """Return both together, as of this one's port."""
        return PortStatus(
            self.port,
            self.held + other.held,
            self.on_demand + other.on_demand,
            self.cached + other.cached,
            self.withdrawn + other.withdrawn,
            self.quarantined + other.quarantined,
            self.missing + other.missing,
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """An artifact that is asked for and not held, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of what policy and pins ask for is held: all that the last run wanted, and pins.

    ``wanted`` = ``held`` + ``awaiting`` a second look + ``dealt_with`` (acknowledged) +
    ``missing``; what is recalled is not wanted.  ``share`` is from 0 to 1, and 1 only when
    nothing is missing and nothing awaits anything.  ``names`` are the first hundred that are
    missing or await a second look; their number is exact.
    """

    wanted: int
    held: int
    awaiting: int = 0
    dealt_with: int = 0
    names: tuple[Missing, ...] = ()

    missing: int = 0
    share: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether nothing is missing and nothing awaits anything."""
        return self.held + self.dealt_with >= self.wanted


def share_of(part: int, whole: int) -> float:
    """Return *part* of *whole*, from 0 to 1, in ten thousandths; 1 only when it is all."""
    return 1.0 if part >= whole else part * 10_000 // whole / 10_000
