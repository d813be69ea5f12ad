"""A few held files are fetched again, whole: what changed behind the same name is noticed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.policy import Policy
from mirror.catalog.values import Digest
from mirror.storage.entries import Change
from mirror.storage.looks import Due
from mirror.sync.looking_again import Hashing, chosen
from mirror.sync.outcome import Ending
from tests.replica import Misbehaviour, Replica
from tests.sync.node import TestNode, node_at

if TYPE_CHECKING:
    from pathlib import Path

PICO, ESP = "RPI_PICO-20260406-v1.28.0.uf2", "ESP32_GENERIC-20260406-v1.28.0.bin"
FILES = "/resources/*"
NOTHING = Digest.of(b"")
DUE = st.lists(
    st.builds(Due, st.integers(0, 99).map(str), st.just(NOTHING), st.booleans()),
    unique_by=lambda one: one.name,
)


def site() -> Replica:
    """Return a site of two boards, one of whose kinds has no checksum of its own."""
    replica = Replica.of("ESP32_GENERIC", "RPI_PICO")
    for board in replica.boards:
        replica.release(board, "v1.28.0", date="2026-04-06")
    return replica


def files_asked_for(replica: Replica) -> list[str]:
    """Return the names of the files that were asked for, in order."""
    paths = [request.path for request in replica.requests]
    return [path.rpartition("/")[2] for path in paths if path.startswith("/resources/")]


async def synced_for_a_week(node: TestNode, replica: Replica) -> None:
    """Hold everything, and forget what was asked for it."""
    await node.sync()
    node.sleep(days=7)
    replica.requests.clear()


async def test_on_a_first_run_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    """What came just now was looked at just now."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync(refetch=20)

        assert outcome.looked_again == 0
        assert len(files_asked_for(replica)) == outcome.fetched


async def test_a_file_that_is_as_it_was_costs_one_fetch_and_no_line(tmp_path: Path) -> None:
    """One transaction remembers it; neither the ledger nor the publication changes."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        before = node.store.ledger.head, await node.root()
        outcome = await node.sync(refetch=20)

        assert (outcome.ending, outcome.exit_status) == (Ending.UNCHANGED, 0)
        assert outcome.looked_again == len(files_asked_for(replica)) == 3
        assert (node.store.ledger.head, await node.root()) == before
        assert outcome.counts()["looked_again"] == 3


async def test_other_bytes_behind_the_same_etag_are_an_alarm(tmp_path: Path) -> None:
    """The first stay and are served, the later ones are kept for a look."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        first = (await node.files())[PICO].digest
        replica.change_bytes_quietly(PICO)
        outcome = await node.sync(refetch=20)
        [change] = await node.store.index.changes()
        [note] = await node.store.quarantine.notes()

        assert (outcome.ending, outcome.exit_status) == (Ending.UNCHANGED, 4)
        assert [trouble.subject for trouble in outcome.troubles] == [PICO]
        assert (change.name, change.first, change.later) == (PICO, first, note.digest)
        assert (await node.files())[PICO].digest == first


async def test_the_same_alarm_is_written_down_once(tmp_path: Path) -> None:
    """Whoever acknowledged it hears nothing new until other bytes come again."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        replica.change_bytes_quietly(PICO)
        await node.sync(refetch=20)
        node.sleep(days=7)
        again = await node.sync(refetch=20)
        node.sleep(days=7)
        replica.change_bytes_quietly(PICO)
        other = await node.sync(refetch=20)
        entries = [one.entry async for one in node.store.ledger.entries()]

        assert (again.exit_status, again.looked_again) == (0, 3)
        assert other.exit_status == 4
        assert sum(isinstance(entry, Change) for entry in entries) == 2


async def test_bytes_that_went_back_at_once_are_an_alarm_all_the_same(tmp_path: Path) -> None:
    """Though there is nothing to keep of them."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        replica.misbehave(PICO, Misbehaviour.ONE_BIT_OFF, 1)
        outcome = await node.sync(refetch=20)
        [change] = await node.store.index.changes()

        assert outcome.exit_status == 4
        assert change.later != change.first
        assert await node.store.quarantine.notes() == []


async def test_the_budget_goes_round_and_what_has_no_checksum_comes_first(tmp_path: Path) -> None:
    """No file twice in a day, however often a run is made."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        asked = []
        for _ in range(4):
            await node.sync(refetch=1)
            asked.append(files_asked_for(replica))
            replica.requests.clear()
            node.sleep(hours=1)

        assert asked[0] == [PICO]
        assert {name for names in asked[1:] for name in names} == {
            ESP,
            ESP.replace(".bin", ".app-bin"),
        }
        assert asked[3] == []


async def test_what_upstream_no_longer_lists_is_not_asked_for(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        replica.withdraw(PICO)
        await node.sync(refetch=20)

        assert PICO not in files_asked_for(replica)


async def test_a_file_that_can_not_be_had_now_is_a_remark(tmp_path: Path) -> None:
    """It is held: nothing is missing, and the others are looked at."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        replica.misbehave(PICO, Misbehaviour.MISSING, None)
        outcome = await node.sync(refetch=20)

        assert (outcome.exit_status, outcome.looked_again) == (0, 2)
        assert [remark.subject for remark in outcome.remarks] == [PICO]


async def test_upstream_that_goes_away_ends_the_looking_and_not_the_run(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        replica.misbehave(FILES, Misbehaviour.RESET, None)
        outcome = await node.sync(refetch=20)

        assert (outcome.ending, outcome.exit_status) == (Ending.UNCHANGED, 0)
        assert len(set(files_asked_for(replica))) == 1


async def test_wanted_files_come_first_and_are_published_before(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await synced_for_a_week(node, replica)
        replica.release("RPI_PICO", "v1.29.0", date="2026-04-12")
        outcome = await node.sync(refetch=20, policy=Policy(releases=1))

        assert outcome.ending is Ending.PUBLISHED
        assert files_asked_for(replica)[0] == "RPI_PICO-20260412-v1.29.0.uf2"


@given(DUE, st.integers(0, 30))
def test_the_whole_budget_is_used_and_never_more(due: list[Due], budget: int) -> None:
    files = chosen(due, budget)

    assert len(files) == min(budget, len(due))
    assert len({one.name for one in files}) == len(files)
    assert sum(one.checksummed for one in files) >= min(
        budget // 4, sum(one.checksummed for one in due)
    )


async def test_a_hash_that_begins_anew_forgets_what_came() -> None:
    """As a fetch does that was cut."""
    hashing = Hashing()
    await hashing.write(b"half")
    await hashing.restart('"etag"')
    await hashing.write(b"whole")

    assert (hashing.size, hashing.validator) == (5, None)
    assert hashing.digest.hex == hashlib.sha256(b"whole").hexdigest()
