"""Files on demand go when room is needed, least recently asked for first; no others do."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.config.water import Water
from mirror.errors import DiskFullError
from mirror.sync.wanted import remember_wanted
from mirror.upkeep.accesses import Accesses
from mirror.upkeep.room import EVICTED, RoomOnDemand, Waters
from tests.upkeep.pruning import ESP, NEW, OLD, OLDEST, Scene, digest_of, image, scene_at
from tests.upkeep.pruning import NOON as NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SIZE = len(image(NEW))
ON_DEMAND = (OLD, OLDEST, ESP)


@dataclass(frozen=True, slots=True)
class Full:
    """A store that holds one published file and three on demand, each asked for in turn."""

    scene: Scene
    accesses: Accesses

    def room(self, high: int, low: int | None = None) -> RoomOnDemand:
        """Return who makes room for files of so many *SIZE*s."""
        waters = Waters(high=_water(high), low=None if low is None else _water(low))
        return RoomOnDemand(self.scene.pruner, waters, self.accesses)

    def left(self) -> set[str]:
        """Return which of the files are there."""
        return {name for name in (NEW, *ON_DEMAND) if self.scene.has(name)}


def _water(sizes: int) -> Water:
    return Water(sizes * SIZE + SIZE // 2, None)


@asynccontextmanager
async def full(folder: Path) -> AsyncIterator[Full]:
    """Fill a store."""
    async with scene_at(folder) as scene:
        accesses = Accesses(lambda: scene.now)
        await scene.take(NEW)
        await scene.publish(NEW, offered=ON_DEMAND)
        for name in ON_DEMAND:
            scene.serve(minutes=1)
            await scene.take(name)
        yield Full(scene, accesses)


async def test_nothing_goes_while_there_is_room(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        await store.room(5).demand(SIZE)

        assert store.left() == {NEW, *ON_DEMAND}


async def test_without_high_water_nothing_is_counted(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        room = RoomOnDemand(store.scene.pruner, Waters(), store.accesses)
        await room.demand(1 << 60)

        assert store.left() == {NEW, *ON_DEMAND}


async def test_above_high_water_the_longest_not_asked_for_goes_down_to_low_water(
    tmp_path: Path,
) -> None:
    async with full(tmp_path) as store:
        store.scene.serve(minutes=1)
        store.accesses.note([digest_of(OLD)])
        await store.room(4, 3).demand(SIZE)
        removals = await store.scene.removals()

        assert store.left() == {NEW, OLD}
        assert [(one.names, one.reason) for one in removals] == [
            ((OLDEST,), EVICTED),
            ((ESP,), EVICTED),
        ]


async def test_accesses_that_were_written_down_count_too(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        store.scene.serve(minutes=1)
        store.accesses.note([digest_of(OLD)])
        await store.accesses.write(store.scene.store.index)
        await store.room(4, 4).demand(SIZE)

        assert store.left() == {NEW, OLD, ESP}


async def test_what_is_published_never_goes_for_room(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        with pytest.raises(DiskFullError, match=r"disk\.high_water"):
            await store.room(1).demand(SIZE)

        assert store.left() == {NEW}


async def test_what_is_pinned_or_wanted_never_goes_for_room(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        store.scene.pinned = {digest_of(OLD)}
        await remember_wanted(store.scene.store.index, [OLDEST])
        with pytest.raises(DiskFullError):
            await store.room(1).demand(SIZE)

        assert store.left() == {NEW, OLD, OLDEST}


async def test_what_upstream_no_longer_lists_never_goes_for_room(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        await store.scene.publish(NEW, offered=[OLD])
        with pytest.raises(DiskFullError):
            await store.room(1).demand(SIZE)

        assert store.left() == {NEW, OLDEST, ESP}


async def test_what_a_publication_in_grace_names_never_goes_for_room(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        await store.scene.publish(NEW, OLD)
        await store.scene.publish(NEW, offered=ON_DEMAND)
        with pytest.raises(DiskFullError):
            await store.room(1).demand(SIZE)

        assert store.left() == {NEW, OLD}


async def test_while_the_clock_is_in_doubt_nothing_goes_for_room(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        store.scene.now += timedelta(days=1)
        with pytest.raises(DiskFullError, match="jumped"):
            await store.room(1).demand(SIZE)

        assert store.left() == {NEW, *ON_DEMAND}


async def test_files_that_come_are_counted(tmp_path: Path) -> None:
    """Whoever is let in takes room from who comes after."""
    async with full(tmp_path) as store:
        room = store.room(6, 6)
        async with room.taking(SIZE), room.taking(SIZE):
            before = store.left()
            with pytest.raises(DiskFullError):
                await room.demand(4 * SIZE)

        assert (before, store.left()) == ({NEW, *ON_DEMAND}, {NEW})


async def test_of_many_who_come_at_once_only_so_many_find_room(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        store.scene.pinned = {digest_of(name) for name in ON_DEMAND}
        room = store.room(6)
        taking = [room.taking(SIZE) for _ in range(5)]
        found = await asyncio.gather(*(one.__aenter__() for one in taking), return_exceptions=True)

    assert [type(one) for one in found] == [type(None)] * 2 + [DiskFullError] * 3


def test_of_too_many_accesses_the_oldest_are_forgotten() -> None:
    accesses = Accesses(lambda: NOW)
    accesses.note(digest_of(str(number)) for number in range(20_001))

    assert accesses.latest(digest_of("0")) is None
    assert accesses.latest(digest_of("20000")) == NOW


async def test_a_share_is_one_of_the_disk(tmp_path: Path) -> None:
    async with full(tmp_path) as store:
        waters = Waters(high=Water(None, 0.0))
        room = RoomOnDemand(store.scene.pruner, waters, store.accesses)
        with pytest.raises(DiskFullError):
            await room.demand(0)

        assert store.left() == {NEW}
