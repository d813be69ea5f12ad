"""What pruning may and must do, in plain sets; and a store that does the same beside it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st

from mirror.config.water import Water
from mirror.errors import DiskFullError
from mirror.sync.wanted import remember_wanted
from mirror.upkeep.accesses import Accesses
from mirror.upkeep.check import check
from mirror.upkeep.room import RoomOnDemand, Waters
from tests.storage.disks import EIO
from tests.upkeep.pruning import ESP, GRACE, NEW, OLD, OLDEST, RULE, Scene, digest_of, gone, later

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRACE_HOURS = GRACE.total_seconds() / 3600
POOL = (NEW, OLD, OLDEST, ESP, "ESP32_GENERIC-20251209-v1.27.0.bin")


@dataclass(frozen=True)
class Take:
    """A file comes."""

    name: str


@dataclass(frozen=True)
class Publish:
    """What is held of *names* is published, and what is left of *offered* is on demand."""

    names: frozenset[str]
    offered: frozenset[str]


@dataclass(frozen=True)
class Rules:
    """From now on the policy lets go and wants these, and those are pinned."""

    let_go: frozenset[str]
    wanted: frozenset[str]
    pinned: frozenset[str]


@dataclass(frozen=True)
class Serve:
    """Hours of service go by."""

    hours: int


@dataclass(frozen=True)
class Promote:
    """A channel moves to the current publication."""


@dataclass(frozen=True)
class Prune:
    """The store is pruned."""


@dataclass(frozen=True)
class Fail:
    """The store is pruned, its *n*-th disk operation fails, and it is pruned again."""

    n: int


@dataclass(frozen=True)
class Crowd:
    """So much room is needed that all of it is not enough."""


Step: TypeAlias = Take | Publish | Rules | Serve | Promote | Prune | Fail | Crowd

NAMES = st.sampled_from(POOL)
SETS = st.frozensets(NAMES)
STEPS = st.lists(
    st.builds(Take, NAMES)
    | st.builds(Publish, SETS, SETS)
    | st.builds(Rules, SETS, st.frozensets(NAMES, max_size=1), st.frozensets(NAMES, max_size=1))
    | st.builds(Serve, st.integers(1, 80))
    | st.just(Promote())
    | st.just(Prune())
    | st.builds(Fail, st.integers(1, 40))
    | st.just(Crowd()),
    min_size=5,
    max_size=25,
)


@dataclass
class Model:
    """What is held, what each publication named, and since when (hours) each is superseded."""

    held: set[str] = field(default_factory=set)
    published: list[frozenset[str]] = field(default_factory=list)
    offered: frozenset[str] = frozenset()
    superseded: dict[int, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    channel: int | None = None
    rules: Rules = field(default_factory=lambda: Rules(frozenset(), frozenset(), frozenset()))
    hours: int = 0

    def look(self) -> None:
        """Find what is superseded."""
        for number in range(len(self.published) - 1):
            self.superseded.setdefault(number, self.hours)

    def reached(self) -> set[str]:
        """Return what is named by what is current, on a channel, or in grace."""
        return self._named() | {name for names in self._in_grace() for name in names}

    def leaving(self) -> set[str]:
        """Return what the policy lets go, sooner or later."""
        rules = self.rules
        return (self.held & rules.let_go) - rules.wanted - rules.pinned

    def staying(self) -> set[str]:
        """Return what does not go yet: it is reached, or on demand and came within the grace."""
        fresh = {name for name, then in self.taken.items() if self.hours - then < _GRACE_HOURS}
        return self.reached() | (fresh & self.offered)

    def crowded_out(self) -> set[str]:
        """Return what goes when nothing is left free."""
        rules = self.rules
        free = (self.held & self.offered) - rules.wanted - rules.pinned
        return free - self.reached()

    def _named(self) -> set[str]:
        current = self.published[-1:]
        channel = [] if self.channel is None else [self.published[self.channel]]
        return {name for names in (*current, *channel) for name in names}

    def _in_grace(self) -> Iterator[frozenset[str]]:
        for number, names in enumerate(self.published[:-1]):
            if self.hours - self.superseded[number] < _GRACE_HOURS:
                yield names


@dataclass
class Twins:
    """A model and a store to which the same happens; after each step they are compared."""

    scene: Scene
    model: Model = field(default_factory=Model)

    async def do(self, step: Step) -> None:
        """Do *step* to both."""
        match step:
            case Take(name):
                await self.scene.take(name)
                self.model.held.add(name)
                self.model.taken.setdefault(name, self.model.hours)
            case Publish():
                await self._publish(step)
            case Rules():
                await self._rule(step)
            case Serve(hours):
                self.scene.serve(hours=hours)
                self.model.hours += hours
            case Promote():
                await self._promote()
            case _:
                await self._let_go(step)
        await self._compare()

    async def _publish(self, step: Publish) -> None:
        names = step.names & self.model.held
        offered = step.offered - names
        await self.scene.publish(*sorted(names), offered=sorted(offered))
        self.model.published.append(names)
        self.model.offered = offered

    async def _rule(self, step: Rules) -> None:
        self.scene.let_go = dict.fromkeys(step.let_go, RULE)
        self.scene.pinned = {digest_of(name) for name in step.pinned}
        await remember_wanted(self.scene.store.index, step.wanted)
        self.model.rules = step

    async def _promote(self) -> None:
        if self.model.published:
            self.model.channel = len(self.model.published) - 1
            publications = self.scene.store.publications
            root = await publications.root(len(self.model.published))
            await publications.point("lab", root, after=await publications.current("lab"))

    async def _let_go(self, step: Step) -> None:
        # A look that only makes room begins no grace; in the model each look does.
        await self.scene.pruner.marked(save=True)
        self.model.look()
        match step:
            case Crowd():
                await self._crowd()
            case Fail(n):
                await self._fail(n)
            case _:
                await self._prune()

    async def _prune(self) -> None:
        leaving, staying = self.model.leaving(), self.model.staying()
        report = await self.scene.prune()
        assert gone(report) == leaving - staying
        assert later(report) == leaving & staying
        self.model.held -= leaving - staying

    async def _fail(self, n: int) -> None:
        going = self.model.leaving() - self.model.staying()
        with self.scene.disk.broken(n, EIO):
            await self.scene.pruner.prune(dry_run=False)
        assert {name for name in self.model.held if self.scene.has(name)} >= self.model.held - going
        await self.scene.prune()
        self.model.held -= going

    async def _crowd(self) -> None:
        waters = Waters(high=Water(0, None))
        room = RoomOnDemand(self.scene.pruner, waters, Accesses(lambda: self.scene.now))
        with contextlib.suppress(DiskFullError):
            await room.demand(0)
        self.model.held -= self.model.crowded_out()

    async def _compare(self) -> None:
        on_disk = {name for name in POOL if self.scene.has(name)}
        in_index = {one.name async for one in self.scene.store.index.held()}
        assert on_disk == in_index == self.model.held
        assert (await check(self.scene.store, _nobody)).damages == ()


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""
