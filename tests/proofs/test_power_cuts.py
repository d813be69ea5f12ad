"""Cut the power at any instant of a sync, a fetch on demand or a heal: nothing is lost.

The whole node is recorded at work (`tests.proofs.scenes`); then every kind of disk that a
power cut could leave is made: bytes that were not synced lost, torn or there, names that were
not synced there or not, an older database or none.  Each is opened, and held against P1
(whole), P3 (durable), P4 (closed), P6 (nothing lost) and P7 (forward).  Some are cut once more
while they are mended, and on some the mirror then does its work to the end.

A seed chooses the same cuts again; what is recorded differs a little from time to time, where
tasks go on side by side.  What the power cut does to SQLite itself is SQLite's own promise.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mirror.errors import MirrorError
from tests.proofs.aftermath import violations
from tests.proofs.conftest import SEED
from tests.proofs.scenes import SCENES, Recording, opened, syncing
from tests.storage.power import RecordingDisk, Wreck

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mirror.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Of each scene, so that there are ten thousand; and for `make test` at least so many.
MANY: Final = 2_500
LEAST: Final = 50
#: Of processor, of each scene too: 20 of all together.
SECONDS: Final = 4.0


@dataclass(slots=True)
class Cuts:
    """Power cuts in one recording; ``states`` are the different disks that were looked at."""

    recording: Recording
    place: Path
    chance: random.Random
    states: set[str] = field(default_factory=set)
    instants: set[int] = field(default_factory=set)
    found: list[str] = field(default_factory=list)

    def round(self) -> list[int]:
        """Return every instant once, in any order."""
        instants = self.recording.instants()
        self.chance.shuffle(instants)
        return instants

    async def cut(self, end: int) -> None:
        """Cut the power after *end* operations, and look at one disk that this can leave."""
        left = self.place / "left"
        left.mkdir()
        try:
            data = await self._leave(left, end)
            self.instants.add(end)
            state = f"{end} {_fingerprint(left)}"
            if state not in self.states:
                self.states.add(state)
                await self._judge(data, end)
        finally:
            shutil.rmtree(left)

    async def _judge(self, data: Path, end: int) -> None:
        recording = self.recording
        finish = recording.finish if self.chance.random() < 0.05 else None
        found = await violations(
            data, recording.promised(end), recording.seen(end), recording.damaged, finish
        )
        self.found += [f"after {end} operations: {one}" for one in found]

    async def _leave(self, left: Path, end: int) -> Path:
        recording = self.recording
        first = left / "first"
        first.mkdir()
        Wreck(recording.root, recording.log[:end]).leave(self.chance, first)
        data = first / recording.root.name
        if data.is_dir() and self.chance.random() < 0.1:
            data = await self._cut_again(data, left)
        databases = recording.databases(end)
        if data.is_dir() and databases and self.chance.random() < 0.75:
            (data / "mpmirror.db").write_bytes(self.chance.choice(databases))
        return data

    async def _cut_again(self, data: Path, left: Path) -> Path:
        """Cut the power once more, while the traces of the first cut are mended."""
        disk = RecordingDisk()
        disk.adopt(data)
        known = len(disk.log)
        try:
            async with opened(data, disk):
                pass
        except MirrorError:
            return data  # which is then found out
        second = left / "second"
        second.mkdir()
        end = self.chance.randint(known, len(disk.log))
        Wreck(data, disk.log[:end]).leave(self.chance, second)
        return second / data.name


@pytest.mark.parametrize("name", SCENES)
async def test_a_power_cut_at_any_instant_breaks_no_promise(
    memory: Path, sandbox: Sandbox, seed: int, name: str, tell: Callable[[str], None]
) -> None:
    """Some dozens of disks, and as many more as the time allows."""
    ends = time.process_time() + SECONDS
    async with recorded(name, memory, sandbox, seed) as cuts:
        for end in endless(cuts):
            await cuts.cut(end)
            if len(cuts.states) >= LEAST and time.process_time() > ends:
                break
    tell(f"{name}: {len(cuts.states)} disks after a power cut looked at, {SEED}={seed}")

    assert cuts.found == []


@pytest.mark.long
@pytest.mark.parametrize("name", SCENES)
async def test_ten_thousand_disks_after_power_cuts_break_no_promise(
    memory: Path, sandbox: Sandbox, seed: int, name: str, tell: Callable[[str], None]
) -> None:
    """Every instant of every scene, again and again, each time another disk."""
    async with recorded(name, memory, sandbox, seed) as cuts:
        while len(cuts.states) < MANY:
            for end in cuts.round():
                await cuts.cut(end)
    tell(f"{name}: {len(cuts.states)} disks after a power cut looked at, {SEED}={seed}")

    assert cuts.found == []
    assert cuts.instants == set(cuts.recording.instants())


class NoSync(RecordingDisk):
    """A broken double: the bytes of no file are synced."""

    def sync(self, descriptor: int) -> None:
        """Forget to."""


class NoFolderSync(RecordingDisk):
    """A broken double: the names in no folder are synced, once folders are made."""

    def sync_folder(self, path: Path) -> None:
        """Forget to, but for the folders that hold folders."""
        if len(path.name) != 2 and path.name not in {"publications", "channels"}:
            super().sync_folder(path)


@pytest.mark.parametrize("disk", [NoSync, NoFolderSync])
async def test_a_disk_that_is_not_synced_is_found_out(
    memory: Path, sandbox: Sandbox, disk: type[RecordingDisk]
) -> None:
    """So the proofs above can fail: with either of the two syncs left out they do."""
    async with syncing(_root(memory, disk.__name__), sandbox, disk()) as recording:
        cuts = Cuts(recording, memory, random.Random(1))  # noqa: S311 - not for secrets
        instants = cuts.round()
        while not cuts.found and instants:
            await cuts.cut(instants.pop())

    assert cuts.found != []


@asynccontextmanager
async def recorded(name: str, memory: Path, sandbox: Sandbox, seed: int) -> AsyncIterator[Cuts]:
    """Record the scene *name*; its upstream stays until the block ends."""
    async with SCENES[name](_root(memory, name), sandbox, RecordingDisk()) as recording:
        yield Cuts(recording, memory, random.Random(f"{seed} {name}"))  # noqa: S311 - not for secrets


def endless(cuts: Cuts) -> Iterator[int]:
    """Yield instants for ever."""
    while True:
        yield from cuts.round()


def _root(memory: Path, name: str) -> Path:
    folder = memory / name.replace(" ", "-")
    folder.mkdir()
    return folder / "data"


def _fingerprint(folder: Path) -> str:
    hashing = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders.sort()
        hashing.update(f"{place[len(str(folder)) :]}\n".encode())
        for path in (Path(place, name) for name in sorted(names)):
            hashing.update(f"{path.name} {path.stat().st_mode}\n".encode() + path.read_bytes())
    return hashing.hexdigest()
