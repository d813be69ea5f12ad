"""One sync run against a real site: what it takes, what it leaves, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.kinds import Kind
from mirror.catalog.plan import Policy
from mirror.sandbox import Sandbox
from mirror.storage.space import KeepFree
from mirror.sync.outcome import Ending, Phase
from tests.replica import INDEX, Misbehaviour, Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from pathlib import Path

PICO = "RPI_PICO-20260406-v1.28.0.uf2"


def site() -> Replica:
    """Return a site of three boards with a release each."""
    replica = Replica.of("RPI_PICO", "RPI_PICO_W", "ESP32_GENERIC")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    for board in ("RPI_PICO", "RPI_PICO_W", "ESP32_GENERIC"):
        replica.release(board, "v1.28.0", date="2026-04-06")
    return replica


async def test_a_first_run_holds_and_publishes_everything_the_policy_wants(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.PUBLISHED, 0)
        flashable = {name for name in replica.names() if Kind(name.split(".")[-1]).flashable}
        assert set(await node.files()) == flashable


async def test_what_is_taken_over_the_air_has_an_md5_and_the_rest_has_none(tmp_path: Path) -> None:
    """Clients that update over the air know nothing better."""
    replica = Replica.of("RPI_PICO", "ESP32_GENERIC", "ESP8266_GENERIC")
    for board in ("RPI_PICO", "ESP32_GENERIC", "ESP8266_GENERIC"):
        replica.release(board, "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()

        with_md5 = {name for name, file in (await node.files()).items() if file.hashes.md5}
        over_the_air = {
            name for name in await node.files() if "8266" in name or name.endswith(".app-bin")
        }
        assert with_md5 == over_the_air
        assert {name.split("-")[0] for name in with_md5} == {"ESP32_GENERIC", "ESP8266_GENERIC"}


async def test_a_second_run_asks_for_each_page_once_and_for_no_file(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        first = await node.root()
        replica.requests.clear()
        node.sleep(hours=6)
        outcome = await node.sync()

        assert (outcome.ending, outcome.fetched) == (Ending.UNCHANGED, 0)
        paths = [request.path for request in replica.requests]
        assert len(paths) == len(set(paths))
        assert not [path for path in paths if path.startswith("/resources/")]
        assert await node.root() == first


async def test_a_run_in_which_nothing_changed_reads_no_page(tmp_path: Path) -> None:
    """Not one child process is started for it, also after a start of the mirror."""
    replica = site()
    async with replica.running() as url:
        async with node_at(tmp_path / "data", url) as node:
            await node.sync()
        async with node_at(tmp_path / "data", url) as node, Sandbox() as unused:
            node.sandbox = unused
            node.sleep(hours=6)
            outcome = await node.sync()

            assert (outcome.ending, unused.pids) == (Ending.UNCHANGED, ())


async def test_two_nodes_render_the_same_content_to_the_byte(tmp_path: Path) -> None:
    replica = site()
    roots = []
    async with replica.running() as url:
        for name in ("one", "two"):
            async with node_at(tmp_path / name, url) as node:
                await node.sync()
                roots.append(await node.root())

    assert roots[0] == roots[1]


async def test_a_bad_file_stops_no_other_and_the_next_run_mends_it(tmp_path: Path) -> None:
    replica = site()
    replica.misbehave(PICO, Misbehaviour.ZEROS, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync()
        held = await node.files()
        replica.behave()
        mended = await node.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.PUBLISHED, 4)
        assert [trouble.subject for trouble in outcome.troubles] == [PICO]
        assert outcome.wanted - outcome.held == 1
        assert PICO not in held
        assert [note.name for note in await node.store.quarantine.notes()] == [PICO]
        assert mended.message == "complete"
        assert (mended.ending, mended.exit_status, mended.fetched) == (Ending.PUBLISHED, 0, 1)
        assert PICO in await node.files()


async def test_changed_bytes_are_an_alarm_and_the_first_stay(tmp_path: Path) -> None:
    """A name that gives other bytes later: the alarm names both, and nothing changes hands."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        first = (await node.files())[PICO].digest
        await node.store.blobs.remove(first)
        replica.change_bytes(PICO)
        outcome = await node.sync()
        [change] = await node.store.index.changes()

        assert outcome.exit_status == 4
        assert (change.name, change.first) == (PICO, first)
        sighting = await node.store.index.find_sighting(PICO)
        assert sighting is not None
        assert sighting.digest == first
        assert not await node.store.blobs.has(change.later)


async def test_a_blob_that_vanished_is_fetched_again(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        digest = (await node.files())[PICO].digest
        await node.store.blobs.remove(digest)
        outcome = await node.sync()

        assert (outcome.fetched, outcome.exit_status) == (1, 0)
        assert await node.store.blobs.has(digest)


async def test_a_catalog_in_which_half_the_boards_have_no_files_is_refused(tmp_path: Path) -> None:
    """Whole pages that lost their files (`upstream.md` U2) are not believed, until told to."""
    replica = Replica.of_boards(4)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await node.files()
        for board in replica.boards[:2]:
            for name in replica.names(board):
                replica.withdraw(name)
        node.sleep(hours=6)
        refused = await node.sync()
        accepted = await node.sync(accept_shrunken=True)

        assert (refused.ending, refused.exit_status) == (Ending.REFUSED, 4)
        assert "lost 2 of 4 boards" in refused.message
        assert accepted.exit_status == 0
        assert await node.files() == before


async def test_what_is_no_longer_listed_stays_published(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw("RPI_PICO-20251209-v1.27.0.uf2")
        node.sleep(hours=6)
        outcome = await node.sync()

        assert outcome.exit_status == 0
        assert "RPI_PICO-20251209-v1.27.0.uf2" in await node.files()


async def test_upstream_that_is_gone_ends_the_run_and_changes_nothing(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        node.url = "http://127.0.0.1:1"
        before = await node.root()
        outcome = await node.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.FAILED, 3)
        assert await node.root() == before


async def test_files_that_can_not_be_had_one_after_the_other_end_the_run(tmp_path: Path) -> None:
    """When upstream goes away in the middle, not every file waits for its own time-outs."""
    replica = Replica.of_boards(12)
    replica.misbehave("/resources/firmware/*", Misbehaviour.RESET, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync()

        assert outcome.exit_status == 3
        assert len(outcome.troubles) < outcome.wanted


async def test_an_interrupted_run_is_continued(tmp_path: Path) -> None:
    """What was fetched and read before a run was cancelled is not asked for again."""
    replica = Replica.of_boards(6)
    async with replica.running() as url:
        async with node_at(tmp_path / "data", url) as node:
            run = asyncio.create_task(node.sync())
            await node.reaches(Phase.FETCH, 5)
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
        replica.requests.clear()
        async with node_at(tmp_path / "data", url) as node:
            held = {holding.name async for holding in node.store.index.held()}
            outcome = await node.sync()

    assert outcome.exit_status == 0
    assert outcome.fetched == outcome.wanted - len(held)
    assert not [request for request in replica.requests if request.path.startswith(INDEX)]


async def test_whole_boards_are_published_while_a_long_run_goes_on(tmp_path: Path) -> None:
    replica = Replica.of_boards(6)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync(publish_every=timedelta(milliseconds=20), fetches=1)

        assert outcome.sequence is not None
        assert outcome.sequence > 1


async def test_a_policy_takes_what_it_names_and_no_more(tmp_path: Path) -> None:
    replica = site()
    policy = Policy(boards=("RPI_*",), releases=1)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=policy)

        assert set(await node.files()) == {PICO, "RPI_PICO_W-20260406-v1.28.0.uf2"}


async def test_a_disk_without_room_ends_the_run_with_a_clear_word(tmp_path: Path) -> None:
    replica = site()
    everything = KeepFree(least_bytes=1 << 60)
    async with (
        replica.running() as url,
        node_at(tmp_path / "data", url, keep_free=everything) as node,
    ):
        outcome = await node.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.FAILED, 1)
        assert "free" in outcome.message


async def test_every_run_is_written_down(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        [run] = await node.store.index.last_runs(5)

        assert (run.outcome, run.counts["held"]) == ("published", run.counts["wanted"])


@pytest.mark.parametrize("way", [Misbehaviour.CUT_PAGE, Misbehaviour.NO_HEADINGS])
async def test_a_bad_board_page_keeps_what_the_last_good_one_said(
    tmp_path: Path, way: Misbehaviour
) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await node.files()
        replica.misbehave("RPI_PICO", way, None)
        node.sleep(hours=6)
        outcome = await node.sync()

        assert outcome.exit_status == 4
        assert [trouble.subject for trouble in outcome.troubles] == [f"{url}/download/RPI_PICO/"]
        assert await node.files() == before
