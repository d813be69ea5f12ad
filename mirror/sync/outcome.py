"""How a sync run is going, and how it ended: the same words for log, status and exit.

A run is *complete* when everything that the policy asks for is held and accepted, and
every page could be read; nothing less ends with exit status 0.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_REMARKS: Final = 200


class Ending(StrEnum):
    """What a run came to."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"


class Phase(StrEnum):
    """What a run is doing."""

    CRAWL = "crawl"
    FETCH = "fetch"
    LOOK = "look again"
    PACKAGES = "packages"
    PHOTOGRAPHS = "photographs"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase is: pages or files done of all, and bytes received in this run."""

    phase: Phase
    done: int
    total: int
    received_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something asked for that is not held, or not known: what, and why, in one sentence."""

    subject: str
    text: str

    @property
    def reason(self) -> str:
        """The text without the subject, where it begins with that."""
        return self.text.removeprefix(f"{self.subject}: ")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one run.

    ``wanted`` and ``held`` count artifacts of the policy; ``fetched`` those new in this
    run; ``sequence`` is the newest publication, None when there is none yet.  ``remarks``
    name what stood on upstream's pages and was left out, such as odd links; ``dealt_with``
    what is wanted and not held by somebody's judgement: neither keeps a run from being
    complete.  ``looked_again`` counts held files that were fetched once more
    to be compared, ``second_fetches`` those that were new and are now confirmed, or refused.
    ``awaiting`` names what came and awaits a second look: no failure, and not held either.
    ``cause`` is a word of `mirror.sync.causes` where the run ended early.  ``aside`` names what
    is wrong with packages and photographs: it is said, and no firmware is missing for it.
    """

    ending: Ending
    message: str
    exit_status: int
    sequence: int | None = None
    wanted: int = 0
    held: int = 0
    fetched: int = 0
    received_bytes: int = 0
    troubles: tuple[Trouble, ...] = ()
    remarks: tuple[Trouble, ...] = ()
    dealt_with: tuple[Trouble, ...] = ()
    looked_again: int = 0
    second_fetches: int = 0
    awaiting: tuple[Trouble, ...] = ()
    cause: str | None = None
    aside: tuple[Trouble, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything asked for is held and accepted."""
        return self.exit_status == 0

    def shortened(self, most: int) -> Outcome:
        """Return the same outcome with at most *most* of each list named."""
        return replace(
            self,
            troubles=self.troubles[:most],
            remarks=self.remarks[:most],
            dealt_with=self.dealt_with[:most],
            awaiting=self.awaiting[:most],
            aside=self.aside[:most],
        )

    def counts(self) -> dict[str, int]:
        """Return the numbers of this run by name, for its record."""
        return {
            "wanted": self.wanted,
            "held": self.held,
            "fetched": self.fetched,
            "received_bytes": self.received_bytes,
            "troubles": len(self.troubles),
            "looked_again": self.looked_again,
            "second_fetches": self.second_fetches,
            "awaiting": len(self.awaiting),
            "aside": len(self.aside),
        }


def first_remarks(remarks: Sequence[Trouble]) -> Sequence[Trouble]:
    """Return *remarks*, the first 200 of them if there are more, and how many those are."""
    if len(remarks) <= MOST_REMARKS:
        return remarks
    more = f"{len(remarks) - MOST_REMARKS} more things on pages were left out"
    return [*remarks[:MOST_REMARKS], Trouble("…", more)]


def missing_words(missing: int, waiting: int, troubles: int) -> str:
    """Say how many files are *missing* or *waiting*, and how many *troubles* are named."""
    parts = [
        _number(missing, "file is not held", "files are not held"),
        _number(waiting, "file awaits a second look", "files await a second look"),
        _number(troubles, "trouble is named", "troubles are named"),
    ]
    return ", ".join(part for part in parts if part)


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""
