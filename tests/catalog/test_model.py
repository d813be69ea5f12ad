"""The values of a crawl are read from documents as they were written, and are small."""

from __future__ import annotations

import tracemalloc

import pytest
from pydantic import TypeAdapter

from mirror.catalog.kinds import Kind
from mirror.catalog.model import Catalog, CatalogBoard, Listing
from mirror.catalog.names import ArtifactName
from mirror.catalog.pages import read_board_page
from mirror.errors import MalformedValueError
from tests.catalog.pages.html import URL, board_page, build, link, section

MANY = 20_000
KINDS = ("bin", "app-bin", "elf", "map")


def many_names() -> list[str]:
    """Return as many names as a full mirror has, of 200 boards."""
    return [
        f"NICE_BOARD_{number // 100:03}-SPIRAM-202604{number // 4 % 25 + 1:02}"
        f"-v1.{number // 4 % 25 + 1}.0.{KINDS[number % 4]}"
        for number in range(MANY)
    ]


def test_a_catalog_is_read_as_it_was_written() -> None:
    files = build("NICE_BOARD-20260406-v1.28.0.bin", notes="v1.28.0")
    page = read_board_page(board_page(section(files, link("None"))), URL, "NICE_BOARD")
    board = CatalogBoard(page.facts, page.listings, stale="cut short")
    catalog = Catalog("https://micropython.org", (board,), page.problems)
    adapter = TypeAdapter(Catalog)

    assert adapter.validate_json(adapter.dump_json(catalog)) == catalog


def test_twenty_thousand_listings_cost_less_than_a_kilobyte_each() -> None:
    names = many_names()
    tracemalloc.start()
    listings = tuple(
        Listing(ArtifactName.parse(name), "https://micropython.org/x/", "B", 0) for name in names
    )
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len({listing.name for listing in listings}) == MANY
    assert used / MANY < 700


def test_what_is_flashed_is_not_for_debugging() -> None:
    assert [kind.value for kind in Kind if not kind.flashable] == ["elf", "map", "meta.zip"]


def test_a_listing_is_where_its_url_says() -> None:
    url = "https://micropython.org/resources/firmware/RPI_PICO-20260406-v1.28.0.uf2"
    listing = Listing.at(url, ArtifactName.parse("RPI_PICO-20260406-v1.28.0.uf2"), "RPI_PICO")

    assert (listing.url, listing.folder) == (url, "https://micropython.org/resources/firmware/")


@pytest.mark.parametrize("url", ["", "RPI_PICO-20260406-v1.28.0.uf2", "https://x/other.uf2"])
def test_a_url_that_does_not_end_with_the_name_is_no_place_of_the_file(url: str) -> None:
    with pytest.raises(MalformedValueError):
        Listing.at(url, ArtifactName.parse("RPI_PICO-20260406-v1.28.0.uf2"), "RPI_PICO")
