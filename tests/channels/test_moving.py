"""What moves a channel by itself, what a crash leaves of a promotion, and what is never shown."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.channels.approving import Rule
from mirror.storage.channels import find_published, promoted_channels
from mirror.storage.judgements import What
from mirror.storage.store import Store
from mirror.upkeep.check import check
from tests.channels.scene import LAB, Lab, lab_at
from tests.storage.disks import EIO, ENOSPC, LazyDisk
from tests.storage.power import RecordingDisk, Wreck
from tests.storage.samples import NO_LIMIT
from tests.upkeep.pruning import ESP, NEW, NOON, OLD, AgingDisk, Scene, digest_of
from tests.web.building import Builder, Written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mirror.storage.disk import Disk
    from tests.storage.power import Operation

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it have unforeseeable names
TWO = {LAB: Rule(approvals=2)}


# --- by itself --------------------------------------------------------------------------


async def test_a_recall_takes_the_bytes_off_every_channel_before_it_returns(
    tmp_path: Path,
) -> None:
    """Each shows a new root of its own, the same but for that, which lists the recall."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD, ESP)
        await lab.scene.publish(OLD, ESP)
        await lab.scene.publish(NEW, OLD, ESP)
        await lab.promote(1)
        await lab.promote(2, "lab-test")
        await lab.recall(OLD)
        shown = await lab.shown()

        assert shown is not None
        assert (await lab.names(), await lab.names("lab-test")) == ({ESP}, {NEW, ESP})
        assert (shown.root.sequence, shown.content.recalled) == (2, (digest_of(OLD),))
        last = (await lab.decisions())[-1]
        assert (last.by, last.why) == ("mpmirror", "what is recalled has changed")


async def test_what_is_recalled_is_left_out_of_what_is_promoted_later(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(NEW, OLD)
        await lab.recall(OLD)
        promoted = await lab.promote(1)

        assert (promoted.without, await lab.names()) == ((OLD,), {NEW})
        assert promoted.text.endswith(f"as its 1, without 1 recalled: {OLD}")


async def test_a_lifted_recall_is_told_no_more_and_brings_nothing_back(tmp_path: Path) -> None:
    """Somebody has to promote it again."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(NEW, OLD)
        await lab.promote(1)
        await lab.recall(OLD)
        await lab.recall(OLD, What.RECALL_UNDO)
        shown, names = await lab.shown(), await lab.names()
        await lab.promote(1)

        assert shown is not None
        assert (shown.content.recalled, names, await lab.names()) == ((), {NEW}, {NEW, OLD})


async def test_another_address_of_this_mirror_is_in_the_pages_of_every_channel(
    tmp_path: Path,
) -> None:
    """The content stays; nothing happens where nothing changed."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW)
        await lab.scene.publish(NEW)
        await lab.promote(1)
        before = await lab.shown()
        await lab.promoter.settle()
        same = await lab.shown()
        lab.scene.store = replace(lab.scene.store, public_url="http://other.lab")
        await lab.promoter.settle()
        after = await lab.shown()

        assert before is not None
        assert after is not None
        assert before == same
        assert (after.root.sequence, after.root.content) == (2, before.root.content)
        assert after.root.rendering != before.root.rendering


# --- crashes and failures ---------------------------------------------------------------


async def test_some_operations_of_a_promotion_fail_and_a_retry_succeeds(tmp_path: Path) -> None:
    """Every eighth, from another one each day on."""
    await fail_every(tmp_path, ENOSPC, first=random.SystemRandom().randrange(1, 9), step=8)


@pytest.mark.long
@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_of_a_promotion_fails_a_retry_succeeds(
    tmp_path: Path, error: int
) -> None:
    """For the n-th operation, for every n."""
    await fail_every(tmp_path, error, first=1, step=1)


async def fail_every(tmp_path: Path, error: int, *, first: int, step: int) -> None:
    """The channel shows the old or the new, whole; and the new after a retry."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.scene.publish(NEW)
        before = OLD
        await lab.promote(1)
        n, failed = first, True
        while failed:
            print(f"operation {n}")  # noqa: T201 - shown when the test fails
            source, after = (2, NEW) if before == OLD else (1, OLD)
            with lab.scene.disk.broken(n, error):
                await lab.promote(source)
            failed = lab.scene.disk.failed
            assert await lab.names() in ({before}, {after})
            await lab.promoter.settle()
            await lab.promote(source)
            assert await lab.names() == {after}
            before, n = after, n + step

        assert n > 20
        assert (await check(lab.scene.store, _nobody)).damages == ()


async def test_a_promotion_that_is_written_down_is_ended_at_the_next_start(
    tmp_path: Path,
) -> None:
    """The ledger says that it was decided, so it comes true; what is not there does not."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.promote(1)
        shown = await lab.shown()
        await lab.scene.publish(NEW)
        await lab.promote(2)
        assert shown is not None
        wanted = await lab.scene.store.publications.current(LAB)
        pointer = tmp_path / "data" / "channels" / LAB
        left = await _as_left(lab, pointer, str(shown.digest))
        await lab.promoter.settle()

        assert left == {OLD}
        assert (await lab.scene.store.publications.current(LAB), await lab.names()) == (
            wanted,
            {NEW},
        )
        assert await lab.scene.store.proposals.all() == {}


async def _as_left(lab: Lab, pointer: Path, digest: str) -> set[str]:
    """Set the channel back to before the pointer moved, with its decided proposal."""
    store = lab.scene.store
    root = await store.publications.current(LAB)
    assert root is not None
    move = await lab.promote(2, "other", propose=True)
    [proposal] = await store.proposals.of("other")
    assert move.root == proposal.root
    await store.proposals.put("other", ())
    await store.proposals.put(LAB, (replace(proposal, root=root, decided=True),))
    await asyncio.to_thread(pointer.write_text, f"{digest}\n")
    return await lab.names()


@pytest.fixture
def memory() -> Iterator[Path]:
    """Return a folder in memory, where there is one: hundreds of folders come and go in it."""
    place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


@asynccontextmanager
async def opened(data: Path, disk: Disk) -> AsyncIterator[Lab]:
    """Open what is in *data*."""
    async with Store.open(data, clock=lambda: NOON, disk=disk, terms=NO_LIMIT) as store:
        builder = Builder(Written(store.blobs, store.publications, store.node), sequence=2)
        yield Lab(Scene(store, builder, data, AgingDisk()))


async def recorded(folder: Path) -> tuple[list[Operation], int]:
    """Record a promotion by one, and one that two approve; return how much came before."""
    async with lab_at(folder) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.scene.publish(NEW)
    disk = RecordingDisk()
    disk.adopt(folder / "data")
    async with opened(folder / "data", disk) as lab:
        before = len(disk.log)
        await lab.promote(1)
        disk.done("one")
        lab.rules = dict(TWO)
        await lab.promote(2, token=lab.give_token("anna"))
        disk.done("anna")
        await lab.promote(2, token=lab.give_token("ben"))
        disk.done("two")
        end = len(disk.log)
    return disk.log[:end], before


async def test_a_power_cut_in_a_promotion_takes_back_nothing_that_was_done(memory: Path) -> None:
    """At some instants of both, with what was not synced lost, torn, or there."""
    operations, before = await recorded(memory)
    first = random.SystemRandom().randrange(before, before + 10)
    for end in range(first, len(operations) + 1, 10):
        await cut(memory, operations[:end], end)


@pytest.mark.long
async def test_hundreds_of_power_cuts_in_a_promotion_do(memory: Path) -> None:
    """With seeds of this moment: the failing one is printed."""
    operations, before = await recorded(memory)
    first = random.SystemRandom().randrange(1 << 32)
    for seed in range(first, first + 1000):
        end = before + seed % (len(operations) - before + 1)
        await cut(memory, operations[:end], seed)


async def cut(memory: Path, operations: list[Operation], seed: int) -> None:
    """Leave one disk that *operations* can leave, and prove what is on it."""
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails: the last one is it
    left = memory / "left"
    left.mkdir()
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    Wreck(memory / "data", operations).leave(chance, left)
    done = {one.what for one in operations if hasattr(one, "what")}
    async with opened(left / "data", LazyDisk()) as lab:
        await prove(lab, done)
    shutil.rmtree(left)


async def prove(lab: Lab, done: set[str]) -> None:
    """A channel shows a root that is whole; the ledger has decided it; what was done stands."""
    await lab.promoter.settle()
    store = lab.scene.store
    decided = {one.digest for one in await lab.decisions() if one.what == "promote"}
    shown = {
        channel: await find_published(store, channel) for channel in await promoted_channels(store)
    }
    newest = shown.get(LAB)
    sequence = newest.root.sequence if newest else 0
    waiting = {by.by for one in await store.proposals.of(LAB) for by in one.approvals}

    assert all(one is not None and one.digest in decided for one in shown.values())
    assert sequence == len(decided)
    assert sequence >= ("one" in done) + ("two" in done)
    assert sequence == 2 or waiting >= ({"token anna"} if "anna" in done else set())
    if sequence:
        assert await lab.names() == {OLD} if sequence == 1 else {NEW}
    assert (await check(store, _nobody)).damages == ()
    lab.rules = {}
    assert (await lab.promote(2)).sequence == sequence + 1


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""
