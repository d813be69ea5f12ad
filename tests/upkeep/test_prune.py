"""Nothing goes that anybody reaches or keeps; what goes is written down before it goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.publication.local.boards import INDEX_PATH
from mirror.storage.entries import Removal
from mirror.storage.store import forget_index
from mirror.sync.wanted import remember_wanted
from mirror.upkeep.check import check
from mirror.upkeep.marking import Retention
from mirror.upkeep.prune import ASKED_FOR, IN_GRACE, STILL_NAMED
from tests.transfer.keys.samples import key
from tests.upkeep.pruning import (
    AGED,
    ESP,
    NEW,
    OLD,
    OLDEST,
    RULE,
    Scene,
    digest_of,
    gone,
    image,
    later,
    scene_at,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.upkeep.pruner import Report

SHORT = Retention(publications=1, age=timedelta(days=30))


def nothing(_done: int, _total: int) -> None:
    """Tell nobody."""


async def over(scene: Scene) -> Report:
    """Prune once to begin the grace, and again when it is over."""
    await scene.prune()
    scene.serve(days=3)
    return await scene.prune()


# --- what stays -----------------------------------------------------------------------


async def test_what_is_published_stays_whatever_the_policy_says(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.take(NEW, OLD)
        await scene.publish(NEW, OLD)
        scene.let_go = {OLD: RULE}
        report = await over(scene)

        assert (report.gone, scene.has(OLD)) == ((), True)
        assert [(one.names, one.reason, one.waits) for one in report.later] == [
            ((OLD,), RULE, STILL_NAMED)
        ]


async def test_what_the_policy_keeps_stays_though_no_publication_names_it(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        report = await over(scene)

        assert (gone(report), later(report), scene.has(OLD)) == (set(), set(), True)


async def test_a_superseded_publication_keeps_its_files_for_its_grace(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        first = await scene.prune()
        scene.serve(days=2.9)
        second = await scene.prune()

        assert [one.waits for one in (*first.later, *second.later)] == [IN_GRACE, IN_GRACE]
        assert scene.has(OLD)


async def test_grace_does_not_go_on_while_the_daemon_is_down(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        await scene.prune()
    async with scene_at(tmp_path) as scene:
        scene.now += timedelta(days=30)
        scene.watch.look()
        scene.served = 3700
        scene.now += timedelta(seconds=3700)
        scene.let_go = {OLD: RULE}
        report = await scene.prune()

        assert [one.waits for one in report.later] == [IN_GRACE]


async def test_time_of_service_is_remembered_from_start_to_start(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        await scene.prune()
        scene.serve(days=2)
        await scene.pruner.remember()
    async with scene_at(tmp_path) as scene:
        scene.let_go = {OLD: RULE}
        scene.serve(days=1)
        report = await scene.prune()

        assert gone(report) == {OLD}


async def test_what_is_pinned_stays(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go, scene.pinned = {OLD: RULE}, {digest_of(OLD)}
        report = await over(scene)

        assert (report.gone, report.later, scene.has(OLD)) == ((), (), True)


async def test_what_the_last_run_wanted_stays(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        await remember_wanted(scene.store.index, [OLD])
        scene.let_go = {OLD: RULE}
        report = await over(scene)

        assert (report.gone, report.later) == ((), ())


async def test_what_a_channel_points_to_stays(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.take(NEW, OLD)
        await scene.publish(NEW, OLD)
        root = await scene.store.publications.root(1)
        await scene.store.publications.point("lab-stable", root, after=None)
        await scene.publish(NEW)
        scene.let_go, scene.retention = {OLD: RULE}, SHORT
        await over(scene)
        scene.serve(days=60)
        report = await scene.prune()

        assert (report.gone, report.forgotten, later(report)) == ((), (), {OLD})


async def test_bytes_that_another_name_keeps_stay(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        first = await scene.store.index.find_sighting(OLD)
        assert first is not None
        await scene.store.ledger.append([replace(first, name=OLDEST)])
        scene.let_go = {OLD: RULE}
        report = await over(scene)

        assert (report.gone, report.later) == ((), ())


async def test_quarantine_is_not_touched(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        refused = scene.data / "quarantine" / "refused"
        refused.write_bytes(b"refused")
        scene.let_go = {OLD: RULE}
        await over(scene)

        assert refused.exists()


# --- what goes ------------------------------------------------------------------------


async def test_what_is_let_go_goes_after_its_grace_and_is_written_down(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        report = await over(scene)
        [removal] = await scene.removals()

        assert (gone(report), scene.has(OLD), scene.has(NEW)) == ({OLD}, False, True)
        assert removal == Removal(scene.now, digest_of(OLD), (OLD,), len(image(OLD)), RULE)
        assert await scene.store.index.find_held(OLD) is None
        assert report.size == len(image(OLD))


async def test_what_was_let_go_is_neither_damage_nor_held_after_a_rebuild(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await over(scene)
        before = await check(scene.store, nothing)
    await forget_index(tmp_path / "data")
    async with scene_at(tmp_path) as scene:
        after = await check(scene.store, nothing)
        held = [one.name async for one in scene.store.index.held()]

    assert (before.damages, after.damages, held) == ((), (), [NEW])


async def test_a_file_that_vanished_by_itself_is_damage_all_the_same(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD, OLDEST)
        scene.let_go = {OLD: RULE}
        await over(scene)
        await scene.store.blobs.remove(digest_of(OLDEST))
        report = await check(scene.store, nothing)

    assert [damage.digest for damage in report.damages] == [digest_of(OLDEST)]


async def test_what_was_let_go_and_is_held_again_is_missed_again(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await over(scene)
        await scene.take(OLD)
        held = await scene.store.index.find_held(OLD)
        await scene.store.blobs.remove(digest_of(OLD))
        report = await check(scene.store, nothing)

    assert held is not None
    assert [damage.digest for damage in report.damages] == [digest_of(OLD)]


async def test_what_a_crash_left_unnamed_goes_when_it_is_old(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.take(NEW)
        await scene.publish(NEW)
        left = await scene.store.blobs.put(b"a document that was never published")
    async with scene_at(tmp_path) as scene:
        scene.disk.ahead_ns = 0
        young = await scene.prune()
        scene.disk.ahead_ns = AGED
        report = await scene.prune()

        assert (young.gone, [one.digest for one in report.gone]) == ((), [left])
        assert not scene.store.blobs.holds(left)


async def test_what_was_put_lately_stays_though_its_file_is_old(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.take(NEW)
        await scene.publish(NEW)
        await scene.store.blobs.put(b"a document that is about to be published")
        report = await scene.prune()

    assert report.gone == ()


async def test_old_publications_are_forgotten_with_what_only_they_reach(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD, ESP)
    async with scene_at(tmp_path) as scene:
        scene.retention = SHORT
        scene.let_go = {OLD: RULE}
        roots = [await scene.store.publications.root(sequence) for sequence in (1, 2)]
        await scene.store.signatures.add({root: {key(9).key_id: "theirs"} for root in roots})
        early = await over(scene)
        scene.serve(days=31)
        report = await scene.prune()
        damages = (await check(scene.store, nothing)).damages
        signed = [bool(await scene.store.signatures.of(root)) for root in roots]

        assert (early.forgotten, report.forgotten, damages) == ((), (1,), ())
        assert signed == [False, True]
        assert await scene.store.publications.sequences() == (2,)
        # Its root, its content, the board with two files, that of ESP, and its index.
        assert len(report.gone) == 5
        assert scene.has(ESP)


async def test_what_was_rendered_for_clients_goes_with_its_grace_and_the_index_stays(
    tmp_path: Path,
) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD, ESP)
        first, second = [await scene.local(sequence) for sequence in (1, 2)]
        index = (await scene.root(1)).documents[INDEX_PATH].digest
    async with scene_at(tmp_path) as scene:
        graced = await scene.prune()
        held = await scene.store.blobs.missing(first | second)
        report = await over(scene)
        missing = await scene.store.blobs.missing(first | second)
        damages = (await check(scene.store, nothing)).damages

        assert (graced.gone, held) == ((), set())
        assert missing == first - second - {index}
        assert {one.digest for one in report.gone} >= missing
        assert damages == ()


async def test_on_demand_what_the_policy_lets_go_stays_as_long_as_it_is_asked_for(
    tmp_path: Path,
) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.take(NEW, OLD)
        await scene.publish(NEW, offered=[OLD])
        scene.let_go = {OLD: RULE}
        scene.serve(days=2)
        await scene.store.index.remember_accesses({digest_of(OLD): scene.now})
        scene.serve(days=2)
        first = await scene.prune()
        scene.serve(days=1)
        second = await scene.prune()

    assert ([one.waits for one in first.later], gone(second)) == ([ASKED_FOR], {OLD})


async def test_a_second_prune_has_nothing_to_do(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await over(scene)
        again = await scene.prune()

    assert (again.gone, again.forgotten, again.later) == ((), (), ())


async def test_a_new_publication_stops_a_sweep(tmp_path: Path) -> None:
    async with scene_at(tmp_path) as scene:
        await scene.superseded(NEW, OLD)
        scene.let_go = {OLD: RULE}
        await scene.prune()
        scene.serve(days=3)
        marks = await scene.pruner.marked(save=True)
        planned = await scene.pruner.prune(dry_run=True)
        await scene.publish(NEW, OLD)
        sweep = scene.pruner.sweep(marks)
        whole = await sweep.remove(planned.gone)

        assert (whole, sweep.gone, scene.has(OLD)) == (False, [], True)
