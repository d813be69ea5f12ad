"""Which versions there were, and when: the past that a replica begins with.

The dates are MicroPython's (``upstream.md`` section 7).  Invented versions, for tests that
need many files, are older than all of them, so that "the newest three" stays what it is.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirror.catalog.versions import Version
from tests.replica.builds import Build, listed_kinds, new_build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.replica.facts import BoardFact, Section

RELEASES: Final[dict[str, str]] = {
    "v1.28.0": "2026-04-06",
    "v1.27.0": "2025-12-09",
    "v1.26.1": "2025-09-11",
    "v1.26.0": "2025-08-09",
    "v1.25.0": "2025-04-15",
    "v1.24.1": "2024-11-29",
    "v1.24.0": "2024-10-25",
    "v1.23.0": "2024-06-02",
    "v1.22.2": "2024-02-22",
    "v1.22.1": "2024-01-05",
    "v1.22.0": "2023-12-27",
    "v1.21.0": "2023-10-05",
    "v1.20.0": "2023-04-26",
    "v1.19.1": "2022-06-18",
    "v1.18": "2022-01-17",
    "v1.17": "2021-09-02",
    "v1.16": "2021-06-18",
    "v1.15": "2021-04-18",
    "v1.14": "2021-02-02",
    "v1.13": "2020-09-02",
    "v1.12": "2019-12-20",
    "v1.11": "2019-05-29",
    "v1.10": "2019-01-25",
    "v1.9.4": "2018-05-11",
    "v1.9.3": "2017-11-01",
    "v1.9.2": "2017-08-23",
    "v1.9.1": "2017-06-11",
    "v1.9": "2017-05-26",
    "v1.8.7": "2017-01-08",
}
"""Releases, newest first, each with its date; v1.29.0 (2026-08-24) is for tests to release."""

_UPCOMING: Final = {"v1.29.0": "2026-08-24"}
_DATES_OF_PORT: Final = {("v1.16", "esp32"): "2021-06-23"}
PREVIEWS: Final[dict[str, str]] = {
    "v1.29.0-preview.678.g5f2181f938": "2026-08-07",
    "v1.29.0-preview.673.g06bcfd5b74": "2026-08-02",
    "v1.29.0-preview.657.gf013bb5195": "2026-07-30",
    "v1.29.0-preview.627.g8250ff1c11": "2026-07-26",
}
_STALE_PREVIEWS: Final[dict[str, str]] = {
    "v1.27.0-preview.503.g2bd337ef18": "2025-12-08",
    "v1.27.0-preview.497.g5b9f0e6a41": "2025-12-05",
    "v1.27.0-preview.489.g77c1d02be9": "2025-12-02",
    "v1.27.0-preview.484.ga60ed31f58": "2025-11-29",
}
_INVENTED_DAY = dt.date(2016, 11, 1)


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of the past: that many releases (None: all), previews and invented versions."""

    releases: int | None = 3
    previews: int = 1
    invented: int = 0


ALL: Final = Depth(releases=None, previews=4)
"""The whole past, as upstream's pages have it."""


def date_of(version: str, port: str) -> str:
    """Return the date of a known *version*; raise `KeyError` for another."""
    dates = RELEASES | PREVIEWS | _STALE_PREVIEWS | _UPCOMING
    return _DATES_OF_PORT.get((version, port)) or dates[version]


def past_of(fact: BoardFact, depth: Depth) -> Iterator[Build]:
    """Yield the builds of *fact* in page order, section by section."""
    for section in fact.sections:
        if section.since == "never":
            continue
        for version in _versions(section, depth):
            yield new_build(fact, section.variant, version, date_of(version, fact.port), None)
        for number in range(depth.invented, 0, -1):
            yield _invented(fact, section, number)
        for version, date in list(_previews(section).items())[: depth.previews]:
            yield new_build(fact, section.variant, version, date, None)


def depth_for(facts: Sequence[BoardFact], files: int) -> Depth:
    """Return the depth at which *facts* list at least *files* files."""
    known = sum(_listed(fact, ALL) for fact in facts)
    each = sum(_listed(fact, Depth(releases=0, previews=0, invented=2)) for fact in facts) / 2
    missing = max(0, files - known)
    return Depth(ALL.releases, ALL.previews, math.ceil(missing / max(1, each)))


def _listed(fact: BoardFact, depth: Depth) -> int:
    # The newest of a section lists one file more than this says, where ELF and map are apart.
    return sum(len(listed_kinds(build, newest=False)) for build in past_of(fact, depth))


def _versions(section: Section, depth: Depth) -> list[str]:
    first, last = Version.parse(section.since), Version.parse(section.until or "v1.28.0")
    fitting = [text for text in RELEASES if first <= Version.parse(text) <= last]
    return fitting[: depth.releases]


def _previews(section: Section) -> dict[str, str]:
    if section.until is None:
        return PREVIEWS
    # A variant that is no longer built shows its last four previews for ever.
    return _STALE_PREVIEWS if section.until == "v1.27.0" else {}


def _invented(fact: BoardFact, section: Section, number: int) -> Build:
    day = _INVENTED_DAY + dt.timedelta(days=number % 60)
    return new_build(fact, section.variant, f"v1.7.{number}", day.isoformat(), None)
