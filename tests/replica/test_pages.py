"""The pages have upstream's shape: to the byte where a real page can be compared."""

from __future__ import annotations

import itertools

import pytest

from mirror.catalog.pages import read_board_page, read_index_page
from tests.replica.alterations import HOSTILE_PRODUCTS
from tests.replica.events import between, events_of
from tests.replica.facts import all_boards
from tests.replica.history import ALL, Depth
from tests.replica.real import SHARED, needs_shared
from tests.replica.replica import Replica
from tests.replica.shapes import Shape
from tests.replica.site import INDEX
from tests.replica.skeleton import END

URL = "http://127.0.0.1:1/download/"
_SECTIONS = "    <p>\n        \n            <h2>Firmware</h2>"
_PHOTOGRAPHS = "<!--\n\n<img"


@pytest.fixture(scope="module")
def whole() -> Replica:
    """All boards with all of their past."""
    return Replica.of_boards(depth=ALL)


def _page(replica: Replica, board: str) -> str:
    page = replica.find_page(board)
    if page is None:
        raise AssertionError(board)
    return page


# --- compared with real pages ------------------------------------------------------------


@needs_shared
def test_the_firmware_of_esp32_generic_is_upstreams_to_the_byte(whole: Replica) -> None:
    real = (SHARED / "pages" / "micropython_board_esp32_generic.html").read_text()
    ours = _page(whole, "ESP32_GENERIC")

    assert between(ours, _SECTIONS, _PHOTOGRAPHS) == between(real, _SECTIONS, _PHOTOGRAPHS)


@needs_shared
def test_the_head_of_a_board_page_has_upstreams_tags_and_texts(whole: Replica) -> None:
    real = (SHARED / "pages" / "micropython_board_esp32_generic.html").read_text()
    start, end = "<h2> ESP32 / WROOM </h2>", "\n<p>"

    assert events_of(between(_page(whole, "ESP32_GENERIC"), start, end)) == events_of(
        between(real, start, end)
    )


@needs_shared
def test_a_board_page_has_upstreams_headings_in_upstreams_order(whole: Replica) -> None:
    real = (SHARED / "pages" / "micropython_board_esp32_generic.html").read_text()

    assert _headings(_page(whole, "ESP32_GENERIC")) == _headings(real)


@needs_shared
def test_the_ports_and_features_to_filter_by_are_upstreams_to_the_byte(whole: Replica) -> None:
    real = (SHARED / "pages" / "micropython_download_esp32.html").read_text()
    start, end = "Filter by:", '    <span class="filter-name">Vendor'

    assert between(whole.index({"mcu": "esp32"}), start, end) == between(real, start, end)


@needs_shared
@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("micropython_download_esp32.html", {"mcu": "esp32"}),
        ("micropython_download_esp32_espressif.html", {"mcu": "esp32", "vendor": "Espressif"}),
    ],
)
def test_the_cards_are_upstreams_but_for_our_words(
    whole: Replica, page: str, query: dict[str, str]
) -> None:
    real = (SHARED / "pages" / page).read_text()

    assert _cards(whole.index(query)) == _cards(real)


def _headings(page: str) -> list[str]:
    events = events_of(page)
    return [f"{tag} {text}" for tag, text in itertools.pairwise(events) if tag in {"h2", "h3"}]


def _cards(page: str) -> list[str]:
    products = "div class=board-product"
    cards = events_of(between(page, '\n\n    <a class="board-card"', "<footer>"))
    return [event for before, event in zip(["", *cards], cards, strict=False) if before != products]


# --- read by the mirror ------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [Shape.AUGUST_2026, Shape.DECEMBER_2025, Shape.NOVEMBER_2021],
)
def test_the_mirror_reads_of_every_page_what_the_replica_lists(shape: Shape) -> None:
    replica = Replica.of_boards(60, depth=Depth(releases=2, previews=2))
    replica.shape = shape
    read = {
        board: read_board_page(_page(replica, board).encode(), f"{URL}{board}/", board)
        for board in replica.boards
    }

    assert {
        board: tuple(str(listing.name) for listing in page.listings) for board, page in read.items()
    } == {board: replica.names(board) for board in replica.boards}
    assert [page.problems for page in read.values() if page.problems] == []


def test_the_mirror_reads_old_lists_under_old_names() -> None:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.14")
    replica.shape = Shape.OCTOBER_2021
    page = read_board_page(_page(replica, "rp2-pico").encode(), f"{URL}rp2-pico/", "rp2-pico")

    assert [str(listing.name) for listing in page.listings] == ["rp2-pico-20210202-v1.14.uf2"]
    assert replica.find_file("rp2-pico-20210202-v1.14.uf2") is not None
    assert replica.find_page("RPI_PICO") is None


def test_the_mirror_reads_every_card_and_facet(whole: Replica) -> None:
    page = read_index_page(whole.index({}).encode(), URL)

    assert sorted(card.board for card in page.cards) == sorted(whole.boards)
    assert page.mcus == tuple(sorted({fact.mcu for fact in all_boards()}))
    assert page.problems == ()


# --- the shape itself --------------------------------------------------------------------


def test_every_page_is_whole_and_in_html(whole: Replica) -> None:
    for board in whole.boards:
        assert _page(whole, board).endswith(END)


def test_filters_combine(whole: Replica) -> None:
    page = whole.index({"port": "rp2", "features": "Ethernet"})
    cards = read_index_page(page.encode(), URL).cards

    assert [card.board for card in cards] == ["W5100S_EVB_PICO", "W5500_EVB_PICO"]
    assert 'rp2 <a href="?" class="filter-option">[x]</a>' in page


def test_only_the_newest_release_is_the_latest(whole: Replica) -> None:
    page = _page(whole, "ESP32_GENERIC")

    assert page.count("(latest)") == 5
    assert page.count("<strong>\n") == 5


def test_a_board_without_files_has_a_page_and_a_card() -> None:
    replica = Replica.of("STM32H747I_DISCO", "RPI_PICO")
    page = read_board_page(
        _page(replica, "STM32H747I_DISCO").encode(), f"{URL}STM32H747I_DISCO/", "STM32H747I_DISCO"
    )

    assert page.listings == ()
    assert len(read_index_page(replica.index({}).encode(), URL).cards) == 2


def test_a_retired_variant_has_its_note(whole: Replica) -> None:
    assert "<p>Use the standard variant instead.</p>" in _page(whole, "ESP32_GENERIC_S3")


def test_december_2025_has_elf_and_map_on_every_release_and_the_note_behind() -> None:
    replica = Replica.of_boards(2, depth=ALL)
    replica.shape = Shape.DECEMBER_2025
    page = _page(replica, "ESP32_GENERIC")

    assert ".meta.zip" not in page
    assert page.count("[.elf]") == 105
    assert page.index("preview.627") < page.index("(These are automatic builds")


def test_october_2021_lists_boards_by_the_ids_of_its_time() -> None:
    replica = Replica.of("RPI_PICO", "PYBD_SF2")
    replica.shape = Shape.OCTOBER_2021
    page = replica.index({})

    assert '<a href="/download/rp2-pico/">' in page
    assert '<a href="/download/PYBD-SF2/">' in page
    assert replica.find_moved("rp2-pico") is None


def test_april_2020_is_one_long_page_of_absolute_links() -> None:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.14")
    replica.shape = Shape.APRIL_2020
    name = "rp2-pico-20210202-v1.14.uf2"
    link = f'<a href="http://micropython.org/resources/firmware/{name}">{name}</a> (latest)'

    assert link in replica.index({})


@pytest.mark.parametrize("product", HOSTILE_PRODUCTS)
def test_a_hostile_product_stays_text(product: str) -> None:
    replica = Replica.of("RPI_PICO")
    before = events_of(_page(replica, "RPI_PICO"))
    replica.retitle("RPI_PICO", product)
    after = events_of(_page(replica, "RPI_PICO"))

    assert [event for event in after if not event.startswith("'")] == [
        event for event in before if not event.startswith("'")
    ]


def test_a_link_can_be_added_to_a_page_and_to_the_index() -> None:
    replica = Replica.of("RPI_PICO")
    replica.add_link("RPI_PICO", "/resources/firmware/None")
    replica.add_link(INDEX, "javascript:alert(1)")

    assert 'href="/resources/firmware/None"' in _page(replica, "RPI_PICO")
    assert 'class="board-card" href="javascript:alert(1)"' in replica.index({})


def test_added_links_can_be_removed() -> None:
    replica = Replica.of("RPI_PICO")
    before = _page(replica, "RPI_PICO")
    replica.add_link("RPI_PICO", "/resources/firmware/None")
    replica.remove_links()

    assert _page(replica, "RPI_PICO") == before


def test_half_the_boards_can_be_lost_and_found() -> None:
    replica = Replica.of_boards(20)
    replica.lose_boards(0.5)
    lost = read_index_page(replica.index({}).encode(), URL)
    replica.find_boards()
    found = read_index_page(replica.index({}).encode(), URL)

    assert (len(lost.cards), len(found.cards)) == (10, 20)
    assert lost.ports == found.ports
