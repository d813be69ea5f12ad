"""Whatever operation of the disk fails, or statement of the database: nothing false, and mended.

For the n-th operation of a sync, a fetch on demand and a heal, opening the store included,
and for each error: the trouble is named in one sentence, nobody is told that all is well
unless it is, every promise holds on what is left, and doing it again ends well, in the same
process and after a new start.  `make test` tries some n, with an error of those that a seed
chooses, `make test-long` every one with each.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import pytest

from mirror.errors import MirrorError
from tests.proofs.aftermath import facts_of, roots_of, violations
from tests.proofs.conftest import SEED
from tests.proofs.scenes import opened
from tests.proofs.statements import FAILURES, FailingStatements
from tests.proofs.works import WORKS, Work
from tests.storage.disks import FailingDisk, LazyDisk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mirror.sandbox import Sandbox
    from mirror.storage.disk import Disk
    from mirror.storage.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")

Error = TypeVar("Error")

ERRORS: Final = (errno.EIO, errno.ENOSPC, errno.EMFILE)
#: Of each work: each costs the work five times.
SOME: Final = 2
# Renames of a run: of its newest documents, and of the pointer.
LAST: Final = 4
# More than there are operations in any work.
NEVER: Final = 1_000_000
LONGEST: Final = 500


class Failing(Protocol):
    """What can fail at its n-th operation: *failed* says whether it did."""

    countdown: int
    failed: bool


@dataclass(slots=True)
class Trials:
    """Trials of one work, each on a copy of its folder; *wrong* is what broke a promise."""

    work: Work
    place: Path
    wrong: list[str] = field(default_factory=list)
    failures: int = 0

    async def count(self, failing: Failing, disk: Disk) -> int:
        """Do the work, and return how many operations that takes."""
        data = self.place / "data"
        self.work.copy(data)
        failing.countdown, failing.failed = NEVER, False
        try:
            left, found = await self._attempt(failing, disk, data, goes_on=False)
        finally:
            failing.countdown = 0
            shutil.rmtree(data)
        assert found == []
        return NEVER - left

    async def one(self, failing: Failing, disk: Disk, n: int, what: str) -> int:
        """Let the *n*-th operation fail; return how many operations there were."""
        data = self.place / "data"
        self.work.copy(data)
        failing.countdown, failing.failed = n, False
        try:
            left, found = await self._attempt(failing, disk, data, goes_on=n % 2 == 1)
            promised = facts_of(self.work.base), roots_of(self.work.base)
            found += await violations(data, *promised, self.work.damaged, self.work.finish)
        finally:
            failing.countdown = 0
            shutil.rmtree(data)
        self.wrong += [f"{what}, operation {n}: {one}" for one in found]
        self.failures += failing.failed
        return n - left

    async def _attempt(
        self, failing: Failing, disk: Disk, data: Path, *, goes_on: bool
    ) -> tuple[int, list[str]]:
        """Do it once; return what is left of the countdown, and what is wrong with that."""
        try:
            async with opened(data, disk) as store:
                sentences = await self._sentences(store)
                left, failing.countdown = failing.countdown, 0
                found = self._judge(sentences, data)
                if goes_on:
                    found += await self._goes_on(store)
        except MirrorError as error:
            return failing.countdown, self._judge([str(error)], data)
        return left, found

    async def _sentences(self, store: Store) -> list[str]:
        try:
            return await self.work.do(store)
        except MirrorError as error:
            return [str(error)]

    def _judge(self, sentences: list[str], data: Path) -> list[str]:
        wrong = [f"unclear: {text!r}" for text in sentences if _is_unclear(text)]
        if not sentences and not self.work.is_done(data):
            wrong.append("said to be done, and is not")
        return wrong

    async def _goes_on(self, store: Store) -> list[str]:
        try:
            await self.work.finish(store)
        except (MirrorError, AssertionError) as error:
            return [f"the next run of the same process does not mend it: {error!r}"]
        return []


def _is_unclear(text: str) -> bool:
    return not text or "\n" in text or len(text) > LONGEST


@pytest.mark.parametrize("name", WORKS)
async def test_some_operations_of_the_disk_that_fail_do_no_harm(
    memory: Path, sandbox: Sandbox, name: str, seed: int, tell: Callable[[str], None]
) -> None:
    disk = FailingDisk()
    async with trials(memory, sandbox, name) as all_of_it:
        many = await all_of_it.count(disk, disk)
        for n, error in sample(f"{seed} disk {name}", many, ERRORS):
            disk.error = error
            await all_of_it.one(disk, disk, n, os.strerror(error))
    tell(f"{name}: {all_of_it.failures} of {many} operations of the disk failed, {SEED}={seed}")

    assert all_of_it.wrong == []
    assert all_of_it.failures > 0


@pytest.mark.parametrize("name", WORKS)
async def test_some_statements_of_the_database_that_fail_do_no_harm(
    memory: Path, sandbox: Sandbox, name: str, seed: int, tell: Callable[[str], None]
) -> None:
    failing = FailingStatements()
    async with trials(memory, sandbox, name) as all_of_it:
        with failing.listening():
            many = await all_of_it.count(failing, LazyDisk())
            for n, error in sample(f"{seed} database {name}", many, tuple(FAILURES)):
                failing.error = error
                await all_of_it.one(failing, LazyDisk(), n, error)
    tell(f"{name}: {all_of_it.failures} of {many} statements failed, {SEED}={seed}")

    assert all_of_it.wrong == []
    assert all_of_it.failures > 0


class SkippingDisk(FailingDisk):
    """A broken double: the rename that should fail is not done, and nobody is told."""

    def __init__(self) -> None:
        super().__init__()
        #: Counted down from `NEVER`, which operations were renames.
        self.renames: list[int] = []

    def rename(self, old: Path, new: Path) -> None:
        """Rename, or not."""
        self.renames.append(NEVER - self.countdown + 1)
        with contextlib.suppress(OSError):
            super().rename(old, new)


async def test_a_disk_that_does_not_say_that_it_failed_is_found_out(
    memory: Path, sandbox: Sandbox
) -> None:
    """So the proofs here can fail: where renames are left out in silence they do."""
    disk = SkippingDisk()
    async with trials(memory, sandbox, "sync") as all_of_it:
        await all_of_it.count(disk, disk)
        renames = disk.renames[-LAST:]
        while renames and not all_of_it.wrong:
            await all_of_it.one(disk, disk, renames.pop(), "skipped")

    assert all_of_it.wrong != []


@pytest.mark.long
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", WORKS)
async def test_every_operation_of_the_disk_that_fails_does_no_harm(
    memory: Path, sandbox: Sandbox, name: str, error: int, tell: Callable[[str], None]
) -> None:
    disk = FailingDisk()
    disk.error = error
    async with trials(memory, sandbox, name) as all_of_it:
        for n in itertools.count(1):
            await all_of_it.one(disk, disk, n, os.strerror(error))
            if not disk.failed:
                break
    tell(f"{name}: {all_of_it.failures} operations of the disk failed: {os.strerror(error)}")

    assert all_of_it.wrong == []


@pytest.mark.long
@pytest.mark.parametrize("error", FAILURES)
@pytest.mark.parametrize("name", WORKS)
async def test_every_statement_of_the_database_that_fails_does_no_harm(
    memory: Path, sandbox: Sandbox, name: str, error: str, tell: Callable[[str], None]
) -> None:
    failing = FailingStatements()
    failing.error = error
    async with trials(memory, sandbox, name) as all_of_it:
        with failing.listening():
            for n in itertools.count(1):
                await all_of_it.one(failing, LazyDisk(), n, error)
                if not failing.failed:
                    break
    tell(f"{name}: {all_of_it.failures} statements of the database failed: {error}")

    assert all_of_it.wrong == []


@asynccontextmanager
async def trials(memory: Path, sandbox: Sandbox, name: str) -> AsyncIterator[Trials]:
    """Prepare the work *name*; its upstream stays until the block ends."""
    async with WORKS[name](memory / "base", sandbox) as work:
        yield Trials(work, memory)


def sample(seed: str, many: int, errors: tuple[Error, ...]) -> list[tuple[int, Error]]:
    """Choose some operations of *many*, each with an error of its own.

    Most of them are late: the first ones only open the store.
    """
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    chosen = [round(many * chance.random() ** 0.4) or 1 for _ in range(SOME)]
    return list(zip(chosen, chance.sample(errors, SOME), strict=True))
