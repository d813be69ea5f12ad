"""What upstream does, day by day, for most of a year: good days, and each way that it lies.

Seeded: the same seed makes the same days.  The measures are those of ``upstream.md``: a build
every two to three days, four previews kept of each section, a page cut here and there; once
each a board renamed, a release built twice and taken back, the day without headings, days on
which nobody answers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.replica.misbehaviour import Misbehaviour

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.replica.replica import Replica

FIRST_DAY: Final = dt.date(2026, 8, 10)
DAYS: Final = 250
#: The boards that are renamed, built twice, and changed; a site must have them.
RENAMED: Final = ("ADAFRUIT_FEATHER_RP2040", "ADAFRUIT_FEATHER_RP2040_B")
TWICE: Final = "RPI_PICO_W"
CHANGED: Final = "RPI_PICO"
BARE: Final = "PYBV11"
_RELEASES: Final = {14: "v1.29.0", 78: "v1.30.0", 81: "v1.30.1", 150: "v1.31.0", 215: "v1.32.0"}
#: The newest preview of the past.
_NUMBER: Final = 678
_WITHOUT_HEADINGS: Final = 37
_AWAY: Final = range(120, 124)
#: One page has no headings and another is cut for so long that two crawls see it.
_BARE: Final = range(40, 47)


@dataclass(slots=True)
class Day:
    """What came of one day: whether upstream gave what it listed, and what it took back for good.

    ``sound`` days are those on which a crawl can be complete; ``away`` those without answers.
    """

    number: int
    date: dt.date
    sound: bool = True
    away: bool = False
    listed: set[str] = field(default_factory=set)
    delisted: set[str] = field(default_factory=set)


class Chronicle:
    """Plays upstream's days on *replica*."""

    def __init__(self, replica: Replica, random: Random) -> None:
        self._replica = replica
        self._random = random
        self._number = _NUMBER
        self._next_build = 2
        self._minor = 29
        self._names = set(replica.names())
        self._events = self._planned()
        self._odd_days = {*self._events, _BARE.start, _AWAY.start}
        self._releases = dict(_RELEASES)
        self._twice = ""
        #: Files whose bytes are others now than at first.
        self.changed: set[str] = set()

    def is_eventful(self, number: int) -> bool:
        """Whether something bad or odd begins upstream on day *number*, or began the day before."""
        return not self._odd_days.isdisjoint({number, number - 1})

    def dawn(self, number: int) -> Day:
        """Let day *number*, counted from 1, begin; what was wrong on the one before is right.

        What should have been on a day between is now.
        """
        date = FIRST_DAY + dt.timedelta(days=number)
        day = Day(number, date)
        self._replica.behave()
        for due in sorted(one for one in self._releases if one <= number):
            self._release(self._releases.pop(due), date)
        if number >= self._next_build:
            self._build(day)
        for due in sorted(one for one in self._events if one <= number):
            self._events.pop(due)(day)
        self._cut_some(day)
        if number in _BARE:
            self._replica.lose_headings(BARE)
            self._replica.cut(CHANGED)
            day.sound = False
        if number in _AWAY:
            self._replica.misbehave("*", Misbehaviour.UNAVAILABLE, None)
            day.away, day.sound = True, False
        self._count(day)
        return day

    # --- what happens --------------------------------------------------------------------

    def _planned(self) -> dict[int, Callable[[Day], None]]:
        return {
            33: self._without_headings,
            60: self._built_twice,
            63: self._taken_back,
            95: self._changed,
            110: self._renamed,
            132: self._one_withdrawn,
            160: self._half_the_boards,
            190: self._index_cut,
        }

    def _release(self, version: str, date: dt.date) -> None:
        self._replica.release_everywhere(version, date=date.isoformat())
        _, minor, patch = version.split(".")
        if patch == "0":
            self._minor, self._number = int(minor) + 1, 0

    def _build(self, day: Day) -> None:
        self._number += self._random.randint(1, 40)
        commit = f"g{self._random.getrandbits(40):010x}"
        version = f"v1.{self._minor}.0-preview.{self._number}.{commit}"
        before = set(self._replica.names())
        self._replica.release_everywhere(version, date=day.date.isoformat())
        self._replica.rotate()
        self._next_build = day.number + self._random.choice((2, 3, 3, 4))
        fresh = sorted(set(self._replica.names()) - before)
        if self._random.random() < 1 / 8:
            # Bytes that are none, once with status 200: the next run asks again.
            name = self._random.choice([one for one in fresh if one.startswith(CHANGED)])
            way = self._random.choice((Misbehaviour.ZEROS, Misbehaviour.PART_WRITTEN))
            self._replica.misbehave(name, way, None)
            day.sound = False

    def _without_headings(self, day: Day) -> None:
        for board in self._replica.boards[:_WITHOUT_HEADINGS]:
            self._replica.lose_headings(board)
        day.sound = False

    def _half_the_boards(self, day: Day) -> None:
        self._replica.misbehave("/download/", Misbehaviour.HALF_THE_BOARDS, None)
        day.sound = False

    def _index_cut(self, day: Day) -> None:
        self._replica.cut("/download/")
        day.sound = False

    def _built_twice(self, day: Day) -> None:
        self._twice = self._replica.release(TWICE, "v1.29.0", date=day.date.isoformat())[0]

    def _taken_back(self, _day: Day) -> None:
        self._replica.remove(self._twice)

    def _changed(self, _day: Day) -> None:
        for name in self._replica.names(CHANGED):
            if "-v1.30.1." in name:
                self._replica.change_bytes(name)
                self.changed.add(name)

    def _renamed(self, _day: Day) -> None:
        self._replica.rename_board(*RENAMED)

    def _one_withdrawn(self, _day: Day) -> None:
        name = next(one for one in self._replica.names(TWICE) if "-v1.28.0." in one)
        self._replica.withdraw(name)

    def _cut_some(self, day: Day) -> None:
        if self._random.random() < 1 / 12:
            for board in self._random.sample(self._replica.boards, 3):
                self._replica.cut(board)
            day.sound = False

    def _count(self, day: Day) -> None:
        names = set(self._replica.names())
        day.listed = names - self._names
        day.delisted = self._names - names
        self._names = names
