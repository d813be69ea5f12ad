"""A census is what the last run saw, and no more: it is small, and what is gone keeps its port."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mirror.catalog.model import BoardFacts, CatalogBoard
from mirror.storage.store import Store
from mirror.sync.census import MOST_REASONS, CensusBoard, find_census, listed_in, write_census
from mirror.sync.outcome import Trouble
from tests.storage.samples import NO_LIMIT, noon

if TYPE_CHECKING:
    from pathlib import Path

PICO = CatalogBoard(BoardFacts("RPI_PICO", "/download/RPI_PICO/", "Pico", port="rp2"), ())
NAMES = "RPI_PICO-20251209-v1.27.0.uf2\nRPI_PICO-20250911-v1.26.1.uf2"


async def test_what_is_on_demand_comes_back_by_name(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await write_census(store.index, listed_in([PICO]), {"RPI_PICO": NAMES}, [])
        census = await find_census(store.index)

    assert census is not None
    assert census.ports == {"RPI_PICO": "rp2"}
    assert census.offered() == dict.fromkeys(NAMES.splitlines(), "RPI_PICO")


async def test_a_board_that_left_keeps_its_port_and_what_it_offers(tmp_path: Path) -> None:
    """A run that ended early renders nothing, so what is on demand is as it was."""
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await write_census(store.index, listed_in([PICO]), {"RPI_PICO": NAMES}, [])
        await write_census(store.index, [], {}, [])
        census = await find_census(store.index)

    assert census is not None
    assert (census.ports, len(census.offered())) == ({"RPI_PICO": "rp2"}, 2)


async def test_before_anybody_knows_why_the_last_reasons_stay(tmp_path: Path) -> None:
    """A run writes its census when it has planned, and again at its end."""
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await write_census(store.index, listed_in([PICO]), {}, [Trouble("a.uf2", "a 404")])
        await write_census(store.index, listed_in([PICO]), {"RPI_PICO": NAMES}, None)
        census = await find_census(store.index)

    assert census is not None
    assert (census.troubles, len(census.offered())) == ((Trouble("a.uf2", "a 404"),), 2)


async def test_of_many_reasons_the_first_by_name_are_kept(tmp_path: Path) -> None:
    troubles = [Trouble(f"{number:04}", "a 404") for number in reversed(range(3000))]
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        await write_census(store.index, listed_in([PICO]), {}, troubles)
        census = await find_census(store.index)

    assert census is not None
    assert [one.subject for one in census.troubles] == [f"{n:04}" for n in range(MOST_REASONS)]


async def test_twenty_thousand_names_take_less_than_ten_bytes_each(tmp_path: Path) -> None:
    """They are written and read in less than two seconds, on a busy machine too."""
    stems = [f"BOARD_NUMBER_{board}" for board in range(200)]
    offered = {
        stem: "\n".join(f"{stem}-2025{day:04}-v1.{day}.0.uf2" for day in range(100))
        for stem in stems
    }
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        begun = time.perf_counter()
        await write_census(store.index, [CensusBoard(stem, None) for stem in stems], offered, [])
        census = await find_census(store.index)
        took = time.perf_counter() - begun
        mark = await store.index.find_mark("census")

    assert census is not None
    assert len(census.offered()) == 20_000
    assert mark is not None
    assert len(mark) < 200_000
    assert took < 2
