"""Most of a year of upstream's history: after each day every promise still holds.

A day is played by `tests.replica.chronicle`, lived through by `tests.proofs.keeper`, and checked
by `tests.proofs.witness`.  In `make test` upstream is asked once a week, which is soon enough for
every preview, and daily while it does something bad or odd; all is checked every day.  In the long
tests it is asked daily, and limited child processes read what it says.

It failed when things were broken on purpose: a plan that leaves a wanted preview and a byte that
is served changed (on day 1), pages that are not read and count as empty (day 15), a withdrawal at
the first crawl that misses a name (day 29), graces that are over at once (P2, on day 63), and a
publisher that names what rotated away for ever (no preview was ever let go).
"""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

from mirror.sandbox import Sandbox
from tests.children import kept_sandbox
from tests.proofs.at_once import AtOnceLoop, at_once_sandbox
from tests.proofs.keeper import LATER, Keeper, keeper
from tests.proofs.witness import Witness
from tests.replica import Replica
from tests.replica.chronicle import DAYS, FIRST_DAY, TWICE, Chronicle, Day
from tests.replica.history import Depth

#: Days; every grace is shorter.
PRUNED_EVERY: Final = 5
#: By then Python, SQLite and the C library have taken what they keep.
SETTLED: Final = 50
#: Of both, the replica's share among them: a run that leaves something leaves a hundred.
MOST_MEMORY: Final = 40_000_000
MOST_FILES: Final = 10
#: Bytes: of a line of the ledger, and of ledger and database for a new listing.
MOST_EACH: Final = 1024


@dataclass(frozen=True, slots=True)
class Course:
    """How many boards (None: all), a crawl every so many days, and which year (None: any).

    There is one too when something bad or odd begins upstream, on the day after, and when
    somebody does something.  Foreign bytes are read in *sandbox*.
    """

    boards: int | None
    every: int
    seed: int | None = None
    sandbox: Callable[[], AbstractAsyncContextManager[Sandbox]] = kept_sandbox

    def __str__(self) -> str:
        return f"{self.boards or 'all'} boards, every {self.every}"


@dataclass(frozen=True, slots=True)
class Footprint:
    """Open files and memory of this process, ledger and database (all in bytes), and of what."""

    files: int
    memory: int
    ledger: int
    database: int
    lines: int
    listings: int


@pytest.mark.parametrize(
    "course",
    [
        Course(boards=60, every=7, seed=20260810, sandbox=at_once_sandbox),
        pytest.param(Course(boards=60, every=1), marks=pytest.mark.long),
        pytest.param(Course(boards=None, every=1), marks=pytest.mark.long),
    ],
    ids=str,
)
def test_a_year_of_upstream_breaks_no_promise(
    memory: Path, seed: int, course: Course, tell: Callable[[str], None]
) -> None:
    """Nothing is lost, false or missing on any day, and nothing grows but with what is new."""
    # What was imported is not to be looked through for rubbish every day, nor what is held each
    # time that a few hundred values are made.
    thresholds = gc.get_threshold()
    gc.set_threshold(20_000, *thresholds[1:])
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=AtOnceLoop) as runner:
            runner.run(_year(memory / "data", course, course.seed or seed, tell))
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


async def _year(data: Path, course: Course, seed: int, tell: Callable[[str], None]) -> None:
    replica = Replica.of_boards(course.boards, depth=Depth(releases=2, previews=1))
    replica.keep_little()
    begun, ticks = time.monotonic(), time.process_time()
    async with (
        replica.running() as url,
        course.sandbox() as sandbox,
        keeper(data, url, sandbox) as mirror,
    ):
        witness = Witness(mirror, replica, data)
        life = Life(mirror, replica, witness, Random(seed), course.every)  # noqa: S311 - a seeded history
        await life.until(SETTLED)
        before = life.footprint(data)
        await life.until(DAYS)
        after = life.footprint(data)
    growth = Growth(before, after)
    seconds = f"{time.monotonic() - begun:.0f} s ({time.process_time() - ticks:.0f} s of processor)"
    tell(f"{DAYS} days of {course} in {seconds}, seed {seed}: {life}; {growth}")

    assert witness.complete > DAYS / course.every / 2
    assert (witness.withdrawn > 0, witness.removed > 0, life.doubted > 1) == (True,) * 3
    assert after.files - before.files < MOST_FILES
    assert after.memory - before.memory < MOST_MEMORY
    assert growth.each_line < MOST_EACH
    assert growth.ledger + growth.database < MOST_EACH


@dataclass(frozen=True, slots=True)
class Growth:
    """What came to be between two looks."""

    before: Footprint
    after: Footprint

    @property
    def each_line(self) -> float:
        """Bytes of ledger for each line."""
        return (self.after.ledger - self.before.ledger) / (self.after.lines - self.before.lines)

    @property
    def ledger(self) -> float:
        """Bytes of ledger for each new listing."""
        return (self.after.ledger - self.before.ledger) / self._listings

    @property
    def database(self) -> float:
        """Bytes of database for each new listing."""
        return (self.after.database - self.before.database) / self._listings

    @property
    def _listings(self) -> int:
        return self.after.listings - self.before.listings

    def __str__(self) -> str:
        grown = (self.after.memory - self.before.memory) / 1_000_000
        files = self.after.files - self.before.files
        return (
            f"a listing takes {self.ledger:.0f} bytes of ledger ({self.each_line:.0f} a line) and"
            f" {self.database:.0f} of database; since day {SETTLED} {grown:+.1f} MB of memory and"
            f" {files:+} open files"
        )


class Life:
    """The days of one mirror, a crawl *every* so many, and what its people do."""

    def __init__(
        self, mirror: Keeper, replica: Replica, witness: Witness, random: Random, every: int
    ) -> None:
        self.doubted = 0
        self._requests = 0
        self._listings = 0
        self._today = 0
        self._pruned = 0
        self._every = every
        self._mirror = mirror
        self._replica = replica
        self._witness = witness
        self._random = random
        self._chronicle = Chronicle(replica, random)
        self._deeds = {
            30: self._fetch_on_demand,
            80: self._pin,
            100: self._set_clock_forward,
            104: self._set_clock_back,
            140: self._fetch_on_demand,
            165: self._change_policy,
            180: self._recall,
            200: self._fetch_on_demand,
        }

    def __str__(self) -> str:
        seen = self._witness
        return (
            f"{self._listings} listings, {self._requests} requests, {seen.sightings} files came,"
            f" {seen.withdrawn} were withdrawn, {seen.removed} let go"
        )

    async def until(self, last: int) -> None:
        """Live on, up to and with day *last*; after each day everything is checked."""
        while self._today < last:
            self._today += 1
            self._mirror.sleep(hours=8)
            if not self._is_crawled(self._today):
                # Nobody asks upstream today, and what is held is to be whole all the same.
                date = FIRST_DAY + timedelta(days=self._today)
                await self._witness.day_ends(Day(self._today, date))
            else:
                await self._live_through(self._chronicle.dawn(self._today))
            self._mirror.sleep(hours=16)

    def _is_crawled(self, number: int) -> bool:
        due = (number - 1) % self._every == 0 or number in self._deeds
        return due or self._chronicle.is_eventful(number)

    def footprint(self, data: Path) -> Footprint:
        """Look at this process, rubbish taken away, and at what is in *data*."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        with closing(sqlite3.connect(data / "mpmirror.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Footprint(
            files=len(list(Path("/proc/self/fd").iterdir())),
            memory=pages * os.sysconf("SC_PAGESIZE"),
            ledger=sum(path.stat().st_size for path in data.glob("ledger/*")),
            database=(data / "mpmirror.db").stat().st_size,
            lines=self._witness.lines,
            listings=self._listings,
        )

    async def _live_through(self, day: Day) -> None:
        due = sorted(number for number in self._deeds if number <= day.number)
        for number in due:
            await self._deeds.pop(number)()
        self._witness.crawl_begins(day)
        # Also as long as there are lines from a time that is still to come.
        self._witness.doubtful |= self._mirror.node.now < self._witness.newest
        outcome = await self._mirror.sync()
        await self._witness.crawl_ended(day, outcome, self._chronicle.changed)
        if self._witness.doubtful or day.number >= self._pruned + PRUNED_EVERY:
            self._pruned = day.number
            pruned = await self._mirror.prune()
            assert (pruned is None) == self._witness.doubtful, day
        await self._witness.day_ends(day)
        self.doubted += self._witness.doubtful
        self._witness.doubtful = False
        self._listings += len(day.listed)
        self._requests += len(self._replica.requests)
        self._replica.requests.clear()
        if self._random.random() < self._every / 25:
            names = sorted(self._witness.current.keys() & self._witness.wanted)
            await self._witness.serves(self._random.sample(names, 3))

    async def _fetch_on_demand(self) -> None:
        offered = self._witness.offered
        name = self._random.choice(
            [one for one in self._replica.names() if one in offered and "-preview" in one]
        )
        self._witness.learn([name])
        sighting = await self._mirror.fetch(name)
        assert sighting.name == name

    async def _pin(self) -> None:
        result = await self._mirror.pin(TWICE, "v1.27.0")
        assert result.exit_status == 0, result

    async def _recall(self) -> None:
        name = next(one for one in self._witness.current if one.startswith("ESP32_GENERIC-2"))
        await self._mirror.recall(name)
        await self._witness.serves([name])

    async def _change_policy(self) -> None:
        self._mirror.policy = LATER

    async def _set_clock_forward(self) -> None:
        self._mirror.node.sleep(days=10)
        self._witness.doubtful = True

    async def _set_clock_back(self) -> None:
        self._mirror.node.sleep(days=-10)
        self._witness.doubtful = True
