"""A new artifact is confirmed before anybody gets it, if the policy asks for that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.kinds import Kind
from mirror.catalog.policy import Policy
from mirror.catalog.second_look import SecondLook
from mirror.errors import ArtifactNotFoundError
from mirror.formats.siblings import DIFFERS
from mirror.storage.entries import Look, Sighting
from mirror.storage.store import forget_index
from mirror.sync.outcome import Ending
from tests.replica import Misbehaviour, Replica
from tests.sync.node import WISHES, TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.sync.means import Wishes

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
DFU, HEX = "PYBV11-20260406-v1.28.0.dfu", "PYBV11-20260406-v1.28.0.hex"
A_DAY_LATER = replace(WISHES, second_look=SecondLook(after=timedelta(days=1)))
SIBLINGS = replace(WISHES, second_look=SecondLook(siblings=True))
BOTH = replace(WISHES, second_look=SecondLook(timedelta(days=1), siblings=True))


def site(board: str) -> Replica:
    """Return a site of one board with a release."""
    replica = Replica.of(board)
    replica.release(board, "v1.28.0", date="2026-04-06")
    return replica


@pytest.fixture
def pico() -> Replica:
    """A site with one file."""
    return site("RPI_PICO")


@pytest.fixture
def pyboard() -> Replica:
    """A site with two files of one build."""
    return site("PYBV11")


@pytest.fixture
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Where that site is."""
    names = [name for name in ("pico", "pyboard") if name in request.fixturenames]
    replica: Replica = request.getfixturevalue(names[0])
    async with replica.running() as found:
        yield found


async def pending(node: TestNode) -> set[str]:
    """Return the names that await a second look."""
    return set(await node.store.index.pending())


def wishing(node: TestNode, wishes: Wishes) -> TestNode:
    """Let every run of *node* have these wishes."""
    node.wishes = wishes
    return node


async def test_what_came_for_the_first_time_waits_and_is_named(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    """No failure, but not complete either; nobody gets it, not by its digest either."""
    async with node_at(tmp_path / "data", url) as node:
        outcome = await wishing(node, A_DAY_LATER).sync()
        [seen] = (await node.store.index.pending()).values()

        assert (outcome.exit_status, outcome.troubles) == (4, ())
        assert outcome.message == "incomplete: 1 file awaits a second look"
        assert [waiting.subject for waiting in outcome.awaiting] == [PICO]
        assert "not before 2026-04-08T06:00:00Z" in outcome.awaiting[0].text
        assert (outcome.wanted, outcome.held, outcome.fetched) == (1, 0, 0)
        assert await node.files() == {}
        assert not await node.store.blobs.has(seen.digest)
        assert await node.store.index.find_held(PICO) is None
        assert pico.count(PICO) == 1


async def test_before_its_time_it_is_not_asked_for_again(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
        node.sleep(hours=23)
        outcome = await node.sync()

        assert (outcome.exit_status, outcome.second_fetches) == (4, 0)
        assert pico.count(PICO) == 1


async def test_the_same_bytes_a_day_later_are_published(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    """The second fetch is counted, and named in the ledger; first sight stays first sight."""
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
        first = node.now
        node.sleep(days=1)
        outcome = await node.sync()
        entries = [one.entry async for one in node.store.ledger.entries()]
        held = await node.store.index.find_held(PICO)

        assert (outcome.ending, outcome.exit_status) == (Ending.PUBLISHED, 0)
        assert (outcome.second_fetches, pico.count(PICO)) == (1, 2)
        assert PICO in await node.files()
        assert [(type(entry), entry.time) for entry in entries] == [
            (Sighting, first),
            (Look, node.now),
        ]
        assert held is not None
        assert held.time == first
        assert await pending(node) == set()


async def test_a_restart_and_a_new_index_forget_nothing(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    """The ledger knows what was seen when."""
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
    await forget_index(tmp_path / "data")
    async with node_at(tmp_path / "data", url) as node:
        before = await pending(node)
        node.sleep(days=1)
        outcome = await wishing(node, A_DAY_LATER).sync()

        assert before == {PICO}
        assert (outcome.exit_status, pico.count(PICO)) == (0, 2)


async def test_looks_that_differ_are_an_alarm_and_neither_is_taken(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    """Both are in quarantine, and upstream is not asked again until somebody has judged."""
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
        pico.change_bytes_quietly(PICO)
        node.sleep(days=1)
        outcome = await node.sync()
        [change] = await node.store.index.changes()
        notes = await node.store.quarantine.notes()
        node.sleep(days=2)
        later = await node.sync()

        assert outcome.exit_status == 4
        assert "neither is taken" in outcome.troubles[0].text
        assert {note.digest for note in notes} == {change.first, change.later}
        assert await node.files() == {}
        assert await pending(node) == set()
        assert (later.exit_status, pico.count(PICO)) == (4, 2)
        assert "until somebody has judged" in later.troubles[0].text


async def test_a_second_fetch_that_fails_leaves_it_waiting(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
        node.sleep(days=1)
        pico.misbehave(PICO, Misbehaviour.MISSING, None)
        failed = await node.sync()
        pico.behave()
        outcome = await node.sync()

        assert (failed.exit_status, [one.subject for one in failed.troubles]) == (4, [PICO])
        assert outcome.exit_status == 0


async def test_pending_bytes_that_were_lost_are_fetched(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    """A rule that is asked for no longer is waived, and needs the bytes."""
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
        [seen] = (await node.store.index.pending()).values()
        await node.store.pending.remove(seen.digest)
        outcome = await wishing(node, WISHES).sync()

        assert (outcome.exit_status, pico.count(PICO)) == (0, 2)
        assert PICO in await node.files()


async def test_a_rule_that_is_asked_for_no_longer_is_waived(
    pico: Replica, url: str, tmp_path: Path
) -> None:
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
        outcome = await wishing(node, WISHES).sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.PUBLISHED, 0)
        assert pico.count(PICO) == 1


@pytest.mark.usefixtures("pico")
async def test_what_is_held_already_needs_no_second_look(url: str, tmp_path: Path) -> None:
    """A blob that vanished comes back at once, if its bytes are those of then."""
    async with node_at(tmp_path / "data", url) as node:
        await node.sync()
        await node.store.blobs.remove((await node.files())[PICO].digest)
        outcome = await wishing(node, A_DAY_LATER).sync()

        assert (outcome.exit_status, outcome.fetched) == (0, 1)


async def test_siblings_that_agree_confirm_each_other(
    pyboard: Replica, url: str, tmp_path: Path
) -> None:
    """In one run, with one fetch of each."""
    async with node_at(tmp_path / "data", url) as node:
        outcome = await wishing(node, SIBLINGS).sync()
        files = await node.files()

        assert (outcome.exit_status, set(files)) == (0, {DFU, HEX})
        assert (files[DFU].verdict.agrees_with, files[HEX].verdict.agrees_with) == ((HEX,), (DFU,))
        assert (pyboard.count(DFU), pyboard.count(HEX)) == (1, 1)


async def test_a_file_waits_for_its_sibling(pyboard: Replica, url: str, tmp_path: Path) -> None:
    """Which the policy wants, and which could not be had yet."""
    async with node_at(tmp_path / "data", url) as node:
        pyboard.misbehave(HEX, Misbehaviour.MISSING, None)
        first = await wishing(node, SIBLINGS).sync()
        waiting = await pending(node)
        pyboard.behave()
        second = await node.sync()

        assert [one.subject for one in first.awaiting] == [DFU]
        assert waiting == {DFU}
        assert (second.exit_status, set(await node.files())) == (0, {DFU, HEX})
        assert pyboard.count(DFU) == 1


async def test_a_file_without_a_wanted_sibling_waits_for_none(
    pyboard: Replica, url: str, tmp_path: Path
) -> None:
    async with node_at(tmp_path / "data", url) as node:
        only = replace(SIBLINGS, policy=Policy(kinds=(Kind.DFU,)))
        outcome = await wishing(node, only).sync()

        assert (outcome.exit_status, set(await node.files())) == (0, {DFU})
        assert pyboard.count(HEX) == 0


async def test_siblings_that_differ_are_refused_both(
    pyboard: Replica, url: str, tmp_path: Path
) -> None:
    """Where they must agree, nobody knows which of them is right."""
    async with node_at(tmp_path / "data", url) as node:
        pyboard.change_bytes(HEX)
        outcome = await wishing(node, SIBLINGS).sync()
        notes = await node.store.quarantine.notes()

        assert outcome.exit_status == 4
        assert {note.name for note in notes} == {DFU, HEX}
        assert {reason.rule for note in notes for reason in note.reasons} == {DIFFERS}
        assert await node.files() == {}
        assert await pending(node) == set()


@pytest.mark.usefixtures("pyboard")
async def test_with_both_rules_both_must_be_kept(url: str, tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", url) as node:
        first = await wishing(node, BOTH).sync()
        node.sleep(days=1)
        second = await node.sync()
        files = await node.files()

        assert len(first.awaiting) == 2
        assert (second.exit_status, second.second_fetches) == (0, 2)
        assert files[DFU].verdict.agrees_with == (HEX,)


@pytest.mark.usefixtures("pico")
async def test_what_a_crash_left_pending_without_a_line_is_pruned(url: str, tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", url) as node:
        await wishing(node, A_DAY_LATER).sync()
        [seen] = (await node.store.index.pending()).values()
        node.sleep(days=1)
        await node.sync()
        await node.sync()

        with pytest.raises(ArtifactNotFoundError):
            node.store.pending.open(seen.digest)
