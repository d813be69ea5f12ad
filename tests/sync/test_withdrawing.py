"""What upstream takes off its pages: marked when that is sure, and held and served for ever."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.plan import Policy
from mirror.errors import ArtifactNotFoundError
from mirror.publication.documents import decode_board, decode_content
from mirror.storage.entries import Return, Withdrawal
from mirror.storage.store import forget_index
from mirror.sync.clock import Uptime
from tests.replica import Misbehaviour, Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.publication.documents import BoardDocument
    from tests.sync.node import TestNode

OLD = "RPI_PICO-20251209-v1.27.0.uf2"
NEW = "RPI_PICO-20260406-v1.28.0.uf2"
ONE_EACH = Policy(releases=1)


def site() -> Replica:
    """Return a site of two boards, one of them with two releases."""
    replica = Replica.of("RPI_PICO", "RPI_PICO_W")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    for board in ("RPI_PICO", "RPI_PICO_W"):
        replica.release(board, "v1.28.0", date="2026-04-06")
    return replica


async def document(node: TestNode, board: str) -> BoardDocument:
    """Return what the current publication says of *board*."""
    content = decode_content(await node.read((await node.root()).content))
    return decode_board(await node.read(content.boards[board]))


async def withdrawn(node: TestNode) -> dict[str, str]:
    """Return what the current publication calls withdrawn, by name, with the day."""
    files = await node.files()
    return {name: file.withdrawn for name, file in files.items() if file.withdrawn}


async def test_a_file_missed_by_two_crawls_a_day_apart_is_withdrawn_and_stays_served(
    tmp_path: Path,
) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw(OLD)
        node.sleep(hours=6)
        await node.sync()
        early = await withdrawn(node)
        node.sleep(hours=24)
        outcome = await node.sync()

        assert early == {}
        assert await withdrawn(node) == {OLD: "2026-04-07"}
        assert (outcome.exit_status, await node.store.index.withdrawn_and_held()) == (0, 1)
        entries = [recorded.entry async for recorded in node.store.ledger.entries()]
        [entry] = [entry for entry in entries if isinstance(entry, Withdrawal)]
        assert (entry.name, entry.time - entry.since) == (OLD, timedelta(hours=24))


async def test_pages_that_do_not_change_show_what_they_list(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        for _ in range(4):
            await node.sync()
            node.sleep(days=1)

        assert await withdrawn(node) == {}
        assert await node.store.index.to_judge({OLD, NEW}, {}) != []
        assert await node.store.index.to_judge(set(replica.names()), {}) == []


async def test_a_damaged_publication_keeps_no_run_from_fetching(tmp_path: Path) -> None:
    """What it says of vanished boards can not be read, and that is said when it publishes."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.release("RPI_PICO", "v1.29.0", date="2026-08-24")
        await node.store.blobs.remove((await node.root()).content)
        with contextlib.suppress(ArtifactNotFoundError):
            await node.sync()

        held = await node.store.index.find_held("RPI_PICO-20260824-v1.29.0.uf2")
        assert held is not None


async def test_many_crawls_within_a_day_withdraw_nothing(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw(OLD)
        for _ in range(3):
            node.sleep(hours=6)
            await node.sync()

        assert await withdrawn(node) == {}


async def test_a_file_that_comes_back_in_between_is_counted_anew(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw(OLD)
        await node.sync()
        replica.list_again(OLD)
        node.sleep(hours=23)
        await node.sync()
        replica.withdraw(OLD)
        node.sleep(hours=23)
        await node.sync()

        assert await withdrawn(node) == {}


async def test_what_returns_is_marked_no_more(tmp_path: Path) -> None:
    """Upstream did that: delisted for half a year, then listed again (`upstream.md` U3)."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw(OLD)
        await node.sync()
        node.sleep(hours=24)
        await node.sync()
        before = await withdrawn(node)
        replica.list_again(OLD)
        node.sleep(hours=6)
        await node.sync()

        assert list(before) == [OLD]
        assert await withdrawn(node) == {}
        entries = [recorded.entry async for recorded in node.store.ledger.entries()]
        assert [entry.name for entry in entries if isinstance(entry, Return)] == [OLD]


@pytest.mark.parametrize(
    "way", [Misbehaviour.CUT_PAGE, Misbehaviour.NO_HEADINGS, Misbehaviour.RESET]
)
async def test_a_page_that_can_not_be_read_withdraws_nothing(
    tmp_path: Path, way: Misbehaviour
) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw(OLD)
        replica.misbehave("RPI_PICO", way, None)
        for _ in range(3):
            node.sleep(days=2)
            await node.sync()

        assert await withdrawn(node) == {}


async def test_a_bad_page_between_two_good_ones_delays_and_withdraws_in_the_end(
    tmp_path: Path,
) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw(OLD)
        await node.sync()
        replica.cut("RPI_PICO")
        node.sleep(days=2)
        await node.sync()
        bad = await withdrawn(node)
        replica.behave()
        await node.sync()

        assert bad == {}
        assert list(await withdrawn(node)) == [OLD]


async def test_pages_without_headings_withdraw_nothing_even_when_their_past_is_lost(
    tmp_path: Path,
) -> None:
    """After the database is lost they look like boards that never had a file."""
    replica = site()
    async with replica.running() as url:
        async with node_at(tmp_path / "data", url) as node:
            await node.sync()
        await forget_index(tmp_path / "data")
        replica.lose_headings("RPI_PICO")
        async with node_at(tmp_path / "data", url) as node:
            node.sleep(days=2)
            await node.sync(accept_shrunken=True)
            node.sleep(days=2)
            await node.sync(accept_shrunken=True)

            assert await withdrawn(node) == {}


async def test_a_page_that_is_gone_withdraws_its_files_and_ends_what_it_offered(
    tmp_path: Path,
) -> None:
    """From then on the run is complete without it."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=ONE_EACH)
        offered = await document(node, "RPI_PICO")
        replica.misbehave("RPI_PICO", Misbehaviour.MISSING, None)
        node.sleep(hours=6)
        first = await node.sync(policy=ONE_EACH)
        meanwhile = await document(node, "RPI_PICO")
        node.sleep(hours=24)
        second = await node.sync(policy=ONE_EACH)
        after = await document(node, "RPI_PICO")

        assert [offer.name for offer in offered.on_demand] == [OLD]
        assert meanwhile == offered
        assert after.on_demand == ()
        assert await withdrawn(node) == {NEW: "2026-04-07"}
        assert (first.exit_status, second.exit_status) == (4, 0)
        assert after.page == offered.page


async def test_release_notes_stay_with_what_is_withdrawn(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await document(node, "RPI_PICO")
        replica.withdraw(OLD)
        await node.sync()
        after = await document(node, "RPI_PICO")

        assert [release.notes for release in after.releases] == [
            release.notes for release in before.releases
        ]
        assert before.releases[0].notes is not None


async def test_a_clock_before_the_ledgers_newest_time_withdraws_nothing(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        node.sleep(days=60)
        await node.sync()
        node.sleep(days=-50)
        replica.withdraw(OLD)
        await node.sync()
        node.sleep(days=5)
        await node.sync()
        doubtful = await withdrawn(node)
        node.sleep(days=100)
        await node.sync()
        anew = await withdrawn(node)
        node.sleep(days=1)
        await node.sync()

        assert (doubtful, anew) == ({}, {})
        assert list(await withdrawn(node)) == [OLD]


async def test_a_clock_that_jumped_withdraws_nothing(tmp_path: Path) -> None:
    """Ten days by the clock while the machine was up for an hour were no ten days."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        node.uptime = Uptime("boot", 1000.0)
        await node.sync()
        replica.withdraw(OLD)
        await node.sync()
        node.sleep(days=10)
        node.uptime = Uptime("boot", 4600.0)
        await node.sync()
        jumped = await withdrawn(node)
        node.sleep(hours=6)
        node.uptime = Uptime("boot", 4600.0 + 6 * 3600)
        await node.sync()
        node.sleep(hours=24)
        node.uptime = Uptime("boot", 4600.0 + 30 * 3600)
        await node.sync()

        assert jumped == {}
        assert list(await withdrawn(node)) == [OLD]


async def test_a_renamed_board_keeps_both_names_and_says_so(tmp_path: Path) -> None:
    """The old page is gone from the index, its files have new names and the same bytes."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await node.files()
        replica.rename_board("RPI_PICO", "RASPBERRY_PICO")
        node.sleep(hours=6)
        await node.sync(accept_shrunken=True)
        node.sleep(hours=24)
        outcome = await node.sync()
        files = await node.files()
        old, new = await document(node, "RPI_PICO"), await document(node, "RASPBERRY_PICO")

        moved = NEW.replace("RPI_PICO", "RASPBERRY_PICO")
        assert (files[NEW].hashes, outcome.exit_status) == (before[NEW].hashes, 0)
        assert (files[NEW].withdrawn, files[moved].withdrawn) == ("2026-04-07", None)
        assert (files[NEW].also_known_as, files[moved].also_known_as) == ((moved,), (NEW,))
        assert (old.renamed_to, old.renamed_from) == ("RASPBERRY_PICO", ())
        assert (new.renamed_to, new.renamed_from) == (None, ("RPI_PICO",))
        assert files[NEW].digest == files[moved].digest


async def test_the_page_of_a_vanished_board_is_asked_for_until_it_is_settled(
    tmp_path: Path,
) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.rename_board("RPI_PICO", "RASPBERRY_PICO")
        await node.sync(accept_shrunken=True)
        node.sleep(hours=24)
        await node.sync()
        replica.requests.clear()
        node.sleep(hours=6)
        await node.sync()

        assert replica.count("RPI_PICO") == 0


async def test_a_vanished_board_whose_page_can_not_be_had_is_not_withdrawn(
    tmp_path: Path,
) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.rename_board("RPI_PICO", "RASPBERRY_PICO")
        replica.misbehave("RPI_PICO", Misbehaviour.RESET, None)
        for _ in range(2):
            node.sleep(days=2)
            await node.sync(accept_shrunken=True)

        assert await withdrawn(node) == {}
