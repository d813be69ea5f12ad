"""What a channel shows is never let go; what it showed before stays for the grace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.errors import GoneError
from tests.channels.scene import LAB, lab_at
from tests.upkeep.pruning import NEW, OLD, RULE, gone, later

if TYPE_CHECKING:
    from pathlib import Path

    from tests.channels.scene import Lab


async def old_on_a_channel(lab: Lab) -> None:
    """Have OLD on the channel alone, which the policy would let go."""
    await lab.scene.take(NEW, OLD)
    await lab.scene.publish(OLD)
    await lab.promote(1)
    await lab.scene.publish(NEW)
    lab.scene.let_go = {OLD: RULE}


async def test_what_a_channel_shows_is_never_pruned(tmp_path: Path) -> None:
    """A year after everybody else has let it go."""
    async with lab_at(tmp_path) as lab:
        await old_on_a_channel(lab)
        for _ in range(4):
            await lab.scene.prune()
            lab.scene.serve(days=100)
        report = await lab.scene.prune()

        assert (gone(report), later(report), await lab.names()) == (set(), {OLD}, {OLD})


async def test_what_a_channel_has_left_stays_for_the_grace_and_goes_then(tmp_path: Path) -> None:
    """P2 counts for each channel; what still shows it elsewhere keeps it."""
    async with lab_at(tmp_path) as lab:
        await old_on_a_channel(lab)
        await lab.scene.prune()
        lab.scene.serve(days=30)
        await lab.scene.prune()
        await lab.promote(2)
        reports = [await lab.scene.prune()]
        for days in (2, 2):
            lab.scene.serve(days=days)
            reports.append(await lab.scene.prune())

        assert [gone(report) for report in reports] == [set(), set(), {OLD}]


async def test_the_past_of_a_channel_is_told_as_long_as_that_of_current(tmp_path: Path) -> None:
    """Its root and its boards; back to it leads no way when its files are gone."""
    async with lab_at(tmp_path) as lab:
        await old_on_a_channel(lab)
        first = await lab.shown()
        await lab.promote(2)
        await lab.scene.prune()
        lab.scene.serve(days=60)
        await lab.scene.prune()

        assert first is not None
        store = lab.scene.store
        assert await store.blobs.missing([first.digest, first.root.content]) == set()
        assert not lab.scene.has(OLD)
        with pytest.raises(GoneError, match=OLD):
            await lab.promote(f"{LAB}/1")


async def test_a_prune_that_a_promotion_overtakes_lets_go_of_nothing_more(tmp_path: Path) -> None:
    """What it was about to let go is shown now."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.scene.publish(NEW)
        lab.scene.let_go = {OLD: RULE}
        await lab.scene.prune()
        lab.scene.serve(days=4)
        marks = await lab.scene.pruner.marked(save=False)
        leaving = [one for one in (await lab.scene.pruner.prune(dry_run=True)).gone if one.names]
        await lab.promote(1)
        whole = await lab.scene.pruner.sweep(marks).remove(leaving)

        assert ([one.names for one in leaving], whole) == ([(OLD,)], False)
        assert await lab.names() == {OLD}


async def test_what_waits_for_approval_keeps_its_documents(tmp_path: Path) -> None:
    """And not its files: those are looked for again when it comes true."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.scene.publish(NEW)
        proposed = await lab.promote(1, propose=True)
        await lab.scene.prune()
        lab.scene.serve(days=60)
        await lab.scene.prune()

        assert await lab.scene.store.blobs.has(proposed.root)
