"""What is remembered of a board is what a run saw of it, and nobody is asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.catalog.plan import Policy, rule_on
from mirror.errors import MirrorError
from mirror.sync.remembered_board import RememberedBoard, remembered_board
from tests.replica import Replica
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from pathlib import Path

NEW = "RPI_PICO_W-20260406-v1.28.0.uf2"
OLD = "RPI_PICO_W-20251209-v1.27.0.uf2"


def site() -> Replica:
    """Return a site of two boards, one of them with two releases."""
    replica = Replica.of("RPI_PICO_W", "ESP32_GENERIC")
    replica.release("RPI_PICO_W", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO_W", "v1.28.0", date="2026-04-06")
    replica.release("ESP32_GENERIC", "v1.28.0", date="2026-04-06")
    return replica


async def test_facts_listings_and_holdings_are_those_of_the_run(tmp_path: Path) -> None:
    """Port and MCU too, which only other pages tell; and no request is made."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=Policy(releases=1))
        replica.requests.clear()
        found = await remembered_board(node.store.index, url, "RPI_PICO_W")

    assert replica.requests == []
    assert found.board is not None
    facts = found.board.facts
    assert (facts.port, facts.mcu, facts.vendor) == ("rp2", "rp2040", "Raspberry Pi")
    assert [str(listing.name) for listing in found.board.listings] == [NEW, OLD]
    assert (found.held, found.read_at, found.crawled) == ((NEW,), MORNING, True)


async def test_looking_changes_nothing_that_is_remembered(tmp_path: Path) -> None:
    """The next run still knows its pages, and parses none of them anew."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        page = await node.store.index.find_page(f"{url}/download/RPI_PICO_W/")
        await remembered_board(node.store.index, url, "RPI_PICO_W")
        again = await node.store.index.find_page(f"{url}/download/RPI_PICO_W/")

    assert page is not None
    assert again == page


async def test_a_plan_of_what_is_remembered_is_the_plan_of_the_run(tmp_path: Path) -> None:
    policy = Policy(releases=1)
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync(policy=policy)
        boards = [
            await remembered_board(node.store.index, url, board)
            for board in ("RPI_PICO_W", "ESP32_GENERIC")
        ]

    rulings = [rule_on(found.board, found.held, policy) for found in boards if found.board]
    assert outcome.wanted == sum(ruling.wanted for board in rulings for ruling in board)


async def test_a_board_whose_page_failed_is_as_it_was(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.cut("RPI_PICO_W")
        node.sleep(hours=6)
        await node.sync()
        found = await remembered_board(node.store.index, url, "RPI_PICO_W")

    assert found.board is not None
    assert len(found.board.listings) == 2
    assert found.read_at == MORNING


async def test_a_board_whose_page_was_never_read_has_its_card_only(tmp_path: Path) -> None:
    replica = site()
    replica.cut("RPI_PICO_W")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        found = await remembered_board(node.store.index, url, "RPI_PICO_W")

    assert found.board is not None
    assert (found.board.listings, found.read_at) == ((), None)
    assert found.board.stale == f"{url}/download/RPI_PICO_W/ was not read yet"


async def test_a_board_that_is_not_shown_has_neighbours(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        found = await remembered_board(node.store.index, url, "rpi_pico_2w")

    assert (found.board, found.held, found.nearest) == (None, (), ("RPI_PICO_W",))


async def test_a_name_that_stands_on_two_pages_is_held_for_both(tmp_path: Path) -> None:
    replica = site()
    replica.add_link("ESP32_GENERIC", f"/resources/firmware/{NEW}")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=Policy(boards=("RPI_*",)))
        found = await remembered_board(node.store.index, url, "ESP32_GENERIC")

    assert found.board is not None
    assert NEW in [str(listing.name) for listing in found.board.listings]
    assert found.held == (NEW,)


async def test_before_the_first_crawl_nothing_is_known(tmp_path: Path) -> None:
    """Nor of an upstream that is another than the one that was crawled."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        before = await remembered_board(node.store.index, url, "RPI_PICO_W")
        await node.sync()
        other = await remembered_board(node.store.index, "https://other.example", "RPI_PICO_W")

    assert (before.crawled, before.board, before.held) == (False, None, ())
    assert (other.crawled, other.board, len(other.held)) == (False, None, 2)


async def test_it_reads_back_what_it_wrote(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        found = await remembered_board(node.store.index, url, "RPI_PICO_W")

    assert RememberedBoard.from_json(found.to_json()) == found


@pytest.mark.parametrize("document", [b"", b"{}", b"[1]", b'{"error": "NotFound"}', b"\xff"])
def test_what_it_did_not_write_is_refused(document: bytes) -> None:
    with pytest.raises(MirrorError, match="what is remembered can not be read"):
        RememberedBoard.from_json(document)
