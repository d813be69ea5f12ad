"""When upstream has taken a file off its pages, and when it only seems so.

Upstream's pages fail in ways that look whole (``upstream.md`` U1 to U3), so one look proves
nothing.  A file is *withdrawn* when two crawls, a set time or more apart, both missed it, and
no crawl between them saw it.  A crawl *misses* a file when it read the page of the file's
board whole, or was told that there is no such page, and the file stands on no page at all:
neither on one that was read, nor on the last good one of a page that could not be read.  A
page that did not change counts as read; one that could not be read tells nothing.

While the clock is doubtful nothing is missed and nothing withdrawn, and all counting begins
anew.  What is listed again is withdrawn no more, whatever the clock shows.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from enum import Enum, auto

from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Absence:
    """*since* is the first crawl that missed a file; *withdrawn* when that was believed."""

    since: datetime
    withdrawn: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A file that was listed once, the board that it belongs to, and since when it is missed."""

    name: str
    board: str
    absence: Absence | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one crawl saw.

    ``listed`` are the names on pages that it read, ``remembered`` those on the last good ones
    of pages that it could not read.  ``read`` are the ids of boards whose page it read whole,
    or that have none any more.
    """

    listed: Container[str]
    remembered: Container[str]
    read: Container[str]


@dataclass(frozen=True, slots=True)
class Findings:
    """What follows from a crawl; nothing else changes.

    ``missed`` are missed for the first time, ``cleared`` no longer, ``withdrawn`` are so from
    now on, ``returned`` were withdrawn and are listed again.
    """

    missed: tuple[Known, ...] = ()
    cleared: tuple[Known, ...] = ()
    withdrawn: tuple[Known, ...] = ()
    returned: tuple[Known, ...] = ()


class _Ruling(Enum):
    NOTHING = auto()
    MISSED = auto()
    CLEARED = auto()
    WITHDRAWN = auto()
    RETURNED = auto()


def find_withdrawn(
    known: Iterable[Known], sight: Sight, now: datetime | None, after: timedelta
) -> Findings:
    """Return what *sight* means for each of *known*, at *now* (None: the clock is doubtful).

    *after* is the time that two crawls that miss a file must be apart.
    """
    ruled: dict[_Ruling, list[Known]] = {ruling: [] for ruling in _Ruling}
    for one in known:
        ruled[_rule(one, sight, now, after)].append(one)
    return Findings(
        missed=tuple(ruled[_Ruling.MISSED]),
        cleared=tuple(ruled[_Ruling.CLEARED]),
        withdrawn=tuple(ruled[_Ruling.WITHDRAWN]),
        returned=tuple(ruled[_Ruling.RETURNED]),
    )


def _rule(one: Known, sight: Sight, now: datetime | None, after: timedelta) -> _Ruling:
    if one.absence is not None and one.absence.withdrawn is not None:
        return _Ruling.RETURNED if one.name in sight.listed else _Ruling.NOTHING
    if one.name in sight.listed or now is None:
        return _Ruling.NOTHING if one.absence is None else _Ruling.CLEARED
    if one.name in sight.remembered or one.board not in sight.read:
        return _Ruling.NOTHING
    if one.absence is None:
        return _Ruling.MISSED
    return _Ruling.WITHDRAWN if now - one.absence.since >= after else _Ruling.NOTHING
